/* How close a filled hole is to the picture, as `wssl.metrics` defines it: SSIM and PSNR over it. */
"use strict";

const metrics = {
  /** Peak signal-to-noise ratio over the hole, in dB; NaN without a hole. */
  psnr(original, filled, hole) {
    let sum = 0, count = 0;
    for (let i = 0; i < hole.length; i++) {
      if (!hole[i]) continue;
      count += 3;
      for (let c = 0; c < 3; c++) sum += (original[4 * i + c] - filled[4 * i + c]) ** 2;
    }
    return count ? -10 * Math.log10(Math.max(sum / count / 255 ** 2, 1e-10)) : NaN;
  },

  /**
   * SSIM (Wang et al. 2004, doi:10.1109/TIP.2003.819861), its map averaged over those pixels of the
   * hole at which the window of 11 x 11 pixels fits; NaN if there is none.
   */
  ssim(original, filled, hole, size) {
    const inner = size - 10;
    const window = Array.from({ length: 11 }, (_, i) => Math.exp(-((i - 5) ** 2) / (2 * 1.5 ** 2)));
    const weight = window.reduce((sum, value) => sum + value, 0);
    const blur = (value) => {
      const wide = new Float64Array(size * inner);
      for (let y = 0; y < size; y++) {
        for (let x = 0; x < inner; x++) {
          for (let k = 0; k < 11; k++) wide[y * inner + x] += window[k] / weight * value(y * size + x + k);
        }
      }
      const result = new Float64Array(inner * inner);
      for (let i = 0; i < result.length; i++) {
        for (let k = 0; k < 11; k++) result[i] += window[k] / weight * wide[i + k * inner];
      }
      return result;
    };
    const [c1, c2] = [0.01 ** 2, 0.03 ** 2];
    let sum = 0, count = 0;
    for (let c = 0; c < 3; c++) {
      const a = (i) => original[4 * i + c] / 255;
      const b = (i) => filled[4 * i + c] / 255;
      const moments = [a, b, (i) => a(i) ** 2, (i) => b(i) ** 2, (i) => a(i) * b(i)];
      const [m1, m2, s1, s2, product] = moments.map(blur);
      for (let i = 0; i < inner * inner; i++) {
        if (!hole[(Math.floor(i / inner) + 5) * size + (i % inner) + 5]) continue;
        const means = m1[i] * m2[i], squares = m1[i] ** 2 + m2[i] ** 2;
        sum += (2 * means + c1) / (squares + c1)
          * (2 * (product[i] - means) + c2) / (s1[i] + s2[i] - squares + c2);
        count++;
      }
    }
    return count ? sum / count : NaN;
  },
};
