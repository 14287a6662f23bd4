// The helpers of an emitted module: what checks and converts arguments, so that a mistake is a TypeError or a RangeError
// that names the argument. A module has those that its text uses.

import { destructure, scalarChecks, tensorFrom } from './arguments.ts';
import { type Context, type OwnName, WIDTH } from './context.ts';
import { item, object } from './results.ts';
import { indent, layout } from './text.ts';

/** The helpers that the texts of the module use so far, each after what uses it. */
export function helperTexts(context: Context): string[] {
  const texts: string[] = [];
  for (const [helper, text] of Object.entries(HELPERS)) {
    if (context.used.has(helper as OwnName)) texts.push(text(context));
  }
  return texts;
}

/** In the order in which they are emitted: each may use those after it. */
const HELPERS: Readonly<Partial<Record<OwnName, (context: Context) => string>>> = {
  check: context => {
    const { program, own, locals } = context;
    const { inputs } = program;
    const isOptional = inputs.every(input => input.default !== undefined);
    const tensors = inputs.filter(({ shape }) => shape.length > 0);
    const converted = object(
      inputs.map(input => {
        const local = locals.get(input.name)!;
        return item(input.name, input.shape.length === 0 ? local : tensorFrom(context, input, local));
      }),
    );
    return [
      tensors.length === 0
        ? '/** The inputs, if each is a number. */'
        : '/** The inputs, if each is what it has to be; tensors as flat arrays. */',
      `function ${own.check}(${own.inputs}${isOptional ? ' = {}' : ''}) {`,
      ...indent(destructure(inputs, locals, own.inputs, WIDTH - 2)),
      ...indent([
        ...scalarChecks(context, inputs),
        ...(tensors.length === 0 ? [`return ${own.inputs};`] : layout('return ', converted, ';', WIDTH - 2)),
      ]),
      '}',
    ].join('\n');
  },

  sizesOf: ({ own, use }) =>
    `/** The sizes in \`names\`: given by name, or told by the arrays in \`given\`, whose shapes are \`shapes\`. */
function ${own.sizesOf}(names, given, shapes, inputs = []) {
  const sizes = new Map();
  const reasons = new Map();
  const valueOf = name => (Object.hasOwn(given, name) || !(name in Object.prototype) ? given[name] : undefined);
  for (const size of names) {
    const length = inputs.includes(size) ? undefined : valueOf(size);
    if (length === undefined) continue;
    if (!Number.isInteger(length) || length < 0) throw new TypeError(\`\${size}: expected a length, got \${length}\`);
    sizes.set(size, length);
    reasons.set(size, \`\${size} = \${length} is given\`);
  }
  const facts = [];
  for (const [name, shape] of Object.entries(shapes)) {
    const x = valueOf(name);
    if (x === undefined) continue;
    const lengths = ${use('lengthsOf')}(name, x, shape.length);
    const got = lengths.join(' x ');
    if (lengths.length === 1) facts.push({ name, factors: shape, length: lengths[0], got });
    else shape.forEach((size, axis) => facts.push({ name, factors: [size], length: lengths[axis], shape, got }));
  }
  /** NaN while a size is not known. */
  const product = factors => factors.reduce((value, size) => value * (sizes.get(size) ?? size), 1);
  for (let count = -1; count < sizes.size; ) {
    count = sizes.size;
    for (const { name, factors, length } of facts) {
      const unknown = factors.filter(size => Number.isNaN(product([size])));
      const power = length / product(factors.filter(size => !unknown.includes(size)));
      if (new Set(unknown).size !== 1 || !Number.isFinite(power)) continue;
      const value = Math.round(power ** (1 / unknown.length));
      sizes.set(unknown[0], value);
      reasons.set(unknown[0], \`\${name} says \${unknown[0]} = \${value}\`);
    }
  }
  for (const { name, factors, length, shape, got } of facts) {
    const total = product(factors);
    if (total === length || Number.isNaN(total)) continue;
    const own = factors.filter(size => typeof size === 'string');
    const others = own.map(size => reasons.get(size)).filter(reason => !reason.startsWith(\`\${name} \`));
    const number = product(factors.filter(size => typeof size === 'number'));
    const symbol = \`\${number === 1 ? '' : number}\${own.join('*')}\`;
    const flat = \`\${symbol}\${others.length === own.length ? \` = \${total}\` : ''} elements\`;
    const because = others.length > 0 ? \` (\${[...new Set(others)].join(', ')})\` : '';
    throw new RangeError(\`\${name}: expected \${shape?.join(' x ') ?? flat}, got \${got}\${because}\`);
  }
  for (const size of names) {
    if (sizes.has(size)) continue;
    const tellers = Object.keys(shapes).filter(name => valueOf(name) === undefined && shapes[name].includes(size));
    throw new TypeError(\`missing \${tellers.length > 0 ? \`input \${tellers.join(' or ')}, or the \` : ''}size \${size}\`);
  }
  return Object.fromEntries(sizes);
}`,

  lengthsOf: ({ own, use }) => `/** The lengths of nested lists along all axes, or that of a flat list. */
function ${own.lengthsOf}(name, x, rank) {
  const { length } = ${use('list')}(name, x);
  const lengths = [];
  for (let part = x; lengths.length < rank && typeof part === 'object' && part !== null; part = part[0]) lengths.push(part.length);
  return lengths.length === rank ? lengths : [length];
}`,

  tensor: ({
    own,
    use,
  }) => `/** The elements of a tensor in a flat array of \`type\`, row by row: x itself if it is one. */
function ${own.tensor}(name, x, shape, type, fill, symbol = '') {
  const length = shape.reduce((product, size) => product * size, 1);
  if (x === undefined && fill !== undefined) return new type(length).fill(fill);
  const values = x instanceof type ? x : ${use('numbers')}(name, x, shape, type);
  if (values.length !== length) ${use('wrongLength')}(name, values, symbol + length);
  return values;
}`,

  numbers: ({ own, use }) => `/** The numbers of a list, flat or nested, in an array of \`type\`. */
function ${own.numbers}(name, x, shape, type) {
  let values = ${use('list')}(name, x);
  const lengths = [values.length];
  while (lengths.length < shape.length && typeof values[0] === 'object') {
    const rows = values;
    const { length } = ${own.list}(name, rows[0]);
    lengths.push(length);
    values = [];
    for (const row of rows) {
      if (${own.list}(name, row).length !== length) {
        throw new RangeError(\`\${name}: rows of \${length} and of \${row.length} elements\`);
      }
      for (const value of row) values.push(value);
    }
  }
  if (lengths.length > 1 && lengths.join() !== shape.join()) {
    throw new RangeError(\`\${name}: expected \${shape.join(' x ')}, got \${lengths.join(' x ')}\`);
  }
  for (const value of values) {
    if (typeof value !== 'number') throw new TypeError(\`\${name}: expected numbers, got \${value === null ? value : typeof value}\`);
    if (type === Int32Array && value !== (value | 0)) throw new TypeError(\`\${name}: expected integers, got \${value}\`);
  }
  return new type(values);
}`,

  list: ({ own }) => `/** x, if it is an array. */
function ${own.list}(name, x) {
  if (typeof x === 'object' && x?.length >= 0) return x;
  if (x === undefined) throw new TypeError(\`missing input \${name}\`);
  throw new TypeError(\`\${name}: expected an array, got \${x === null ? x : typeof x}\`);
}`,

  sameSize: ({ own }) => `function ${own.sameSize}(left, p, right, q) {
  if (p !== q) throw new RangeError(\`lengths have to be equal: \${left}\${p}, \${right}\${q}\`);
}`,

  position: ({ own }) => `/** The place of a 1-based index. */
function ${own.position}(name, index, length) {
  if (index >= 1 && index <= length && Number.isInteger(index)) return index - 1;
  throw new RangeError(\`\${name}: index \${index} is out of range 1..\${length}\`);
}`,

  block: ({ own, array }) => `/** So many rows and columns of a matrix whose rows are \`width\` apart. */
function ${own.block}(matrix, at, rows, columns, width) {
  const values = new ${array}(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) values[i * columns + j] = matrix[at + i * width + j];
  }
  return values;
}`,

  number: ({ own }) => `function ${own.number}(name, x) {
  if (typeof x === 'number') return;
  if (x === undefined) throw new TypeError(\`missing input \${name}\`);
  throw new TypeError(\`\${name}: expected a number, got \${x === null ? x : typeof x}\`);
}`,

  integer: ({ own }) => `function ${own.integer}(name, x) {
  if (Number.isInteger(x)) return;
  if (x === undefined) throw new TypeError(\`missing input \${name}\`);
  const got = x === null || typeof x === 'number' ? x : typeof x;
  throw new TypeError(\`\${name}: expected an integer, got \${got}\`);
}`,

  wrongLength: ({ own }) => `function ${own.wrongLength}(name, array, n) {
  if (array === undefined) throw new TypeError(\`missing input \${name}\`);
  throw new RangeError(\`\${name}: expected \${n} elements, got \${array?.length}\`);
}`,
};
