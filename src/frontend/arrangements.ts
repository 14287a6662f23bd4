// Functions that make arrays, or move, join and pick the elements of some. Where mathjs takes lengths, constants and
// formulas of named sizes are accepted: zeros(n, 2), reshape(x, [n, d]).

import type { Node } from '../ir/graph.ts';
import type { Shape, Size } from '../ir/shape.ts';
import { elementsIn } from '../ir/shape.ts';
import {
  addSizes,
  divideSize,
  exactQuotient,
  multiplySizes,
  sameSize,
  sizeText,
  subtractSizes,
} from '../ir/size.ts';
import type { FunctionFacts } from './facts.ts';
import { pick } from './indexing.ts';
import { problemOf } from './limits.ts';
import { arrayText, briefText, type Call, differ } from './mistakes.ts';
import { rangeOf } from './ranges.ts';
import { axisOf } from './reductions.ts';
import {
  constantsOf,
  isElement,
  isList,
  isNeverNegative,
  type Present,
  rankOf,
  shapeOf,
  sizeOf,
  toNode,
} from './values.ts';

const several: FunctionFacts['arity'] = [1, Number.POSITIVE_INFINITY];

// biome-ignore format: one function a line
export const ARRANGEMENTS: Readonly<Record<string, FunctionFacts>> = {
  zeros:     { arity: several, arrays: call => call.b.broadcast(0, lengths(call)) },
  ones:      { arity: several, arrays: call => call.b.broadcast(1, lengths(call)) },
  identity:  { arity: [1, 2], arrays: identity },
  range:     { arity: [2, 4], arrays: rangeCall },
  size:      { arity: [1, 1], arrays: size },
  matrix:    { arity: [1, 1], arrays: matrix },

  reshape:   { arity: [2, 2], arrays: reshape },
  flatten:   { arity: [1, 1], arrays: call => flat(call, call.array(0)) },
  squeeze:   { arity: [1, 1], numbers: (_, [x]) => x, arrays: squeeze },
  concat:    { arity: several, arrays: concat },
  matrixFromRows:    { arity: several, arrays: call => call.b.stack(lines(call)) },
  matrixFromColumns: { arity: several, arrays: call => call.b.permute(call.b.stack(lines(call)), [1, 0]) },
  diag:      { arity: [1, 2], arrays: diag },
  row:       { arity: [2, 2], arrays: call => line(call, 0) },
  column:    { arity: [2, 2], arrays: call => line(call, 1) },
  subset:    { arity: several, arrays: call => pick(call) },
};

/** `zeros(n, m)`, `zeros([n, m])`, `zeros(size(A))`. */
function lengths(call: Call): Shape {
  const { operands, count } = call;
  if (count === 1 && call.rank(0) > 0) {
    return (sizesIn(operands[0].value) ?? [undefined]).map(size => checked(call, 0, size));
  }
  return operands.map(({ value }, at) => checked(call, at, sizeOf(value)));
}

/** The sizes that a vector lists. */
function sizesIn(value: Present): (Size | undefined)[] | undefined {
  if (rankOf(value) !== 1) return undefined;
  return isList(value) ? value.elements.map(sizeOf) : constantsOf(value)?.slice();
}

function checked(call: Call, at: number, size: Size | undefined): Size {
  if (size === undefined || (typeof size === 'number' && !Number.isInteger(size))) {
    throw call.mistakeAt(
      at,
      'length',
      `the lengths in \`${call.name}\` must be constant whole numbers or sizes`,
      'a size is a name in a declaration such as `# @input X: n x 20`, or size(X)[1], or a sum or product of those',
    );
  }
  if (isNegative(size)) {
    throw call.mistakeAt(at, 'length', `a length cannot be negative: ${sizeText(size)}`);
  }
  return size;
}

function isNegative(size: Size): boolean {
  return isNeverNegative(subtractSizes(-1, size));
}

