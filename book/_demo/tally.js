/*
 * The choices of a reader in the blind round, and what they add up to.
 *
 * A round is {left, right, choice, ssim: [left's, right's], psnr: [left's, right's]}: the names of two
 * fills; "left", "right" or "neither"; the metrics of both, null where one is not defined.
 */
"use strict";

const tally = {
  METRICS: ["ssim", "psnr"],
  CHOICES: ["left", "right", "neither"],

  /** The side that a metric prefers; "neither" if both are equal or one is not defined. */
  preferred([left, right]) {
    if (left === null || right === null || left === right) return "neither";
    return left > right ? "left" : "right";
  },

  /**
   * {rounds, decided, fills: {name: {shown, chosen}}, agreed: {metric: {times, of}}}. `decided` counts
   * the rounds with a choice; only those are compared with a metric that has a preference too.
   */
  count(rounds) {
    const decided = rounds.filter((round) => round.choice !== "neither");
    const result = { rounds: rounds.length, decided: decided.length, fills: {}, agreed: {} };
    for (const round of decided) {
      for (const side of ["left", "right"]) {
        const fill = (result.fills[round[side]] ??= { shown: 0, chosen: 0 });
        fill.shown++;
        fill.chosen += Number(round.choice === side);
      }
    }
    for (const metric of tally.METRICS) {
      const judged = decided.filter((round) => tally.preferred(round[metric]) !== "neither");
      const agreeing = judged.filter((round) => tally.preferred(round[metric]) === round.choice);
      result.agreed[metric] = { times: agreeing.length, of: judged.length };
    }
    return result;
  },

  /** How often `n` fair coins agree: the middle 95 % of the binomial distribution, [least, most]. */
  coins(n) {
    let probability = 0.5 ** n, below = 0;
    for (let k = 0; k <= n; k++) {
      below += probability;
      if (below >= 0.025) return [k, n - k];
      probability *= (n - k) / (k + 1);
    }
    return [0, n];
  },

  /** The pair of fills, of those with these names, that was judged least often; ties by chance. */
  next(names, rounds, random) {
    const pairs = names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b]));
    const times = ([a, b]) =>
      rounds.filter((r) => (r.left === a && r.right === b) || (r.left === b && r.right === a)).length;
    const least = Math.min(...pairs.map(times));
    const rarest = pairs.filter((pair) => times(pair) === least);
    const pair = rarest[Math.floor(random() * rarest.length)];
    return random() < 0.5 ? pair : [pair[1], pair[0]];
  },

  /** The rounds in a text that this page kept, for the same networks; none if it is another text. */
  parse(text, edition, names) {
    const value = (v) => v === null || Number.isFinite(v);
    const two = (list) => Array.isArray(list) && list.length === 2 && list.every(value);
    const valid = (round) =>
      names.includes(round?.left) && names.includes(round.right) && round.left !== round.right
      && tally.CHOICES.includes(round.choice) && tally.METRICS.every((metric) => two(round[metric]));
    try {
      const kept = JSON.parse(text);
      return kept.edition === edition && kept.rounds.every(valid) ? kept.rounds : [];
    } catch {
      return [];
    }
  },
};
