// Derivatives to order four without calculus on graphs: Taylor polynomials in x, y, z, truncated at degree four, computed
// along a formula that mathjs has parsed. Independent of everything in src/.

import { erf, type MathNode, parse } from 'mathjs';

const DEGREE = 4;

/** Coefficients by exponents: `2,1,0` is that of x^2 y. Absent: zero. */
export type Jet = ReadonlyMap<string, number>;

/** The Taylor polynomial of `text` at a point. */
export function jetOf(text: string, at: Readonly<Record<'x' | 'y' | 'z', number>>): Jet {
  const variables = new Map(
    (['x', 'y', 'z'] as const).map((name, k) => {
      const exponents = [0, 0, 0].with(k, 1).join();
      return [
        name as string,
        new Map([
          ['0,0,0', at[name]],
          [exponents, 1],
        ]) as Jet,
      ];
    }),
  );
  return jetAt(parse(text), variables);
}

/** The derivative by x, y and z so many times. */
export function derivativeIn(jet: Jet, exponents: readonly number[]): number {
  return (jet.get(exponents.join()) ?? 0) * exponents.reduce((product, n) => product * factorial(n), 1);
}

// biome-ignore lint/suspicious/noExplicitAny: the tree of mathjs is not typed by kind
function jetAt(node: MathNode & any, variables: ReadonlyMap<string, Jet>): Jet {
  const sub = (part: MathNode) => jetAt(part, variables);
  switch (node.type) {
    case 'ParenthesisNode':
      return sub(node.content);
    case 'ConstantNode':
      return constant(node.value);
    case 'SymbolNode':
      return node.name === 'pi' ? constant(Math.PI) : variables.get(node.name)!;
    case 'ConditionalNode': {
      const [left, right] = node.condition.content?.args ?? node.condition.args;
      return value(sub(left)) > value(sub(right)) ? sub(node.trueExpr) : sub(node.falseExpr);
    }
    case 'OperatorNode': {
      const [x, y] = node.args.map(sub);
      if (node.fn === 'unaryMinus') return scaled(x, -1);
      if (node.fn === 'add') return sum(x, y);
      if (node.fn === 'subtract') return sum(x, scaled(y, -1));
      if (node.fn === 'multiply') return product(x, y);
      if (node.fn === 'divide') return product(x, composed(y, powers(-1)));
      if (node.fn === 'pow') return isConstant(y) ? composed(x, powers(value(y))) : powerOf(x, y);
      break;
    }
    case 'FunctionNode': {
      const [x, y] = node.args.map(sub);
      if (node.fn.name === 'max') return value(y) > value(x) || Number.isNaN(value(y)) ? y : x;
      return composed(x, FUNCTIONS[node.fn.name]);
    }
  }
  throw new TypeError(`no jet of ${node}`);
}

/** f, f', ... at a. */
type Derivatives = (a: number) => readonly number[];

const powers =
  (n: number): Derivatives =>
  a => {
    let factor = 1;
    return Array.from({ length: DEGREE + 1 }, (_, k) => {
      const term = factor === 0 ? 0 : factor * a ** (n - k);
      factor *= n - k;
      return term;
    });
  };
const sigmoid: Derivatives = a => {
  const s = 1 / (1 + Math.exp(-a));
  const d = s * (1 - s);
  return [s, d, d * (1 - 2 * s), d * (1 - 6 * d), d * (1 - 2 * s) * (1 - 12 * d)];
};
const FUNCTIONS: Readonly<Record<string, Derivatives>> = {
  sin: a => [0, 1, 2, 3, 4].map(k => Math.sin(a + (k * Math.PI) / 2)),
  cos: a => [0, 1, 2, 3, 4].map(k => Math.cos(a + (k * Math.PI) / 2)),
  exp: a => [0, 1, 2, 3, 4].map(() => Math.exp(a)),
  expm1: a => [Math.expm1(a), ...[1, 2, 3, 4].map(() => Math.exp(a))],
  log: a => [Math.log(a), ...powers(-1)(a).slice(0, DEGREE)],
  sqrt: powers(0.5),
  square: powers(2),
  abs: a => [Math.abs(a), Math.sign(a), 0, 0, 0],
  sigmoid,
  softplus: a => [Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a))), ...sigmoid(a).slice(0, DEGREE)],
  tanh: a => {
    const [t, c] = [Math.tanh(a), 1 / Math.cosh(a) ** 2];
    return [t, c, -2 * t * c, c * (4 - 6 * c), 8 * t * c * (3 * c - 1)];
  },
  atan: a => {
    const d = 1 / (1 + a * a);
    return [Math.atan(a), d, -2 * a * d ** 2, (6 * a * a - 2) * d ** 3, 24 * a * (1 - a * a) * d ** 4];
  },
  erf: a => {
    const d = (2 / Math.sqrt(Math.PI)) * Math.exp(-a * a);
    return [erf(a), d, -2 * a * d, (4 * a * a - 2) * d, (12 * a - 8 * a ** 3) * d];
  },
};

function constant(number: number): Jet {
  return new Map([['0,0,0', number]]);
}

function value(jet: Jet): number {
  return jet.get('0,0,0') ?? 0;
}

function isConstant(jet: Jet): boolean {
  return [...jet.keys()].every(key => key === '0,0,0');
}

function sum(p: Jet, q: Jet): Jet {
  const result = new Map(p);
  for (const [key, term] of q) result.set(key, (result.get(key) ?? 0) + term);
  return result;
}

function scaled(p: Jet, by: number): Jet {
  return new Map([...p].map(([key, term]) => [key, by * term]));
}

function product(p: Jet, q: Jet): Jet {
  const result = new Map<string, number>();
  for (const [left, a] of p) {
    for (const [right, b] of q) {
      const other = right.split(',').map(Number);
      const exponents = left.split(',').map((n, k) => Number(n) + other[k]);
      if (exponents.reduce((all, n) => all + n, 0) > DEGREE) continue;
      result.set(exponents.join(), (result.get(exponents.join()) ?? 0) + a * b);
    }
  }
  return result;
}

function powerOf(x: Jet, y: Jet): Jet {
  return composed(product(y, composed(x, FUNCTIONS.log)), FUNCTIONS.exp);
}

/** f(p), from the Taylor series of f at the value of p. */
function composed(p: Jet, f: Derivatives): Jet {
  const rest = new Map([...p].filter(([key]) => key !== '0,0,0'));
  let power: Jet = constant(1);
  let result: Jet = new Map();
  for (const [k, derivative] of f(value(p)).entries()) {
    result = sum(result, scaled(power, derivative / factorial(k)));
    power = product(power, rest);
  }
  return result;
}

function factorial(n: number): number {
  return n <= 1 ? 1 : n * factorial(n - 1);
}