/** Arrays are what mathjs calls matrices already. */
function matrix(call: Call): Present {
  call.array(0);
  return call.operands[0].value;
}

function identity(call: Call): Node {
  const [rows, columns = rows, ...more] = lengths(call);
  if (more.length > 0) throw call.mistake('wrong-arity', '`identity` takes a number of rows and of columns');
  return call.b.real(call.b.eye(rows, columns));
}

/** `range(start, end)`, `range(start, end, step)`, both with the end included unless a last argument is false. */
function rangeCall(call: Call): Present {
  const last = call.operands[call.count - 1];
  const isFlag = last.node.type === 'Constant' && typeof last.node.value === 'boolean';
  const includesEnd = !isFlag || (last.node.type === 'Constant' && last.node.value === true);
  const count = isFlag ? call.count - 1 : call.count;
  if (count < 2 || count > 3) throw call.mistake('wrong-arity', '`range` takes a start, an end and a step');
  const [start, end, step] = call.operands.slice(0, count);
  return rangeOf(call, start, end, step, includesEnd);
}

function size(call: Call): Present {
  call.array(0);
  const shape = shapeOf(call.operands[0].value);
  return { kind: 'list', shape: [shape.length], elements: shape.map(length => call.b.size(length)) };
}

/** The length -1 is whatever is left. */
function reshape(call: Call): Node {
  const { b } = call;
  const x = call.array(0);
  if (call.rank(1) !== 1) {
    throw call.mistakeAt(
      1,
      'length',
      '`reshape` takes a vector of lengths',
      'write reshape(x, [rows, columns])',
    );
  }
  const value = call.operands[1].value;
  const asked = sizesIn(value) ?? [undefined];
  const open = asked.indexOf(-1);
  const shape = asked.map((length, at) => (at === open ? 1 : checked(call, 1, length)));
  const problem = problemOf(shape);
  if (problem !== undefined) throw call.mistakeAt(1, problem.code, problem.message);
  const [elements, known] = [elementsIn(x.shape), elementsIn(shape)];
  if (open < 0) {
    if (differ(elements, known)) throw cannotReshape(call, x, asked);
    return b.reshape(x, shape);
  }
  // What does not divide for sure is compared when the sizes are known.
  const rest =
    exactQuotient(elements, known) ??
    (typeof known === 'number' && known > 0 ? divideSize(elements, known) : undefined);
  if (rest === undefined || differ(elements, multiplySizes(rest, known))) throw cannotReshape(call, x, asked);
  return b.reshape(x, shape.with(open, rest));
}

function cannotReshape(call: Call, x: Node, asked: readonly (Size | undefined)[]) {
  const wanted = asked.map(length => sizeText(length ?? -1)).join('x');
  return call.mistake(
    'shape-mismatch',
    `cannot reshape ${arrayText(x.shape)} to ${wanted}`,
    `there are ${sizeText(elementsIn(x.shape))} elements`,
  );
}

function flat(call: Call, x: Node): Node {
  return call.b.reshape(x, [elementsIn(x.shape)]);
}

function squeeze(call: Call): Node {
  const x = call.node(0);
  return call.b.reshape(
    x,
    x.shape.filter(length => length !== 1),
  );
}

/** Arrays of one rank, along their last dimension or the one that a last number names. */
function concat(call: Call): Node {
  const { b, operands } = call;
  const hasDimension = call.count > 1 && call.rank(call.count - 1) === 0;
  const count = hasDimension ? call.count - 1 : call.count;
  const parts = operands.slice(0, count).map((_, at) => call.array(at));
  const [first] = parts;
  const axis = hasDimension ? axisOf(call, count, first) : first.shape.length - 1;
  for (const part of parts.slice(1)) {
    const fits =
      part.shape.length === first.shape.length &&
      !part.shape.some((length, at) => at !== axis && differ(length, first.shape[at]));
    if (fits) continue;
    throw call.mismatch(
      `cannot join ${briefText(first.shape)} and ${briefText(part.shape)} along dimension ${axis + 1}`,
      'the arrays must agree in all other dimensions; the last argument may name the dimension',
    );
  }
  return b.concat(axis, parts);
}

