// Products, quotients and powers as mathjs has them by rank: `*` of two vectors is their dot product, of matrices the
// matrix product, of a number and anything elementwise. What mathjs does by an inverse is refused.

import { constantOf } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import type { Shape, Size } from '../ir/shape.ts';
import { multiplySizes, sizeText } from '../ir/size.ts';
import type { FunctionFacts } from './facts.ts';
import { arrayText, briefText, type Call, differ } from './mistakes.ts';
import { type Present, shapeOf } from './values.ts';

const several: FunctionFacts['arity'] = [2, Number.POSITIVE_INFINITY];

// biome-ignore format: one function a line
export const PRODUCTS: Readonly<Record<string, FunctionFacts>> = {
  multiply:   { arity: several, numbers: (b, args) => args.reduce((x, y) => b.mul(x, y)), arrays: multiply },
  divide:     { arity: [2, 2], numbers: (b, [x, y]) => b.div(x, y), arrays: divide },
  pow:        { arity: [2, 2], numbers: (b, [x, y]) => b.pow(x, y), arrays: power },
  transpose:  { arity: [1, 1], numbers: (_, [x]) => x, arrays: transpose },
  ctranspose: { arity: [1, 1], numbers: (_, [x]) => x, arrays: transpose },
  dot:        { arity: [2, 2], arrays: dot },
  outer:      { arity: [2, 2], arrays: outer },
  kron:       { arity: [2, 2], arrays: kron },
  cross:      { arity: [2, 2], arrays: cross },
  trace:      { arity: [1, 1], numbers: (_, [x]) => x, arrays: call => call.b.reduceSum(call.b.diagonal(square(call))) },
};

/** The subscripts of a product, by the ranks of its operands. */
const SUBSCRIPTS: Readonly<Record<string, string>> = {
  '1,1': 'a,a->',
  '1,2': 'a,ab->b',
  '2,1': 'ab,b->a',
  '2,2': 'ab,bc->ac',
};

function multiply(call: Call): Node {
  return call.nodes().reduce((x, y) => product(call, x, y));
}

function product(call: Call, x: Node, y: Node): Node {
  const { b } = call;
  if (x.shape.length === 0 || y.shape.length === 0) return b.mul(x, y);
  const subscripts = SUBSCRIPTS[`${x.shape.length},${y.shape.length}`];
  if (subscripts === undefined) {
    throw call.mismatch(
      cannotMultiply(x, y),
      '`*` is for vectors and matrices: write `.*` for elements, einsum for axes',
    );
  }
  const [p, q] = [x.shape[x.shape.length - 1], y.shape[0]];
  if (!differ(p, q)) return b.contract(subscripts, x, y);
  throw call.mismatch(
    cannotMultiply(x, y),
    `inner sizes ${sizeText(p)} and ${sizeText(q)} differ`,
    ...elementwiseHint(x, y),
  );
}

function cannotMultiply(x: Node, y: Node): string {
  return `cannot multiply ${briefText(x.shape)} by ${briefText(y.shape)}`;
}

function elementwiseHint(x: Node, y: Node): string[] {
  const isAlike = x.shape.length === y.shape.length && !x.shape.some((size, at) => differ(size, y.shape[at]));
  return isAlike ? ['the product of elements is written `.*`'] : [];
}

function divide(call: Call): Node {
  if (call.rank(1) === 0) return call.b.div(call.node(0), call.node(1));
  const [x, y] = call.operands.map(({ value }) => arrayText(shapeOf(value)));
  throw call.mismatch(
    `cannot divide ${x} by ${y}`,
    'the quotient of elements is written `./`; `/` by a matrix would take its inverse, which is not there yet',
  );
}

/** A number to a number, or a square matrix to a constant whole number. */
function power(call: Call): Node {
  const { b } = call;
  const [base, exponent] = call.operands.map(({ value }) => value);
  if (call.rank(1) > 0 || call.rank(0) !== 2) {
    const [x, y] = [base, exponent].map(value => arrayText(shapeOf(value)));
    throw call.mismatch(`cannot raise ${x} to the power ${y}`, 'the power of elements is written `.^`');
  }
  const x = square(call);
  const times = constantOf(call.node(1));
  if (times === undefined || !Number.isInteger(times) || times < 0) {
    throw call.mistakeAt(
      1,
      'matrix-power',
      times !== undefined && Number.isInteger(times)
        ? 'a negative power of a matrix would take its inverse, which is not there yet'
        : 'the power of a matrix must be a constant whole number',
      'the power of elements is written `.^`',
    );
  }
  if (times === 0) return b.real(b.eye(x.shape[0], x.shape[1]));
  let result: Node | undefined;
  let squared = x;
  for (let rest = times; ; ) {
    if (rest % 2 === 1) result = result === undefined ? squared : b.contract('ab,bc->ac', result, squared);
    rest = Math.floor(rest / 2);
    if (rest === 0) return result!; // the highest bit is set
    squared = b.contract('ab,bc->ac', squared, squared);
  }
}

