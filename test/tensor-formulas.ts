// Random formulas over tensors whose sizes have names, for property tests: text of the language, from a seed. Each is
// smooth but for kinks, and defined everywhere, so differences are an oracle of its derivatives almost everywhere.

/** Marsaglia's xorshift: numbers in 0 .. count - 1, the same for the same seed. */
export function chooser(seed: number): (count: number) => number {
  let state = (seed * 2654435761) | 1;
  return count => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  };
}

type Choose = ReturnType<typeof chooser>;

/** What the formulas read. `k` says where in n, `q` where in 3. */
const DECLARED = {
  s: 'scalar',
  t: 'scalar',
  u: 'n',
  v: 'n',
  w: 'm',
  z: 'm',
  c: '3',
  P: 'n x 3',
  A: 'n x m',
  S: 'n x n',
  k: 'm int',
  q: 'n int',
} as const;

type Dims = readonly string[];

export interface TensorFormula {
  readonly text: string;
  readonly wrt: readonly string[];
}

/** A formula whose value has `dims`, of about `depth` operations one inside of the other. */
export function tensorFormula(seed: number, dims: Dims, depth: number): TensorFormula {
  const choose = chooser(seed);
  for (let k = 0; k < 5; k++) choose(2);
  const body = expression(choose, dims, depth);
  const read = Object.entries(DECLARED).filter(([name]) => new RegExp(`\\b${name}\\b`).test(body));
  const real = read.filter(([, type]) => !type.endsWith('int')).map(([name]) => name);
  const wrt = real.filter(() => choose(3) > 0).slice(0, 3);
  if (wrt.length === 0) wrt.push(...real.slice(0, 1));
  // What gives the sizes their values is declared in any case.
  const declared = Object.entries(DECLARED).filter(
    ([name]) => name === 'v' || name === 'z' || read.some(([each]) => each === name),
  );
  const lines = declared.map(([name, type]) => `# @input ${name}: ${type}`);
  return { text: [...lines, `# @wrt ${wrt.join(', ')}`, body].join('\n'), wrt };
}

/** Values for every input at these sizes. */
export function tensorInputs(
  seed: number,
  n: number,
  m: number,
): Record<string, number | Float64Array | Int32Array> {
  const choose = chooser(seed + 77);
  const numbers = (count: number) => Float64Array.from({ length: count }, () => choose(2000) / 1000 - 0.9995);
  const indices = (count: number, size: number) =>
    Int32Array.from({ length: count }, () => 1 + choose(Math.max(1, size)));
  const [[s, t], u, v, w, z] = [2, n, n, m, m].map(numbers);
  const [c, P, A, S] = [3, 3 * n, n * m, n * n].map(numbers);
  return { s, t, u, v, w, z, c, P, A, S, k: indices(m, n), q: indices(n, 3) };
}

function pick<T>(choose: Choose, list: readonly T[]): T {
  return list[choose(list.length)];
}

type Rule = (e: (dims: Dims) => string) => string;

const SMOOTH = [
  'sin(#)',
  'tanh(#)',
  'exp(0.3 * #)',
  'square(#)',
  'sqrt(1 + #.^2)',
  'softplus(#)',
  '(-#)',
  '(2 * #)',
  'atan(#)',
];
const KINKED = ['relu(#)', 'abs(#)', 'max(#, 0.1)', 'clamp(#, -0.5, 0.5)'];

function expression(choose: Choose, dims: Dims, depth: number): string {
  const e = (inner: Dims) => expression(choose, inner, depth - 1);
  if (depth <= 0) return leaf(choose, dims);
  const rules: Rule[] = [
    e => pick(choose, SMOOTH).replace('#', () => e(dims)),
    e => pick(choose, SMOOTH).replace('#', () => e(dims)),
    e => pick(choose, KINKED).replace('#', () => e(dims)),
    e => `(${e(dims)} .* ${e(dims)})`,
    e => `(${e(dims)} ${pick(choose, ['+', '-'])} ${e(dims)})`,
    e => `(${e([])} * ${e(dims)})`,
    e => `max(${e(dims)}, ${e(dims)})`,
    e => `where(${e(dims)} > 0, ${e(dims)}, ${e(dims)})`,
    e => `(${e(dims)} ./ (1 + ${e(dims)}.^2))`,
    () => leaf(choose, dims),
    ...(dims.length === 0 ? SCALARS(choose) : dims.length === 1 ? VECTORS(choose, dims[0]) : []),
    ...(dims.length === 2 ? MATRICES(choose, dims[0], dims[1]) : []),
  ];
  return pick(choose, rules)(e);
}

const SIZES = ['n', 'm', '3'];

