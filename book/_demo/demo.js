/*
 * The page "Try it": a picture, a hole that the reader makes, its fills, and the two of them that are
 * compared. Nothing is sent anywhere.
 */
"use strict";

(() => {
  const root = document.getElementById("demo");
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const choice = (name) => root.querySelector(`[name=${name}]:checked`)?.value;
  const titles = {
    wssl: "WSSL", scratch: "From scratch", harmonic: "Harmonic", biharmonic: "Biharmonic",
  };
  const learned = ["wssl", "scratch"].filter(networks.facts);
  const names = [...learned, "harmonic", "biharmonic"];
  const size = learned.length ? networks.facts(learned[0]).size : 128;
  const OWN = "own";

  let picture = new Uint8ClampedArray(4 * size * size).fill(255);
  let hole = new Uint8Array(size * size);
  let strokes = 4;
  let lost = false;
  let history = [];
  const shown = {};

  function paint(canvas, pixels) {
    if (canvas.width !== size) canvas.width = canvas.height = size;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.putImageData(new ImageData(pixels, size, size), 0, 0);
  }

  function say(text) {
    part("status").textContent = text;
  }

  // ---- the picture and the hole

  /** The middle square of a decoded picture, at the networks' size. */
  function square(bitmap) {
    const side = Math.min(bitmap.width, bitmap.height);
    const kept = Math.min(side, 8 * size);
    const canvas = new OffscreenCanvas(kept, kept);
    const drawing = canvas.getContext("2d");
    drawing.fillStyle = "white";
    drawing.fillRect(0, 0, kept, kept);
    drawing.imageSmoothingQuality = "high";
    drawing.drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side,
      0, 0, kept, kept);
    return fills.resize(drawing.getImageData(0, 0, kept, kept).data, kept, size);
  }

  async function shipped(name) {
    const image = new Image();
    image.src = demoFiles.pictures[name];
    await image.decode();
    return square(image);
  }

  function show(pixels) {
    picture = pixels;
    paint(part("picture"), picture);
    return fill();
  }

  async function showFile(file) {
    let bitmap;
    try {
      bitmap = await createImageBitmap(file);
    } catch {
      say(`${file.name} cannot be read as a picture. A JPEG, PNG or WebP file can.`);
      return;
    }
    root.querySelectorAll("[name=picture]").forEach((radio) => { radio.checked = false; });
    await show(square(bitmap));
  }

  /** Pixels whose hole is coloured. */
  function marked(pixels, drawn) {
    const result = pixels.slice();
    drawn.forEach((value, i) => { if (value) result.set([214, 40, 140, 255], 4 * i); });
    return result;
  }

  function paintHole() {
    paint(part("hole"), marked(new Uint8ClampedArray(4 * size * size), hole));
    const share = holes.share(hole);
    const percent = share && share < 0.01 ? "less than 1" : Math.round(100 * share);
    part("share").textContent = share ? `Hole: ${percent}\u00a0% of the picture` : "No hole yet";
  }

  /** Another hole, which can be undone; `seed` says of which strokes it is, where it is of any. */
  function change(next, seed = null) {
    history = [...history.slice(-30), [hole, strokes]];
    [hole, strokes] = [next, seed];
    paintHole();
  }

  // ---- the pen, a brush or a rectangle, moved by pointer, touch or keys

  function pen() {
    const canvas = part("hole");
    const ring = part("ring");
    let at = [size / 2, size / 2];
    let began = null;
    let last = null;
    let before = null;

    function move(position) {
      at = position.map((value) => Math.max(0, Math.min(size, value)));
      const diameter = choice("tool") === "brush" ? Number(part("brush").value) * 100 / 64 : 2.5;
      ring.style.cssText = `width: ${diameter}%; left: ${100 * at[0] / size}%; top: ${100 * at[1] / size}%`;
      if (last) draw();
    }

    function begin() {
      before = hole;
      change(hole.slice());
      began = last = at;
      draw();
    }

    function draw() {
      if (choice("tool") === "rectangle") {
        hole.set(before);
        holes.rectangle(hole, size, began, at);
      } else {
        const radius = Number(part("brush").value) * size / 128;
        const steps = Math.ceil(2 * Math.hypot(at[0] - last[0], at[1] - last[1])) || 1;
        for (let step = 0; step <= steps; step++) {
          const [x, y] = [0, 1].map((axis) => last[axis] + (at[axis] - last[axis]) * step / steps);
          holes.stamp(hole, size, x, y, radius);
        }
      }
      last = at;
      paintHole();
    }

    function end() {
      if (last) fill();
      last = null;
    }

    function position(event) {
      const box = canvas.getBoundingClientRect();
      return [(event.clientX - box.left) * size / box.width, (event.clientY - box.top) * size / box.height];
    }

    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      end();
      move(position(event));
      begin();
    });
    canvas.addEventListener("pointermove", (event) => {
      (event.getCoalescedEvents?.() ?? []).forEach((passed) => move(position(passed)));
      move(position(event));
    });
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (step) {
        move([0, 1].map((axis) => at[axis] + step[axis] * size / 32));
      } else if (event.key === "Enter") {
        if (last) end();
        else begin();
      } else if (event.key === " ") {
        if (!last) begin();
      } else {
        return;
      }
      event.preventDefault();
    });
    canvas.addEventListener("keyup", (event) => { if (event.key === " ") end(); });
    canvas.addEventListener("blur", end);
    const follow = () => {
      part("brush").disabled = choice("tool") !== "brush";
      move(at);
    };
    part("brush").addEventListener("input", follow);
    root.querySelectorAll("[name=tool]").forEach((radio) => radio.addEventListener("change", follow));
    follow();
  }

  // ---- the fills

  /** What fills the hole of a picture by one of the fills: pixels, with those around it unchanged. */
  async function filled(name, original, drawn) {
    const values = learned.includes(name)
      ? await networks.fill(name, fills.networkInput(original, drawn), size)
      : fills[name](original, drawn, size);
    return fills.composite(original, drawn, values);
  }

  /** The fills that can be compared; the networks are only if all of them can be used. */
  const usable = () => names.filter((name) => !learned.includes(name) || (!lost && networks.isOpen(name)));

  let filling = null;
  let again = false;

  /** Fill the hole by every means; a call during another's work is served when that is done. */
  function fill() {
    if (filling) {
      again = true;
      return filling;
    }
    filling = fillNow().finally(() => {
      filling = null;
      if (again) {
        again = false;
        return fill();
      }
    });
    return filling;
  }

  async function fillNow() {
    const [original, drawn] = [picture, hole.slice()];
    const share = holes.share(drawn);
    if (share === 1) {
      say("The hole is the whole picture. Leave some of it, from which it can be filled.");
      return;
    }
    for (const name of usable()) {
      const last = shown[name];
      if (last?.original === original && last.drawn.every((value, i) => value === drawn[i])) continue;
      const began = performance.now();
      const pixels = await filled(name, original, drawn);
      const milliseconds = performance.now() - began;
      shown[name] = { original, drawn, pixels, ssim: metrics.ssim(original, pixels, drawn, size) };
      paint(part(name), pixels);
      part(name).dataset.milliseconds = milliseconds.toFixed(1);
      part(`${name}-result`).textContent = share ? scores(shown[name]) : "";
      part(`${name}-time`).textContent = share ? `${Math.max(1, Math.round(milliseconds))}\u00a0ms` : "";
      compare();
      // Let the browser show it, and hear the reader, before the next one.
      await new Promise((resolve) => { setTimeout(resolve); });
    }
    say(share ? `Filled.${best()}` : "Draw a hole on the picture.");
    root.dataset.fills = Number(root.dataset.fills ?? 0) + 1;
  }

  /** A sentence that names the fill with the highest SSIM, where that is defined. */
  function best() {
    const values = Object.fromEntries(usable().map((name) => [name, shown[name].ssim]));
    if (Object.values(values).some(Number.isNaN)) return "";
    const [name] = Object.entries(values).reduce((a, b) => (b[1] > a[1] ? b : a));
    return ` Of the ${usable().length} fills, ${titles[name]} has the highest SSIM over the hole.`;
  }

  function scores({ original, pixels, drawn, ssim }) {
    const psnr = metrics.psnr(original, pixels, drawn);
    return `SSIM\u00a0${Number.isNaN(ssim) ? "–" : ssim.toFixed(3)}, ${psnr.toFixed(1)}\u00a0dB`;
  }

  // ---- the comparison

  function side(name) {
    if (name === "original") return ["The picture", picture];
    if (name === "hole") return ["With its hole", marked(picture, hole)];
    return [titles[name], shown[name]?.pixels ?? picture];
  }

  function compare() {
    const [before, after] = [side(part("before").value), side(choice("fill"))];
    for (const [name, [title, pixels]] of [["left", before], ["right", after]]) {
      paint(part(name), pixels);
      part(`${name}-title`).textContent = title;
    }
    const split = `${part("split").value}%`;
    part("comparison").style.setProperty("--split", split);
    part("split").setAttribute("aria-valuetext", `${split} ${before[0]}, the rest ${after[0]}`);
  }

  function comparison() {
    const frame = part("comparison");
    const follow = (event) => {
      if (event.buttons !== 1) return;
      const box = frame.getBoundingClientRect();
      part("split").value = 100 * (event.clientX - box.left) / box.width;
      compare();
    };
    frame.addEventListener("pointerdown", (event) => {
      frame.setPointerCapture(event.pointerId);
      follow(event);
    });
    frame.addEventListener("pointermove", follow);
    part("split").addEventListener("input", compare);
    part("before").addEventListener("change", compare);
    root.querySelectorAll("[name=fill]").forEach((radio) => radio.addEventListener("change", compare));
  }

  // ---- the link

  async function share() {
    const own = choice("picture") === undefined;
    const address = link.write({
      picture: choice("picture") ?? OWN, size, strokes, hole, fill: choice("fill"), before: part("before").value,
    });
    window.history.replaceState(null, "", address);
    const without = own ? " Your own picture is not part of it: whoever opens it sees the first picture." : "";
    try {
      await navigator.clipboard.writeText(location.href);
      say(`The link is copied.${without}`);
    } catch {
      say(`The link is in the address bar; copy it from there.${without}`);
    }
  }

  /** Take over what the address says; whether it said anything that can be used. */
  async function open() {
    let settings;
    try {
      settings = link.read(location.hash, {
        pictures: [...Object.keys(demoFiles.pictures), OWN],
        fills: Object.keys(titles),
        befores: [...part("before").options].map((option) => option.value),
      });
    } catch (error) {
      part("link-fault").textContent = `This link cannot be read: ${error.message}. It was ignored.`;
      part("link-fault").hidden = false;
      return false;
    }
    part("link-fault").hidden = true;
    if (!settings) return false;
    const given = settings.hole && holes.resize(settings.hole, settings.size, size);
    change(given ?? holes.strokes(size, settings.strokes), settings.strokes ?? null);
    if (names.includes(settings.fill)) root.querySelector(`[name=fill][value=${settings.fill}]`).checked = true;
    if (names.includes(settings.before) || !(settings.before in titles)) part("before").value = settings.before;
    const [first] = root.querySelectorAll("[name=picture]");
    const radio = root.querySelector(`[name=picture][value=${settings.picture}]`) ?? first;
    radio.checked = true;
    await show(await shipped(radio.value));
    return true;
  }

  // ---- the page

  /** Each network fills the hole as soon as it is there, before the next is read. */
  async function openNetworks() {
    for (const name of learned) {
      say(`Loading the networks: ${titles[name]}…`);
      await networks.open(name);
      await fill();
    }
    root.dataset.loaded = performance.now().toFixed(0);
  }

  function without(title, reason) {
    lost = true;
    root.classList.add("demo-without-networks");
    part("missing").hidden = false;
    if (reason) part("missing").textContent = `${title}: ${reason}.`;
    const used = root.querySelector("[name=fill]:checked");
    if (learned.includes(used.value) || !names.includes(used.value)) {
      root.querySelector("[name=fill][value=harmonic]").checked = true;
    }
    for (const option of part("before").options) option.hidden = ["wssl", "scratch"].includes(option.value);
    compare();
  }

  function facts(name) {
    const { preset, size: side, dataset, seed, ssim, fingerprint } = networks.facts(name);
    return `${titles[name]}: ${preset} preset at ${side} × ${side} pixels, images ${dataset}, seed ${seed}; `
      + `mean SSIM ${ssim.toFixed(3)} on the test images (record ${fingerprint}).`;
  }

  async function start() {
    root.hidden = false;
    for (const radio of root.querySelectorAll("[name=picture]")) {
      radio.parentNode.querySelector("img").src = demoFiles.pictures[radio.value];
      radio.addEventListener("change", async () => show(await shipped(radio.value)));
    }
    part("file").addEventListener("change", (event) => {
      if (event.target.files.length) showFile(event.target.files[0]);
    });
    part("strokes").addEventListener("click", () => {
      const seed = Math.floor(1e6 * Math.random());
      change(holes.strokes(size, seed), seed);
      fill();
    });
    part("undo").addEventListener("click", () => {
      [hole, strokes] = history.pop() ?? [hole, strokes];
      paintHole();
      fill();
    });
    part("clear").addEventListener("click", () => {
      change(new Uint8Array(size * size));
      fill();
    });
    part("share-link").addEventListener("click", share);
    window.addEventListener("hashchange", open);
    pen();
    comparison();
    hole = holes.strokes(size, strokes);
    paintHole();
    for (const name of learned) part(`${name}-facts`).textContent = facts(name);
    if (!learned.length) without();
    if (learned.length) networks.prefetch(learned);
    if (!(await open())) await show(await shipped(choice("picture")));
    try {
      await openNetworks();
    } catch (error) {
      without("The networks cannot be used in this browser", error.message);
    }
    await blind.start({ size, titles, names: usable(), shipped, filled, marked, paint });
  }

  document.addEventListener("DOMContentLoaded", start);

})();
