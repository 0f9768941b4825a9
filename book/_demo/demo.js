/*
 * The page "Try it": a picture, a hole that the reader draws, and three fills beside each other.
 *
 * Nothing is sent anywhere. `demoFiles` (files.js, made with the book) lists what there is; the
 * scripts in packed/ (made by `make demo`) hand over a network or the runtime by `wsslDemo.receive`.
 */
"use strict";

const wsslDemo = (() => {
  const demo = document.getElementById("demo");
  const part = (name) => demo.querySelector(`[data-part="${name}"]`);
  const titles = { wssl: "WSSL", control: "Random encoder" };
  const networks = {};
  const received = {};
  const shown = {};
  let size = 64;
  let picture = new Uint8ClampedArray(4 * size * size).fill(255);
  let hole = new Uint8Array(size * size);
  let history = [];
  let source = null;
  let seed = 4;

  // ---- the picture and the hole

  function context(name) {
    const canvas = part(name);
    if (canvas.width !== size) canvas.width = canvas.height = size;
    return canvas.getContext("2d", { willReadFrequently: true });
  }

  function paint(name, pixels) {
    context(name).putImageData(new ImageData(pixels, size, size), 0, 0);
  }

  function paintHole() {
    const pixels = new Uint8ClampedArray(4 * size * size);
    hole.forEach((value, i) => pixels.set([232, 36, 140, 200 * value], 4 * i));
    paint("hole", pixels);
    const share = Math.round(100 * fills.share(hole));
    part("share").textContent = share ? `Hole: ${share} % of the picture` : "Draw a hole";
  }

  /** The middle square of a decoded picture, at the networks' size. */
  function show(bitmap) {
    source = bitmap;
    const side = Math.min(bitmap.width, bitmap.height);
    const kept = Math.min(side, 16 * size);
    const canvas = new OffscreenCanvas(kept, kept);
    const drawing = canvas.getContext("2d");
    drawing.fillStyle = "white";
    drawing.fillRect(0, 0, kept, kept);
    drawing.imageSmoothingQuality = "high";
    drawing.drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side,
      0, 0, kept, kept);
    picture = fills.resize(drawing.getImageData(0, 0, kept, kept).data, kept, size);
    paint("picture", picture);
    return fill();
  }

  async function showPicture(name) {
    const image = new Image();
    image.src = demoFiles.pictures[name];
    await image.decode();
    await show(image);
  }

  async function showFile(file) {
    try {
      await show(await createImageBitmap(file));
      demo.querySelectorAll("[name=picture]").forEach((radio) => { radio.checked = false; });
    } catch {
      part("status").textContent = `${file.name} cannot be read as a picture.`;
    }
  }

  function change(next) {
    history = [...history.slice(-30), hole];
    hole = next;
    paintHole();
  }

  // ---- the brush: pointer, touch or keys

  function brush() {
    const canvas = part("hole");
    const ring = part("ring");
    let at = [size / 2, size / 2];
    let last = null;

    function move(position) {
      at = position.map((value) => Math.max(0, Math.min(size, value)));
      const diameter = Number(part("brush").value) * 100 / 64;
      ring.style.cssText = `width: ${diameter}%; left: ${100 * at[0] / size}%; top: ${100 * at[1] / size}%`;
    }

    function begin() {
      change(hole.slice());
      last = at;
      stroke();
    }

    function stroke() {
      const radius = Number(part("brush").value) * size / 128;
      const steps = Math.ceil(2 * Math.hypot(at[0] - last[0], at[1] - last[1])) || 1;
      for (let step = 0; step <= steps; step++) {
        const [x, y] = [0, 1].map((axis) => last[axis] + (at[axis] - last[axis]) * step / steps);
        fills.stamp(hole, size, x, y, radius);
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
      move(position(event));
      begin();
    });
    canvas.addEventListener("pointermove", (event) => {
      for (const passed of event.getCoalescedEvents?.() ?? []) {
        move(position(passed));
        if (last) stroke();
      }
      move(position(event));
      if (last) stroke();
    });
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (step) {
        move([at[0] + 2 * step[0], at[1] + 2 * step[1]]);
        if (last) stroke();
      } else if (event.key === " ") {
        if (!last) begin();
      } else {
        return;
      }
      event.preventDefault();
    });
    canvas.addEventListener("keyup", (event) => { if (event.key === " ") end(); });
    canvas.addEventListener("blur", end);
    part("brush").addEventListener("input", () => move(at));
    move(at);
  }

  // ---- the fills

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
    const share = fills.share(drawn);
    if (share === 1) {
      part("status").textContent = "Leave something to go on: the whole picture is hole.";
      return;
    }
    await showFill("harmonic", original, drawn, async () => fills.harmonic(original, drawn, size));
    for (const [name, network] of Object.entries(networks)) {
      await showFill(name, original, drawn, () => run(network, fills.networkInput(original, drawn), size));
    }
    if (Object.keys(networks).length) part("status").textContent = share ? "Filled." : "No hole yet.";
    demo.dataset.fills = Number(demo.dataset.fills ?? 0) + 1;
  }

  async function run(network, input, side) {
    const image = new ort.Tensor("float32", input, [1, side, side, 3]);
    return (await network.run({ image })).restored.data;
  }

  async function showFill(name, original, drawn, compute) {
    const last = shown[name];
    if (last?.original === original && last.drawn.every((value, i) => value === drawn[i])) return;
    const began = performance.now();
    const filled = fills.composite(original, drawn, await compute());
    const milliseconds = performance.now() - began;
    paint(name, filled);
    shown[name] = { original, drawn };
    part(name).dataset.milliseconds = milliseconds.toFixed(1);
    const psnr = fills.psnr(original, filled, drawn);
    part(`${name}-result`).textContent = fills.share(drawn)
      ? `${Number.isFinite(psnr) ? psnr.toFixed(1) : "∞"}\u00a0dB · ${Math.max(1, Math.round(milliseconds))}\u00a0ms`
      : "";
  }

  // ---- the runtime and the networks

  function load(name) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `_demo/packed/${name}.js`;
      script.onload = () => resolve(received[name]);
      script.onerror = () => reject(new Error(`${name}.js cannot be read`));
      document.head.append(script);
    });
  }

  async function unpack({ text }) {
    const characters = atob(text);
    const bytes = new Uint8Array(characters.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  /** Each network fills the hole as soon as it is there, before the next is read. */
  async function loadNetworks() {
    const runtime = await load("runtime");
    const loader = new Blob([runtime.facts.loader], { type: "text/javascript" });
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmPaths = { mjs: URL.createObjectURL(loader) };
    ort.env.wasm.wasmBinary = await unpack(runtime);
    for (const name of Object.keys(titles)) {
      const { facts, ...content } = await load(name);
      const network = await ort.InferenceSession.create(await unpack(content));
      await run(network, new Float32Array(3 * facts.size ** 2), facts.size);
      delete received[name];
      if (facts.size !== size) {
        size = facts.size;
        [hole, history] = [fills.strokes(size, 0.32, random()), []];
        paintHole();
        await show(source);
      }
      networks[name] = network;
      part(`${name}-facts`).textContent =
        `${titles[name]}: trained at the ${facts.preset} preset on ${facts.dataset}, seed ${facts.seed}; ` +
        `${facts.psnr.toFixed(2)} dB on whole test images (record ${facts.fingerprint}).`;
      await fill();
    }
  }

  /** Reproducible random numbers, so that the page opens with the same hole (mulberry32). */
  function random() {
    let state = seed++;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
  }

  async function start() {
    demo.hidden = false;
    for (const radio of demo.querySelectorAll("[name=picture]")) {
      radio.parentNode.querySelector("img").src = demoFiles.pictures[radio.value];
      radio.addEventListener("change", () => showPicture(radio.value));
    }
    part("file").addEventListener("change", (event) => {
      if (event.target.files.length) showFile(event.target.files[0]);
    });
    part("strokes").addEventListener("click", () => {
      change(fills.strokes(size, 0.32, random()));
      fill();
    });
    part("undo").addEventListener("click", () => {
      hole = history.pop() ?? hole;
      paintHole();
      fill();
    });
    part("clear").addEventListener("click", () => {
      change(new Uint8Array(size * size));
      fill();
    });
    brush();
    hole = fills.strokes(size, 0.32, random());
    paintHole();
    await showPicture(demo.querySelector("[name=picture]:checked").value);
    const whole = ["runtime", ...Object.keys(titles)].every((name) => demoFiles.packed.includes(name));
    if (!whole) {
      part("missing").hidden = false;
      demo.classList.add("demo-harmonic-only");
      part("status").textContent = "Only the harmonic fill is here.";
      return;
    }
    part("status").textContent = "Loading the networks…";
    try {
      await loadNetworks();
    } catch (error) {
      part("status").textContent = `The networks cannot be used in this browser: ${error.message}`;
      demo.classList.add("demo-harmonic-only");
    }
  }

  document.addEventListener("DOMContentLoaded", start);
  return { receive: (name, facts, text) => { received[name] = { facts, text }; } };
})();
