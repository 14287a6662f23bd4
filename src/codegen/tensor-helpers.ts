// The helpers of a tensor module: what checks and converts arrays on their way in. Each is emitted if it is used.

import type { Program } from '../ir/program.ts';

type Own = Readonly<Record<string, string>>;

/** The texts of the helpers in `used`, and of those that they use. */
export function helpersText(
  own: Own,
  used: ReadonlySet<string>,
  array: 'Float64Array' | 'Float32Array',
  program: Program,
): string[] {
  const needed = new Set(used);
  if (needed.has('fit') || needed.has('sizesOf')) needed.add('flat').add('lengthsOf');
  if (needed.has('fit')) needed.add('wrongLength');
  if (program.inputs.some(({ dtype, shape }) => dtype === 'int' && shape.length > 0)) needed.add('flat');
  return Object.entries(HELPERS)
    .filter(([name]) => needed.has(name))
    .map(([, text]) => text(own, array).trim());
}

const HELPERS: Readonly<Record<string, (own: Own, array: string) => string>> = {
  sizesOf: own => `
/** The named sizes: by their own names, from nested lists, from flat arrays of which all other lengths are known. */
function ${own.sizesOf}(given, shapes) {
  const sizes = {};
  const found = (name, size) => {
    if (sizes[name] !== undefined && sizes[name] !== size) {
      throw new RangeError(\`\${name}: \${sizes[name]} here and \${size} there\`);
    }
    if (!Number.isInteger(size) || size < 0) throw new RangeError(\`\${name}: \${size} is no size\`);
    sizes[name] = size;
  };
  const open = [];
  const names = new Set(Object.values(shapes).flat().filter(size => typeof size === 'string'));
  for (const name of names) if (typeof given[name] === 'number') found(name, given[name]);
  for (const [name, shape] of Object.entries(shapes)) {
    if (given[name] === undefined || given[name] === null) continue;
    const lengths = ${own.lengthsOf}(name, given[name]);
    if (lengths.length === shape.length) {
      shape.forEach((size, axis) => typeof size === 'string' && found(size, lengths[axis]));
    } else if (lengths.length === 1) open.push([name, shape, lengths[0]]);
  }
  for (let isNew = true; isNew; ) {
    isNew = false;
    for (const [name, shape, length] of open) {
      const missing = shape.filter(size => typeof size === 'string' && sizes[size] === undefined);
      if (missing.length !== 1) continue;
      const known = shape.reduce((product, size) => product * (sizes[size] ?? (typeof size === 'number' ? size : 1)), 1);
      if (known === 0 || length % known !== 0) {
        const factor = known === 1 ? '' : known;
        throw new RangeError(\`\${name}: expected \${factor}\${missing[0]} elements, got \${length}\`);
      }
      found(missing[0], length / known);
      isNew = true;
    }
  }
  for (const name of names) {
    if (sizes[name] === undefined) throw new TypeError(\`missing size \${name}: no input tells it, give it by its name\`);
  }
  return sizes;
}`,
  lengthsOf: own => `
/** The lengths of nested lists; one length for a flat list or a typed array. */
function ${own.lengthsOf}(name, x) {
  if (x === undefined || x === null) throw new TypeError(\`missing input \${name}\`);
  if (typeof x !== 'object' || typeof x.length !== 'number') {
    throw new TypeError(\`\${name}: expected an array, got \${typeof x}\`);
  }
  const lengths = [];
  for (let list = x; typeof list === 'object' && list !== null; list = list[0]) lengths.push(list.length);
  return lengths;
}`,
  fit: own => `
/** A flat copy of a tensor of that shape. */
function ${own.fit}(name, x, shape, type) {
  const lengths = ${own.lengthsOf}(name, x);
  const values = ${own.flat}(name, x, type);
  const length = shape.reduce((product, size) => product * size, 1);
  if (lengths.length > 1 && lengths.join() !== shape.join() && length > 0) {
    throw new RangeError(\`\${name}: expected \${shape.join(' x ')}, got \${lengths.join(' x ')}\`);
  }
  if (values.length !== length) ${own.wrongLength}(name, values, length);
  return values;
}`,
  flat: own => `
/** The numbers of a typed array, a list or nested lists, row-major, in a typed array of their own. */
function ${own.flat}(name, x, type) {
  if (ArrayBuffer.isView(x) && type !== Int32Array) return new type(x);
  const values = [];
  const collect = (list, depth) => {
    let length;
    for (let i = 0; i < list.length; i++) {
      const part = list[i];
      if (typeof part === 'object' && part !== null && depth < 8) {
        length ??= part.length;
        if (part.length !== length) throw new RangeError(\`\${name}: rows of \${length} and of \${part.length} elements\`);
        collect(part, depth + 1);
      } else if (typeof part !== 'number' || length !== undefined) {
        throw new TypeError(\`\${name}: expected numbers, got \${part === null ? part : typeof part}\`);
      } else if (type === Int32Array && !Number.isInteger(part)) {
        throw new TypeError(\`\${name}: expected integers, got \${part}\`);
      } else values.push(part);
    }
  };
  collect(x, 1);
  return new type(values);
}`,
  number: own => `
/** x, if it is a number. */
function ${own.number}(name, x) {
  if (typeof x === 'number') return x;
  if (x === undefined) throw new TypeError(\`missing input \${name}\`);
  throw new TypeError(\`\${name}: expected a number, got \${x === null ? x : typeof x}\`);
}`,
  integer: own => `
/** x, if it is an integer. */
function ${own.integer}(name, x) {
  if (Number.isInteger(x)) return x;
  if (x === undefined) throw new TypeError(\`missing input \${name}\`);
  throw new TypeError(\`\${name}: expected an integer, got \${x === null || typeof x === 'number' ? x : typeof x}\`);
}`,
  position: own => `
/** The place of a 1-based index. */
function ${own.position}(name, index, length) {
  if (index >= 1 && index <= length && index === Math.floor(index)) return index - 1;
  throw new RangeError(\`\${name}: \${index} is no index from 1 to \${length}\`);
}`,
  agree: own => `
/** Two lengths that have to be the same. */
function ${own.agree}(left, p, right, q) {
  if (p !== q) throw new RangeError(\`the sizes \${left} = \${p} and \${right} = \${q} differ\`);
}`,
  block: (own, array) => `
/** Rows and columns of a matrix of \`width\` columns. */
function ${own.block}(matrix, width, row, rows, column, columns) {
  const values = new ${array}(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) values[i * columns + j] = matrix[(row + i) * width + column + j];
  }
  return values;
}`,
  wrongLength: own => `
function ${own.wrongLength}(name, array, n) {
  if (array === undefined) throw new TypeError(\`missing input \${name}\`);
  throw new RangeError(\`\${name}: expected \${n} elements, got \${array?.length}\`);
}`,
};