/** The operands as vectors of one length. */
function lines(call: Call): Node[] {
  const vectors = call.arrays().map(x => {
    if (x.shape.length === 1) return x;
    if (x.shape.length === 2 && x.shape.includes(1)) return flat(call, x);
    throw call.mismatch(`\`${call.name}\` takes vectors, not ${briefText(x.shape)}`);
  });
  const [first] = vectors;
  const other = vectors.find(({ shape: [length] }) => differ(length, first.shape[0]));
  if (other === undefined) return vectors;
  throw call.mismatch(
    `\`${call.name}\` takes vectors of one length: ${briefText(first.shape)} and ${briefText(other.shape)} differ`,
  );
}

/** Of a vector the matrix with it on a diagonal, of a matrix a diagonal; `offset` diagonals above the main one. */
function diag(call: Call): Node {
  const x = call.array(0);
  const offset = call.count === 1 ? 0 : sizeOf(call.operands[1].value);
  if (typeof offset !== 'number') {
    throw call.mistakeAt(1, 'length', 'which diagonal it is must be a constant whole number');
  }
  if (x.shape.length === 1) return diagonalMatrix(call, x, offset);
  if (x.shape.length === 2) return diagonalOf(call, x, offset);
  throw call.mismatch(`\`diag\` takes a vector or a matrix, not ${briefText(x.shape)}`);
}

/** As many rows and columns as it takes to hold the diagonal. */
function diagonalMatrix({ b }: Call, x: Node, offset: number): Node {
  const [count] = x.shape;
  const [above, left] = [Math.max(0, -offset), Math.max(0, offset)];
  const rows = b.expand(b.iota(addSizes(count, above)), [1]);
  const columns = b.iota(addSizes(count, left));
  // The elements stand by rows, unless there are more rows than elements: then by columns.
  const values = offset < 0 ? x : b.expand(x, [1]);
  return b.select(b.eq(b.add(rows, offset), columns), values, 0);
}

function diagonalOf(call: Call, x: Node, offset: number): Node {
  const { b } = call;
  const [rows, columns] = x.shape;
  const [top, left] = [Math.max(0, -offset), Math.max(0, offset)];
  const [below, right] = [subtractSizes(rows, top), subtractSizes(columns, left)];
  const length = shorter(below, right);
  if (length === undefined) {
    throw call.mismatch(
      `the length of a diagonal of ${briefText(x.shape)} is not known`,
      'take a square part of the matrix: A[1:n, 1:n]',
    );
  }
  if (isNegative(length)) {
    throw call.mistake('dimension', `${briefText(x.shape)} has no diagonal ${offset}`);
  }
  const part = b.slice(x, { axis: 0, start: top, step: 1, length });
  return b.diagonal(b.slice(part, { axis: 1, start: left, step: 1, length }));
}

function shorter(p: Size, q: Size): Size | undefined {
  if (sameSize(p, q) || isNeverNegative(subtractSizes(q, p))) return p;
  return isNeverNegative(subtractSizes(p, q)) ? q : undefined;
}

/** One row or column of a matrix, as a matrix. */
function line(call: Call, axis: number): Node {
  const { b, operands } = call;
  const x = call.matrix(0);
  const { value } = operands[1];
  if (rankOf(value) > 0 || isElement(value)) {
    throw call.mistakeAt(1, 'index', `\`${call.name}\` takes one position`, 'for several write A[[1, 3], :]');
  }
  const length = x.shape[1 - axis];
  const all: Present = { kind: 'range', start: 1, step: 1, length, end: length };
  const selections = [value, all].map(each => ({ value: each, node: operands[1].node }));
  const picked = pick(call, axis === 0 ? selections : selections.reverse());
  return b.expand(toNode(b, picked), [axis]);
}
