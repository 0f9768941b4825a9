/*
 * The blind round: two fills of one hole without their names, the reader's choice, then the names, and
 * how often the choices agree with the metrics. The tally stays in this browser.
 */
"use strict";

const blind = (() => {
  const KEY = "wssl-blind-round";
  const MOST = 1000;
  const root = document.getElementById("blind");
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const headings = { ssim: "SSIM", psnr: "PSNR" };
  const sides = ["left", "right"];
  let page, edition, rounds, current, pictures;

  function kept() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;  // where the browser forbids it, the tally lasts as long as the page
    }
  }

  function keep() {
    try {
      localStorage.setItem(KEY, JSON.stringify({ edition, rounds }));
    } catch {
      return;
    }
  }

  async function next() {
    const shipped = Object.keys(demoFiles.pictures);
    const name = shipped[Math.floor(shipped.length * Math.random())];
    const original = await page.shipped(name);
    const hole = holes.strokes(page.size, Math.floor(1e6 * Math.random()));
    const pair = tally.next(page.names, rounds, Math.random);
    const round = { choice: null, left: pair[0], right: pair[1], ssim: [], psnr: [] };
    for (const [i, side] of sides.entries()) {
      const pixels = await page.filled(pair[i], original, hole);
      page.paint(part(side), pixels);
      round.ssim.push(number(metrics.ssim(original, pixels, hole, page.size)));
      round.psnr.push(number(metrics.psnr(original, pixels, hole)));
    }
    current = round;
    pictures = { hole: page.marked(original, hole), original };
    reveal(false);
    root.dataset.round = Number(root.dataset.round ?? 0) + 1;
  }

  const number = (value) => (Number.isFinite(value) ? value : null);

  function reveal(yes) {
    page.paint(part("reference"), yes ? pictures.original : pictures.hole);
    part("reference").setAttribute("aria-label", yes ? "The original picture" : "The picture with its hole");
    part("reference-name").textContent = yes ? "Original" : "The hole";
    for (const name of ["left-choice", "right-choice", "neither-choice"]) part(name).disabled = yes;
    part("next").hidden = !yes;
    sides.forEach((side, i) => {
      const scores = `SSIM ${current.ssim[i]?.toFixed(3) ?? "–"}, ${current.psnr[i]?.toFixed(1)} dB`;
      part(`${side}-name`).textContent = yes ? page.titles[current[side]] : side === "left" ? "Left" : "Right";
      part(`${side}-scores`).textContent = yes ? scores : "";
    });
    if (!yes) part("outcome").textContent = "";
  }

  function choose(choice) {
    if (!current || current.choice) return;
    current.choice = choice;
    rounds = [...rounds, current].slice(-MOST);
    keep();
    reveal(true);
    part("outcome").textContent = outcome();
    count();
    part("next").focus();
  }

  function outcome() {
    const names = sides.map((side) => page.titles[current[side]]);
    const named = (choice) => names[sides.indexOf(choice)] ?? "neither";
    const preferences = [["you", current.choice],
      ...tally.METRICS.map((metric) => [headings[metric], tally.preferred(current[metric])])];
    return `Left is ${names[0]}, right is ${names[1]}. Preferred by `
      + `${preferences.map(([who, choice]) => `${who}: ${named(choice)}`).join("; by ")}.`;
  }

  function count() {
    const found = tally.count(rounds);
    part("tally").hidden = !found.rounds;
    part("rounds").textContent = `${found.rounds} ${found.rounds === 1 ? "round" : "rounds"}, `
      + `${found.decided} with a choice.`;
    part("rows").replaceChildren(...Object.keys(page.titles).filter((name) => found.fills[name]).map((name) => {
      const row = document.createElement("tr");
      const { shown, chosen } = found.fills[name];
      for (const [kind, text] of [["th", page.titles[name]], ["td", `${chosen} of ${shown}`], ["td", `${Math.round(100 * chosen / shown)} %`]]) {
        const cell = document.createElement(kind);
        cell.textContent = text;
        if (kind === "th") cell.scope = "row";
        row.append(cell);
      }
      return row;
    }));
    part("agreement").replaceChildren(...tally.METRICS.map((metric) => {
      const { times, of } = found.agreed[metric];
      const [least, most] = tally.coins(of);
      const item = document.createElement("li");
      item.textContent = of
        ? `You and ${headings[metric]} prefer the same fill in ${times} of ${of} choices. Chance alone would give ${least} to ${most} (95 %).`
        : `No choice can be compared with ${headings[metric]} yet.`;
      return item;
    }));
  }

  return {
    /**
     * `page` gives {size, titles, names, shipped(name), filled(name, picture, hole),
     * marked(picture, hole), paint(canvas, pixels)}.
     */
    async start(given) {
      page = given;
      edition = page.names.map((name) => networks.facts(name)?.fingerprint ?? name).join(" ");
      rounds = tally.parse(kept(), edition, page.names);
      for (const choice of tally.CHOICES) part(`${choice}-choice`).addEventListener("click", () => choose(choice));
      part("next").addEventListener("click", async () => {
        await next();
        part("left-choice").focus();
      });
      part("forget").addEventListener("click", () => {
        rounds = [];
        keep();
        count();
        part("outcome").textContent = "Your choices are forgotten.";
      });
      root.hidden = false;
      count();
      await next();
    },
  };
})();
