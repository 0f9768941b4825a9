/*
 * What goes into a network, what comes out of it, and the two fills that learn nothing.
 *
 * Pictures are RGBA bytes (4 per pixel, row by row) of `size` by `size` pixels, holes as in holes.js.
 * A Uint8ClampedArray rounds and clamps what is stored in it.
 */
"use strict";

const fills = {
  /** Red, green and blue from 0 to 1, the hole black: what a network sees. */
  networkInput(picture, hole) {
    const input = new Float32Array(3 * hole.length);
    for (let i = 0; i < hole.length; i++) {
      for (let c = 0; c < 3 && !hole[i]; c++) input[3 * i + c] = picture[4 * i + c] / 255;
    }
    return input;
  },

  /** The picture with its hole taken from `values`, 3 per pixel from 0 to 1. */
  composite(picture, hole, values) {
    const filled = new Uint8ClampedArray(picture);
    for (let i = 0; i < hole.length; i++) {
      for (let c = 0; c < 3 && hole[i]; c++) filled[4 * i + c] = 255 * values[3 * i + c];
    }
    return filled;
  },

  /** The discrete Laplace equation: each pixel of the hole is the mean of its neighbours. */
  harmonic: (picture, hole, size) =>
    fills.smoothest(picture, hole, (i) => fills.laplacian(i, size)),

  /** The discrete biharmonic equation: the surface over the hole bends least. */
  biharmonic: (picture, hole, size) =>
    fills.smoothest(picture, hole, (i) => {
      const row = new Map();
      for (const [k, outer] of fills.laplacian(i, size)) {
        for (const [j, inner] of fills.laplacian(k, size)) row.set(j, (row.get(j) ?? 0) + outer * inner);
      }
      return row;
    }),

  /** A row of the Laplacian, reflected at the picture's edge: entries [pixel, coefficient]. */
  laplacian(i, size) {
    const [row, column] = [Math.floor(i / size), i % size];
    const neighbours = [];
    if (row > 0) neighbours.push([i - size, -1]);
    if (column > 0) neighbours.push([i - 1, -1]);
    if (column < size - 1) neighbours.push([i + 1, -1]);
    if (row < size - 1) neighbours.push([i + size, -1]);
    return [...neighbours, [i, neighbours.length]];
  },

  /**
   * The values in the hole for which the equation of each of its pixels gives 0; `equation(i)` lists
   * the coefficients [pixel, coefficient] of pixel i's. At least one pixel must be known.
   *
   * The matrix is symmetric and positive definite, and in the order of the pixels its rows are short
   * on the left of the diagonal. So it is factored exactly, row by row (Cholesky).
   */
  smoothest(picture, hole, equation) {
    const values = new Float32Array(3 * hole.length);
    const pixels = [...hole.keys()].filter((i) => hole[i]);
    const place = new Int32Array(hole.length).fill(-1);
    pixels.forEach((i, k) => { place[i] = k; });
    const targets = [0, 1, 2].map(() => new Float64Array(pixels.length));
    const first = new Int32Array(pixels.length);
    const rows = pixels.map((i, k) => {
      const entries = [...equation(i)];
      first[k] = k;
      for (const [j] of entries) if (hole[j]) first[k] = Math.min(first[k], place[j]);
      const row = new Float64Array(k - first[k] + 1);
      for (const [j, coefficient] of entries) {
        if (!hole[j]) targets.forEach((target, c) => { target[k] -= coefficient * picture[4 * j + c]; });
        else if (place[j] <= k) row[place[j] - first[k]] += coefficient;
      }
      return row;
    });
    for (let k = 0; k < rows.length; k++) {
      const row = rows[k];
      for (let j = first[k]; j <= k; j++) {
        const other = rows[j];
        const begin = Math.max(first[k], first[j]);
        const [mine, its] = [begin - first[k], begin - first[j]];
        let sum = row[j - first[k]];
        for (let n = 0; n < j - begin; n++) sum -= row[mine + n] * other[its + n];
        row[j - first[k]] = j < k ? sum / other[j - first[j]] : Math.sqrt(sum);
      }
    }
    targets.forEach((x, c) => {
      for (let k = 0; k < rows.length; k++) {
        for (let n = first[k]; n < k; n++) x[k] -= rows[k][n - first[k]] * x[n];
        x[k] /= rows[k][k - first[k]];
      }
      for (let k = rows.length - 1; k >= 0; k--) {
        x[k] /= rows[k][k - first[k]];
        for (let n = first[k]; n < k; n++) x[n] -= rows[k][n - first[k]] * x[k];
      }
      pixels.forEach((i, k) => { values[3 * i + c] = x[k] / 255; });
    });
    return values;
  },

  /** A square picture at another size: each new pixel is the mean of the area that it covers. */
  resize(picture, from, to) {
    const overlap = (i, j) =>
      Math.max(0, Math.min((i + 1) * from / to, j + 1) - Math.max(i * from / to, j)) * to / from;
    const covered = Array.from({ length: to }, (_, i) => {
      const list = [];
      for (let j = Math.floor(i * from / to); j < Math.min(from, (i + 1) * from / to); j++) {
        list.push([j, overlap(i, j)]);
      }
      return list;
    });
    const resized = new Uint8ClampedArray(4 * to * to).fill(255);
    for (let y = 0; y < to; y++) {
      for (let x = 0; x < to; x++) {
        for (let c = 0; c < 3; c++) {
          let mean = 0;
          for (const [row, height] of covered[y]) {
            for (const [column, width] of covered[x]) {
              mean += height * width * picture[4 * (row * from + column) + c];
            }
          }
          resized[4 * (y * to + x) + c] = mean;
        }
      }
    }
    return resized;
  },
};
