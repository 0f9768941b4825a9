/*
 * What goes into a network, what comes out, and the fill that learns nothing.
 *
 * Pictures are RGBA bytes (4 values a pixel, row by row) of `size` by `size` pixels; a hole is one
 * byte a pixel, 1 = hole. A Uint8ClampedArray rounds and clamps what is stored in it.
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

  /** The picture with its hole taken from `values`, 3 a pixel from 0 to 1. */
  composite(picture, hole, values) {
    const filled = new Uint8ClampedArray(picture);
    for (let i = 0; i < hole.length; i++) {
      for (let c = 0; c < 3 && hole[i]; c++) filled[4 * i + c] = 255 * values[3 * i + c];
    }
    return filled;
  },

  /**
   * Each pixel of the hole is the mean of its neighbours: the discrete Laplace equation, reflected
   * at the picture's edge, solved by conjugate gradients. At least one pixel must be known.
   */
  harmonic(picture, hole, size) {
    const values = new Float32Array(3 * hole.length);
    const pixels = [...hole.keys()].filter((i) => hole[i]);
    const count = pixels.length;
    const place = new Int32Array(hole.length).fill(count);
    pixels.forEach((i, k) => { place[i] = k; });
    const degree = new Int32Array(count);
    const inside = new Int32Array(4 * count).fill(count);
    const borders = [0, 1, 2].map(() => new Float64Array(count));
    pixels.forEach((i, k) => {
      const near = [
        i % size > 0 ? i - 1 : -1,
        i % size < size - 1 ? i + 1 : -1,
        i - size,
        i + size < hole.length ? i + size : -1,
      ].filter((j) => j >= 0);
      degree[k] = near.length;
      near.forEach((j, n) => {
        if (hole[j]) inside[4 * k + n] = place[j];
        else borders.forEach((border, c) => { border[k] += picture[4 * j + c]; });
      });
    });
    const laplacian = (v, result) => {
      for (let k = 0, n = 0; k < count; k++, n += 4) {
        result[k] = degree[k] * v[k]
          - v[inside[n]] - v[inside[n + 1]] - v[inside[n + 2]] - v[inside[n + 3]];
      }
    };
    borders.forEach((border, c) => {
      const solution = fills.conjugateGradients(laplacian, border);
      pixels.forEach((i, k) => { values[3 * i + c] = solution[k] / 255; });
    });
    return values;
  },

  /**
   * The x for which the operator, symmetric and positive definite, gives `target`.
   * `operator(v, result)` may read one entry more of v than the target has: a zero.
   */
  conjugateGradients(operator, target) {
    const count = target.length;
    const dot = (a, b) => {
      let sum = 0;
      for (let k = 0; k < count; k++) sum += a[k] * b[k];
      return sum;
    };
    const solution = new Float64Array(count);
    const residual = Float64Array.from(target);
    const direction = new Float64Array(count + 1);
    direction.set(target);
    const image = new Float64Array(count);
    let energy = dot(residual, residual);
    const enough = 1e-16 * energy;
    while (energy > enough) {
      operator(direction, image);
      const step = energy / dot(direction, image);
      for (let k = 0; k < count; k++) {
        solution[k] += step * direction[k];
        residual[k] -= step * image[k];
      }
      const next = dot(residual, residual);
      for (let k = 0; k < count; k++) direction[k] = residual[k] + (next / energy) * direction[k];
      energy = next;
    }
    return solution;
  },

  /** Peak signal-to-noise ratio over the hole, in dB. */
  psnr(original, filled, hole) {
    let sum = 0, count = 0;
    for (let i = 0; i < hole.length; i++) {
      if (!hole[i]) continue;
      count += 3;
      for (let c = 0; c < 3; c++) sum += (original[4 * i + c] - filled[4 * i + c]) ** 2;
    }
    return 10 * Math.log10(255 ** 2 * count / sum);
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

  /** A hole of about that share of the picture, of strokes that wander; `random` gives 0 to 1. */
  strokes(size, share, random) {
    const hole = new Uint8Array(size * size);
    while (fills.share(hole) < share) {
      let x = random() * size, y = random() * size, angle = 2 * Math.PI * random();
      const radius = size * (0.016 + 0.01 * random());
      const length = size * (0.4 + 0.6 * random());
      for (let walked = 0; walked < length && fills.share(hole) < share; walked++) {
        fills.stamp(hole, size, x, y, radius);
        angle += 0.7 * (random() - 0.5);
        x += Math.cos(angle);
        y += Math.sin(angle);
      }
    }
    return hole;
  },

  /** Take the pixels whose middle lies in a disc out of the picture. */
  stamp(hole, size, x, y, radius) {
    const inside = (value) => Math.max(0, Math.min(size, value));
    for (let row = inside(Math.floor(y - radius)); row < inside(y + radius); row++) {
      for (let column = inside(Math.floor(x - radius)); column < inside(x + radius); column++) {
        const distance = Math.hypot(column + 0.5 - x, row + 0.5 - y);
        if (distance <= Math.max(radius, 0.71)) hole[row * size + column] = 1;
      }
    }
  },

  share: (hole) => hole.reduce((sum, value) => sum + value, 0) / hole.length,
};
