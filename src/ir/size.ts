// Sizes: integers, and integer polynomials of named sizes such as `n`, `2*n + 1`, `n*d`, with floor(p/k) for strided
// slices. They stay symbolic through the whole compiler. A polynomial is in normal form from the moment it is made, so
// two sizes are provably equal if their texts are; two whose difference is a polynomial without a constant value are
// compared when the module is called.

/** The length of an axis, or a number computed from lengths: an integer or a polynomial with at least one name. */
export type Size = number | Polynomial;

/** floor(numerator / divisor), the one operation on sizes that is no polynomial. */
export interface Quotient {
  readonly numerator: Polynomial;
  /** At least 2. */
  readonly divisor: number;
}

/** A named size or a quotient. */
export type Atom = string | Quotient;

/** coefficient times the product of the atoms, which are in the order of their texts. */
export interface Monomial {
  readonly coefficient: number;
  readonly atoms: readonly Atom[];
}

/** A sum of monomials in normal form: no two with the same atoms, none zero, at least one with atoms. */
export class Polynomial {
  readonly monomials: readonly Monomial[];
  /** Equal for equal polynomials only: `2*n + 1`. */
  readonly text: string;

  /** For the functions of this file, which bring the monomials into normal form. */
  constructor(monomials: readonly Monomial[]) {
    this.monomials = monomials;
    this.text = textOf(monomials);
  }
}

/** Sizes are those that people write: a polynomial of more terms or factors would cost time at every step. */
const MOST_TERMS = 200;
const MOST_FACTORS = 32;

/** Thrown when a size would have more than 200 terms, or 32 names in one. */
export class SizeLimitError extends Error {
  override readonly name = 'SizeLimitError';
}

/** What to do about it. */
export const SIZE_LIMIT_HINT = 'fix named sizes to numbers: --shape X=5x3, or a line `# @dim n = 5`';

/** The size called `name`. */
export function namedSize(name: string): Size {
  return new Polynomial([{ coefficient: 1, atoms: [name] }]);
}

/** True if the two are equal whatever the named sizes are. */
export function sameSize(a: Size, b: Size): boolean {
  if (a === b) return true;
  return typeof a !== 'number' && typeof b !== 'number' && a.text === b.text;
}

export function addSizes(a: Size, b: Size): Size {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a === 0) return b;
  if (b === 0) return a;
  return normal([...monomialsOf(a), ...monomialsOf(b)]);
}

export function subtractSizes(a: Size, b: Size): Size {
  return addSizes(a, multiplySizes(b, -1));
}

export function multiplySizes(a: Size, b: Size): Size {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  if (a === 0 || b === 0) return 0;
  if (a === 1) return b;
  if (b === 1) return a;
  const [left, right] = [monomialsOf(a), monomialsOf(b)];
  if (left.length * right.length > 10 * MOST_TERMS) throw limitError();
  return normal(
    left.flatMap(p =>
      right.map(q => ({ coefficient: p.coefficient * q.coefficient, atoms: [...p.atoms, ...q.atoms] })),
    ),
  );
}

/** floor(a / divisor) for an integer divisor of at least 1. */
export function divideSize(a: Size, divisor: number): Size {
  if (divisor === 1) return a;
  if (typeof a === 'number') return Math.floor(a / divisor);
  // What divides without remainder leaves the quotient: floor((2n + m)/2) = n + floor(m/2).
  const whole = a.monomials.filter(({ coefficient }) => coefficient % divisor === 0);
  const rest = normal(a.monomials.filter(({ coefficient }) => coefficient % divisor !== 0));
  const quotient =
    typeof rest === 'number'
      ? Math.floor(rest / divisor)
      : normal([{ coefficient: 1, atoms: [{ numerator: rest, divisor }] }]);
  return addSizes(
    normal(whole.map(({ coefficient, atoms }) => ({ coefficient: coefficient / divisor, atoms }))),
    quotient,
  );
}

/** The product of all lengths: the number of elements. */
export function productOfSizes(sizes: readonly Size[]): Size {
  return sizes.reduce<Size>((product, size) => multiplySizes(product, size), 1);
}

/** `a / b` if `a` is a multiple of `b` for every value of the names, else undefined. */
export function exactQuotient(a: Size, b: Size): Size | undefined {
  if (sameSize(a, b)) return 1;
  if (typeof b === 'number') {
    if (b === 0) return undefined;
    const parts = monomialsOf(a);
    if (parts.some(({ coefficient }) => coefficient % b !== 0)) return undefined;
    return normal(parts.map(({ coefficient, atoms }) => ({ coefficient: coefficient / b, atoms })));
  }
  if (b.monomials.length !== 1) return undefined;
  const [divisor] = b.monomials;
  const quotients: Monomial[] = [];
  for (const { coefficient, atoms } of monomialsOf(a)) {
    const rest = [...atoms];
    for (const atom of divisor.atoms) {
      const at = rest.findIndex(each => atomText(each) === atomText(atom));
      if (at < 0) return undefined;
      rest.splice(at, 1);
    }
    if (coefficient % divisor.coefficient !== 0) return undefined;
    quotients.push({ coefficient: coefficient / divisor.coefficient, atoms: rest });
  }
  return normal(quotients);
}

