/*
 * Holes: how they are drawn at random, by a brush and as a rectangle, and how they are written down.
 *
 * A hole is a Uint8Array, one byte per pixel of a square picture, row by row; 1 = hole.
 */
"use strict";

const holes = {
  share: (hole) => hole.reduce((sum, value) => sum + value, 0) / hole.length,

  /** Reproducible random numbers in [0, 1) (mulberry32). */
  random(seed) {
    let state = seed;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
  },

  /** Wandering strokes that cover about a third of the picture; one seed gives one hole. */
  strokes(size, seed, share = 0.32) {
    const random = holes.random(seed);
    const hole = new Uint8Array(size * size);
    const wanted = share * hole.length;
    let taken = 0;
    while (taken < wanted) {
      let x = random() * size, y = random() * size, angle = 2 * Math.PI * random();
      const radius = size * (0.016 + 0.01 * random());
      const length = size * (0.4 + 0.6 * random());
      for (let walked = 0; walked < length && taken < wanted; walked++) {
        taken += holes.stamp(hole, size, x, y, radius);
        angle += (0.7 * 64 / size) * (random() - 0.5);
        x += Math.cos(angle);
        y += Math.sin(angle);
      }
    }
    return hole;
  },

  /** Take the pixels whose middle lies in a disc out of the picture; returns how many were left. */
  stamp(hole, size, x, y, radius) {
    const inside = (value) => Math.max(0, Math.min(size, value));
    let taken = 0;
    for (let row = inside(Math.floor(y - radius)); row < inside(y + radius); row++) {
      for (let column = inside(Math.floor(x - radius)); column < inside(x + radius); column++) {
        const distance = Math.hypot(column + 0.5 - x, row + 0.5 - y);
        if (distance > Math.max(radius, 0.71)) continue;
        taken += 1 - hole[row * size + column];
        hole[row * size + column] = 1;
      }
    }
    return taken;
  },

  /** Take the rectangle between two corners [x, y] out of the picture, with the pixels it touches. */
  rectangle(hole, size, [x1, y1], [x2, y2]) {
    const from = (a, b) => Math.max(0, Math.min(size - 1, Math.floor(Math.min(a, b))));
    const to = (a, b) => Math.min(size, Math.max(Math.ceil(Math.max(a, b)), from(a, b) + 1));
    for (let row = from(y1, y2); row < to(y1, y2); row++) {
      hole.fill(1, row * size + from(x1, x2), row * size + to(x1, x2));
    }
  },

  /** The hole at another size: each new pixel takes the value of the nearest old one. */
  resize(hole, from, to) {
    if (from === to) return hole;
    const nearest = (i) => Math.floor((i + 0.5) * from / to);
    return Uint8Array.from({ length: to * to }, (_, i) =>
      hole[nearest(Math.floor(i / to)) * from + nearest(i % to)]);
  },

  /**
   * The hole as text for an address: the lengths of its runs, the first of known pixels. A length is
   * written in base 128, low digits first, 128 added to all digits but the last; then base64url.
   */
  encode(hole) {
    let bytes = "";
    let [value, length] = [0, 0];
    const write = () => {
      for (; length > 127; length >>>= 7) bytes += String.fromCharCode(128 | (length & 127));
      bytes += String.fromCharCode(length);
    };
    for (const pixel of hole) {
      if (pixel !== value) {
        write();
        [value, length] = [pixel, 0];
      }
      length++;
    }
    write();
    return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  },

  /** The hole for which `encode` writes that text, at that size; null if there is none. */
  decode(text, size) {
    if (!/^[\w-]+$/.test(text)) return null;
    let bytes;
    try {
      bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    } catch {
      return null;
    }
    const hole = new Uint8Array(size * size);
    let [at, value, length, shift] = [0, 0, 0, 0];
    for (const character of bytes) {
      const digit = character.charCodeAt(0);
      length |= (digit & 127) << shift;
      shift += 7;
      if (digit > 127 && shift < 28) continue;
      if (digit > 127 || at + length > hole.length) return null;
      hole.fill(value, at, at + length);
      [at, value, length, shift] = [at + length, 1 - value, 0, 0];
    }
    return at === hole.length && holes.encode(hole) === text ? hole : null;
  },
};
