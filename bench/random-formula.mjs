// A large random formula as .expr text: one assignment a line of a few operations each over 16 inputs and recent
// values. Every value is used, every function is bounded on the line, so that all results stay finite.

const INPUTS = 16;
/** How far back an operand may reach. */
const WINDOW = 64;

/** Operations, and the text of two operands. @type {readonly (readonly [number, (a: string, b: string) => string])[]} */
const FORMS = [
  [2, (a, b) => `sin(${a} + ${b})`],
  [2, (a, b) => `0.5 * ${a} - ${b}`],
  [3, (a, b) => `${a} * cos(${b}) + 0.25`],
  [3, (a, b) => `${a} / (2 + ${b}^2)`],
  [4, (a, b) => `exp(-${a}^2) * ${b}`],
  [3, (a, b) => `sin(${a} * ${b}) - ${a}`],
  [2, (a, b) => `tanh(${a} - ${b})`],
  [4, (a, b) => `sqrt(1 + ${a}^2) * 0.5 - ${b}`],
  [3, (a, b) => `log(2 + ${a}^2) - ${b}`],
];

/**
 * @param {number} operations
 * @param {number} [seed]
 * @returns {{ text: string, operations: number }}
 */
export function randomFormula(operations, seed = 1) {
  const random = generator(seed);
  const lines = Array.from({ length: INPUTS }, (_, i) => `# @input x${i}: scalar`);
  const values = Array.from({ length: INPUTS }, (_, i) => `x${i}`);
  let oldestUnused = 0;
  let count = 0;
  /** @param {number} index */
  const use = index => {
    if (index === oldestUnused) oldestUnused++;
    return values[index];
  };
  while (count < operations) {
    // the oldest value that nothing used yet and a recent one; a sine now and then keeps the sizes bounded
    const a = use(Math.min(oldestUnused, values.length - 1));
    const b = values[values.length - 1 - Math.floor(random() * Math.min(WINDOW, values.length))];
    const [cost, form] = FORMS[Math.floor(random() * FORMS.length)];
    const name = `t${values.length - INPUTS}`;
    lines.push(`${name} = ${values.length % 3 === 0 ? `sin(${form(a, b)})` : form(a, b)}`);
    count += cost + (values.length % 3 === 0 ? 1 : 0);
    values.push(name);
  }
  const rest = values.slice(oldestUnused);
  lines.push(rest.join(' + '));
  return { text: `${lines.join('\n')}\n`, operations: count + rest.length - 1 };
}

/** Mulberry32, by Tommy Ettinger. @param {number} seed */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