function leaf(choose: Choose, dims: Dims): string {
  const text = dims.join(' x ') || 'scalar';
  const names = Object.entries(DECLARED).flatMap(([name, type]) => (type === text ? [name] : []));
  if (names.length > 0) return pick(choose, names);
  if (dims.length === 2) {
    const [p, q] = dims;
    if (p === 'm' && q === 'n') return "A'";
    if (p === '3' && q === 'n') return "P'";
    return `outer(${leaf(choose, [p])}, ${leaf(choose, [q])})`;
  }
  if (dims[0] === 'n - 1') return pick(choose, ['u[2:n]', 'v[1:n - 1]', 'u[1:n - 1]', 'v[2:n]']);
  if (dims[0] === 'n + m') return pick(choose, ['concat(u, w)', 'concat(z, u)', 'concat(v, z)']);
  throw new Error(`no leaf of ${text}`);
}

const SCALARS = (choose: Choose): Rule[] => {
  const p = () => pick(choose, [...SIZES, 'n - 1', 'n + m']);
  const d = () => pick(choose, SIZES);
  return [
    e => `sum(${e([p()])})`,
    e => `sum(${e([p()])})`,
    e => `sum(${e([d(), d()])})`,
    e => `mean(${e([d()])})`,
    e => {
      const size = p();
      return `dot(${e([size])}, ${e([size])})`;
    },
    e => `norm(${e([d()])})`,
    e => `logsumexp(${e([p()])})`,
    e => `prod(${e([d()])})`,
    e => `max(${e([p()])})`,
    e => `${e([d()])}[1]`,
    e => `${e(['n'])}[k[1]]`,
    e => {
      const size = d();
      return `trace(${e([size, size])})`;
    },
    e => `std(${e(['3'])})`,
  ];
};

const VECTORS = (choose: Choose, size: string): Rule[] => {
  const d = () => pick(choose, SIZES);
  const rules: Rule[] = [
    e => {
      const inner = d();
      return `(${e([size, inner])} * ${e([inner])})`;
    },
    e => {
      const inner = d();
      return `(${e([inner])} * ${e([inner, size])})`;
    },
    e => `sum(${e([size, d()])}, 2)`,
    e => `sum(${e([d(), size])}, 1)`,
    e => `max(${e([size, d()])}, 2)`,
    e => `logsumexp(${e([size, d()])}, 2)`,
    e => `${e([size, d()])}[:, 1]`,
    e => `${e([d(), size])}[1, :]`,
    e => `diag(${e([size, size])})`,
    e => `cumsum(${e([size])})`,
    e => `softmax(${e([size])})`,
    e => `${e([size])}[end:-1:1]`,
  ];
  if (size === 'n - 1') {
    return [
      e => `${e(['n'])}[2:n]`,
      e => `${e(['n'])}[1:n - 1]`,

      e => `${e(['n', d()])}[2:n, 1]`,
    ];
  }
  if (size === 'n + m') return [e => `concat(${e(['n'])}, ${e(['m'])})`];
  if (size === 'm')
    rules.push(
      e => `${e(['n'])}[k]`,
      e => `${e(['n + m'])}[n + 1:n + m]`,
      e => `${e(['n'])}[k]`,
    );
  if (size === 'n') {
    rules.push(
      e => `${e(['3'])}[q]`,
      e => `${e(['n + m'])}[1:n]`,
      e => `concat(${e(['n - 1'])}, [${e([])}])`,
      e => `concat([${e([])}], ${e(['n - 1'])})`,
    );
  }
  if (size === '3') rules.push(e => `[${e([])}, ${e([])}, ${e([])}]`);
  return rules;
};

const MATRICES = (choose: Choose, rows: string, columns: string): Rule[] => {
  const rules: Rule[] = [
    e => `outer(${e([rows])}, ${e([columns])})`,
    e => {
      const inner = pick(choose, SIZES);
      return `(${e([rows, inner])} * ${e([inner, columns])})`;
    },
    e => `${e([columns, rows])}'`,
    e => `(${e([rows, columns])} + ${e([columns])})`,
    e => `softmax(${e([rows, columns])})`,
    e => `cumsum(${e([rows, columns])}, 1)`,
  ];
  if (rows === columns)
    rules.push(
      e => `diag(${e([rows])})`,
      e => `(${e([rows, rows])} + identity(size(${leaf(choose, [rows])})[1]))`,
    );
  if (rows === 'm') rules.push(e => `${e(['n', columns])}[k, :]`);
  if (rows === 'n') rules.push(e => `${e(['3', columns])}[q, :]`);
  if (columns === 'm') rules.push(e => `${e([rows, 'n'])}[:, k]`);
  return rules;
};