function transpose(call: Call): Node {
  const x = call.node(0);
  if (x.shape.length === 1) return x;
  if (x.shape.length === 2) return call.b.permute(x, [1, 0]);
  throw call.mismatch(
    `cannot transpose ${briefText(x.shape)}`,
    'only vectors and matrices are transposed; write einsum for the axes of others',
  );
}

function dot(call: Call): Node {
  const shapes = call.operands.map(({ value }) => shapeOf(value));
  const other = (at: number): Shape | undefined => (shapes[1 - at].length === 1 ? shapes[1 - at] : undefined);
  const [x, y] = call.arrays(other).map(node => column(call, node));
  if (!differ(x.shape[0], y.shape[0])) return call.b.contract('a,a->', x, y);
  throw call.mismatch(
    `the dot product of ${sizeText(x.shape[0])} and ${sizeText(y.shape[0])} elements`,
    'both must have the same length',
  );
}

/** A vector, or a matrix of one column. */
function column(call: Call, x: Node): Node {
  if (x.shape.length === 1) return x;
  if (x.shape.length === 2 && x.shape[1] === 1) return call.b.drop(x, 1);
  throw call.mismatch(
    `\`dot\` takes vectors, not ${briefText(x.shape)}`,
    'the product of matrices is written `*`, the sum of the products of all elements sum(A .* B)',
  );
}

function outer(call: Call): Node {
  const [x, y] = call.arrays();
  const other = [x, y].find(({ shape }) => shape.length !== 1);
  if (other === undefined) return call.b.contract('a,b->ab', x, y);
  throw call.mismatch(`\`outer\` takes vectors, not ${briefText(other.shape)}`, 'flatten(A) is a vector');
}

/** Each element of the first times the whole second. Of two vectors a vector. */
function kron(call: Call): Node {
  const { b } = call;
  const [x, y] = call.arrays();
  const rank = Math.max(x.shape.length, y.shape.length);
  if (rank > 2) throw call.mismatch('`kron` takes vectors and matrices');
  const [p, q] = [x, y].map(({ shape }) => (shape.length < rank ? [1, ...shape] : shape));
  const spread = b.mul(b.reshape(x, interleaved(p, true)), b.reshape(y, interleaved(q, false)));
  return b.reshape(
    spread,
    p.map((size, axis) => multiplySizes(size, q[axis])),
  );
}

/** An axis of length 1 after or before each. */
function interleaved(shape: Shape, after: boolean): Size[] {
  return shape.flatMap(size => (after ? [size, 1] : [1, size]));
}

/** Of two vectors of 3 a vector; a row if one of them is a matrix. */
function cross(call: Call): Present {
  const { b } = call;
  const operands = call.arrays(() => [3]);
  const [x, y] = operands.map(node => {
    const long = node.shape.filter(size => size !== 1);
    if (node.shape.length > 2 || long.length !== 1 || differ(long[0], 3)) {
      throw call.mismatch(`\`cross\` takes vectors of 3, not ${briefText(node.shape)}`);
    }
    const components = b.reshape(node, [3]);
    return [1, 2, 3].map(position => b.gather(components, position, 0));
  });
  const minor = (i: number, j: number): Node => b.sub(b.mul(x[i], y[j]), b.mul(x[j], y[i]));
  const isVector = operands.every(({ shape }) => shape.length === 1);
  return { kind: 'list', shape: isVector ? [3] : [1, 3], elements: [minor(1, 2), minor(2, 0), minor(0, 1)] };
}

/** The first operand, which has to be a square matrix. */
function square(call: Call): Node {
  const x = call.matrix(0);
  const [rows, columns] = x.shape;
  if (differ(rows, columns)) {
    const what =
      call.name === 'pow' ? 'only a square matrix has powers' : `\`${call.name}\` takes a square matrix`;
    throw call.mismatch(`${what}, not ${briefText(x.shape)}`);
  }
  call.b.graph.require(rows, columns);
  return x;
}
