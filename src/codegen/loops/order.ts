// The order of the loops of a contraction: memory is read in rows, and where that leaves a choice the innermost loop is a
// long sum whose accumulator stays in a register.

/** Orders of so many letters are tried: 24. */
const MOST_LETTERS = 4;

/** The letters of a contraction, outermost loop first; of more than MOST_LETTERS those that are summed over, row by row. */
export function bestOrder(x: string, y: string, out: string): string[] {
  const all = [...new Set([...x, ...y])];
  const orders = all.length <= MOST_LETTERS ? permutations(all) : [rowByRow(all, out)];
  let best = orders[0];
  let least = Number.POSITIVE_INFINITY;
  for (const order of orders) {
    const cost = costOf(order, x, y, out);
    if (cost < least) [least, best] = [cost, order];
  }
  return best;
}

/** What is summed over outside, so that each row of the operands is read once; the result in its own order inside. */
function rowByRow(letters: readonly string[], out: string): string[] {
  return [...letters.filter(letter => !out.includes(letter)), ...out];
}

/** What an order costs, in units that were chosen to rank the orders of the products that occur. */
function costOf(order: readonly string[], x: string, y: string, out: string): number {
  const inner = order[order.length - 1];
  let cost = 0;
  for (const own of [x, y, out]) {
    // The innermost loop walks through memory, or does not move at all.
    if (own.includes(inner) && own[own.length - 1] !== inner) cost += own === out ? 6 : 4;
  }
  if (out.includes(inner)) cost += 1; // it stores in each step
  // Outer letters come in the order of the result and the operands.
  for (const own of [out, x, y]) {
    const places = [...own].map(letter => order.indexOf(letter));
    for (let k = 1; k < places.length; k++) if (places[k] < places[k - 1]) cost += own === out ? 0.4 : 0.5;
  }
  return cost + 0.1 * order.indexOf(x[0]);
}

function permutations(letters: readonly string[]): string[][] {
  if (letters.length <= 1) return [[...letters]];
  return letters.flatMap((letter, k) => permutations(letters.toSpliced(k, 1)).map(rest => [letter, ...rest]));
}
