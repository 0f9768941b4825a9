/*
 * The trained networks and their runtime, which `make demo` packs as scripts in packed/.
 *
 * `demoFiles` (files.js, made with the book) lists them with the hash of each; a browser refuses a
 * script whose hash is another. A page that is opened from a disk has no such check.
 */
"use strict";

const networks = (() => {
  const received = {};
  const loading = {};
  const sessions = {};
  let ready = null;

  const load = (name) => (loading[name] ??= read(name));

  function read(name) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `_demo/packed/${name}.js`;
      if (location.protocol !== "file:") script.integrity = demoFiles.packed[name].integrity;
      script.onload = () => resolve(received[name]);
      script.onerror = () => reject(new Error(`${name}.js cannot be read, or is not the one this page was built with`));
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

  async function start() {
    const runtime = await load("runtime");
    const loader = new Blob([runtime.facts.loader], { type: "text/javascript" });
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmPaths = { mjs: URL.createObjectURL(loader) };
    ort.env.wasm.wasmBinary = await unpack(runtime);
  }

  return {
    receive: (name, facts, text) => { received[name] = { facts, text }; },

    /** What the record of a network says about it, or undefined where it is not there. */
    facts: (name) => demoFiles.packed.runtime && demoFiles.packed[name]?.facts,

    /** Begin to read the runtime and these networks, all at once. */
    prefetch(names) {
      for (const name of ["runtime", ...names]) load(name).catch(() => {});  // `open` reports it
    },

    async open(name) {
      await (ready ??= start());
      sessions[name] = await ort.InferenceSession.create(await unpack(await load(name)));
      delete received[name];
      delete loading[name];
    },

    isOpen: (name) => name in sessions,

    /** What a network makes of its input, 3 values per pixel from 0 to 1. */
    async fill(name, input, size) {
      const image = new ort.Tensor("float32", input, [1, size, size, 3]);
      return (await sessions[name].run({ image })).restored.data;
    },
  };
})();

const wsslDemo = { receive: networks.receive };
