// Random numbers that are the same in every run.

/** Uniform numbers in [0, 1) from a seed (mulberry32, Tommy Ettinger, public domain). @param {number} seed */
export function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Standard normal numbers (Box and Muller 1958). @param {() => number} random */
export function normal(random) {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/**
 * Puts a list into random order, in place.
 * @template T
 * @param {T[]} list @param {() => number} random
 */
export function shuffle(list, random) {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor((i + 1) * random());
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}