/** `n`, `20`, `2*n + 1`, `floor((n - 1)/2)`: also valid in the text form of programs. */
export function sizeText(size: Size): string {
  return typeof size === 'number' ? String(size) : size.text;
}

/** True if `a <= b` whatever the named sizes are, as far as that is seen: what b has more are terms that are never negative. */
export function isAtMost(a: Size, b: Size): boolean {
  const difference = monomialsOf(addSizes(b, multiplySizes(a, -1)));
  return difference.every(
    ({ coefficient, atoms }) => coefficient > 0 && atoms.every(atom => typeof atom === 'string'),
  );
}

/** The names in `size`, each once. */
export function namesIn(size: Size): string[] {
  const names = new Set<string>();
  const visit = (part: Size): void => {
    for (const { atoms } of monomialsOf(part)) {
      for (const atom of atoms) {
        if (typeof atom === 'string') names.add(atom);
        else visit(atom.numerator);
      }
    }
  };
  visit(size);
  return [...names];
}

/** The name, if the size is just that. */
export function nameOfSize(size: Size): string | undefined {
  if (typeof size === 'number' || size.monomials.length !== 1) return undefined;
  const [{ coefficient, atoms }] = size.monomials;
  const [atom] = atoms;
  return coefficient === 1 && atoms.length === 1 && typeof atom === 'string' ? atom : undefined;
}

/** The integer that `size` is for these values of the names. Throws `TypeError` if one is missing. */
export function evaluateSize(size: Size, values: ReadonlyMap<string, number>): number {
  return asInteger(
    substitute(size, name => {
      const value = values.get(name);
      if (value === undefined) throw new TypeError(`missing size ${name}`);
      return value;
    }),
  );
}

/** What a size is taken for where two are compared: a name counts as 1000. */
export function estimateSize(size: Size): number {
  if (typeof size === 'number') return size;
  return evaluateSize(size, new Map(namesIn(size).map(name => [name, 1000])));
}

/** The size with each name replaced. */
export function substitute(size: Size, replace: (name: string) => Size): Size {
  if (typeof size === 'number') return size;
  let sum: Size = 0;
  for (const { coefficient, atoms } of size.monomials) {
    let product: Size = coefficient;
    for (const atom of atoms) {
      const value =
        typeof atom === 'string'
          ? replace(atom)
          : divideSize(substitute(atom.numerator, replace), atom.divisor);
      product = multiplySizes(product, value);
    }
    sum = addSizes(sum, product);
  }
  return sum;
}

function asInteger(size: Size): number {
  if (typeof size !== 'number') throw new TypeError(`missing size in ${size.text}`);
  return size;
}

export function monomialsOf(size: Size): readonly Monomial[] {
  if (typeof size !== 'number') return size.monomials;
  return size === 0 ? [] : [{ coefficient: size, atoms: [] }];
}

/** The sum of monomials: names before products, higher degrees first, the constant last. Throws `SizeLimitError`. */
export function normal(monomials: readonly Monomial[]): Size {
  const byKey = new Map<string, Monomial>();
  for (const { coefficient, atoms } of monomials) {
    if (atoms.length > MOST_FACTORS) throw limitError();
    const sorted = [...atoms].sort((p, q) => compareTexts(atomText(p), atomText(q)));
    const key = sorted.map(atomText).join('*');
    const sum = (byKey.get(key)?.coefficient ?? 0) + coefficient;
    if (sum === 0) byKey.delete(key);
    else byKey.set(key, { coefficient: sum, atoms: sorted });
  }
  if (byKey.size > MOST_TERMS) throw limitError();
  const entries = [...byKey].sort(
    ([p, { atoms: a }], [q, { atoms: b }]) => b.length - a.length || compareTexts(p, q),
  );
  const sum = entries.map(([, monomial]) => monomial);
  if (sum.length === 0) return 0;
  if (sum.length === 1 && sum[0].atoms.length === 0) return sum[0].coefficient;
  return new Polynomial(sum);
}

function limitError(): SizeLimitError {
  return new SizeLimitError(`a size of more than ${MOST_TERMS} terms or ${MOST_FACTORS} factors`);
}

function compareTexts(p: string, q: string): number {
  return p < q ? -1 : p > q ? 1 : 0;
}

function atomText(atom: Atom): string {
  return typeof atom === 'string' ? atom : `floor((${atom.numerator.text})/${atom.divisor})`;
}

function textOf(monomials: readonly Monomial[]): string {
  let text = '';
  for (const { coefficient, atoms } of monomials) {
    const magnitude = Math.abs(coefficient);
    const factors = [
      ...(magnitude === 1 && atoms.length > 0 ? [] : [String(magnitude)]),
      ...atoms.map(atomText),
    ];
    const sign = coefficient < 0 ? '-' : '+';
    text += text === '' ? (coefficient < 0 ? '-' : '') : ` ${sign} `;
    text += factors.join('*');
  }
  return text;
}
