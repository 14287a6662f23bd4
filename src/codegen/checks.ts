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

  sizesOf: ({ own, use }) => `/**
 * The sizes in \`names\`: given by name, or told by the arrays in \`given\`, whose shapes are \`shapes\`. Names of \`inputs\`
 * do not give sizes.
 */
function ${own.sizesOf}(names, given, shapes, inputs = []) {
  const sizes = new Map();
  const reasons = new Map();
  const find = name => {
    return Object.hasOwn(given, name) || !(name in Object.prototype) ? given[name] : undefined;
  };
  for (const size of names) {
    const length = inputs.includes(size) ? undefined : find(size);
    if (length === undefined) continue;
    if (!Number.isInteger(length) || length < 0) {
      throw new TypeError(\`\${size}: expected a length, got \${length}\`);
    }
    sizes.set(size, length);
    reasons.set(size, \`\${size} = \${length} is given\`);
  }
  // The length of a flat array is the product of all lengths; nested lists have one for each axis.
  const facts = [];
  for (const [name, shape] of Object.entries(shapes)) {
    const x = find(name);
    if (x === undefined) continue;
    const lengths = ${use('lengthsOf')}(name, x, shape.length);
    const products = lengths.length === 1 ? [shape] : shape.map(size => [size]);
    for (const [k, length] of lengths.entries()) {
      facts.push({ name, shape, lengths, product: products[k], length });
    }
  }
  const valueOf = product => product.reduce((value, size) => value * (sizes.get(size) ?? size), 1);
  const isKnown = size => !Number.isNaN(valueOf([size]));
  for (let count = -1; count < sizes.size; ) {
    count = sizes.size;
    for (const { name, product, length } of facts) {
      const unknown = product.filter(size => !isKnown(size));
      const power = length / valueOf(product.filter(isKnown));
      if (new Set(unknown).size !== 1 || !Number.isFinite(power)) continue;
      const value = Math.round(power ** (1 / unknown.length));
      sizes.set(unknown[0], value);
      reasons.set(unknown[0], \`\${name} says \${unknown[0]} = \${value}\`);
    }
  }
  for (const fact of facts) {
    const total = valueOf(fact.product);
    if (!Number.isNaN(total) && total !== fact.length) ${use('wrongSize')}(fact, total, reasons);
  }
  for (const size of names) {
    if (sizes.has(size)) continue;
    const tellers = Object.keys(shapes).filter(name => {
      return find(name) === undefined && shapes[name].includes(size);
    });
    const input = tellers.length === 0 ? '' : \`input \${tellers.join(' or ')}, or the \`;
    throw new TypeError(\`missing \${input}size \${size}\`);
  }
  return Object.fromEntries(sizes);
}`,

  lengthsOf: ({ own, use }) => `/** The lengths of nested lists along all axes, or that of a flat list. */
function ${own.lengthsOf}(name, x, rank) {
  const lengths = [${use('list')}(name, x).length];
  for (let part = x[0]; typeof part === 'object' && part !== null; part = part[0]) {
    if (lengths.length === rank) break;
    lengths.push(part.length);
  }
  return lengths.length === rank ? lengths : lengths.slice(0, 1);
}`,

  wrongSize: ({ own }) => `/** Throws: an array has not as many elements as the sizes say that others tell. */
function ${own.wrongSize}({ name, shape, lengths, product }, total, reasons) {
  const names = product.filter(size => typeof size === 'string');
  const others = names.map(size => reasons.get(size)).filter(text => !text.startsWith(\`\${name} \`));
  const factor = product.reduce((value, size) => (typeof size === 'number' ? value * size : value), 1);
  const symbol = \`\${factor === 1 ? '' : factor}\${names.join('*')}\`;
  const value = others.length === names.length ? \` = \${total}\` : '';
  const expected = lengths.length === 1 ? \`\${symbol}\${value} elements\` : shape.join(' x ');
  const because = others.length === 0 ? '' : \` (\${[...new Set(others)].join(', ')})\`;
  throw new RangeError(\`\${name}: expected \${expected}, got \${lengths.join(' x ')}\${because}\`);
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
    if (typeof value !== 'number') {
      throw new TypeError(\`\${name}: expected numbers, got \${value === null ? value : typeof value}\`);
    }
    if (type === Int32Array && value !== (value | 0)) {
      throw new TypeError(\`\${name}: expected integers, got \${value}\`);
    }
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
  const of = name === 'index' ? '' : \`\${name}: \`;
  throw new RangeError(\`\${of}index \${index} is out of range 1..\${length}\`);
}`,

  block: ({ own, array }) => `/** So many rows and columns of a matrix whose rows are \`width\` apart. */
function ${own.block}(matrix, at, rows, columns, width) {
  const values = new ${array}(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) values[i * columns + j] = matrix[at + i * width + j];
  }
  return values;
}`,

  strided: ({ own, array }) => `/** The elements of a tensor that stand at + index . strides. */
function ${own.strided}(values, at, lengths, strides) {
  let places = [at];
  for (const [axis, length] of lengths.entries()) {
    places = places.flatMap(place => Array.from({ length }, (_, k) => place + k * strides[axis]));
  }
  return ${array}.from(places, place => values[place]);
}`,

  symmetrise: ({
    own,
  }) => `/** Takes elements of a symmetric tensor whose indices do not ascend from where two of these are exchanged. */
function ${own.symmetrise}(tensor, width, length) {
  for (let at = 1; at < length; at++) {
    for (let rest = at, stride = 1; rest >= width; rest = Math.floor(rest / width), stride *= width) {
      const descent = (Math.floor(rest / width) % width) - (rest % width);
      if (descent > 0) tensor[at] = tensor[at - descent * stride * (width - 1)];
    }
  }
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
