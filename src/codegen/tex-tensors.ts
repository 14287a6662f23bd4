// Tensors in LaTeX. A vector is a column, so a vector that broadcasts along the rows of a matrix is written transposed.
// Products that are matrix products are written as such; everything else has indices: [sum_k A_ik B_ijk]_ij is the matrix
// whose element ij is that sum. Ranges and positions are 1-based and inclusive, as in the language.

import type { AttrsOf, Node, Scan, Stretch } from '../ir/graph.ts';
import type { OpName } from '../ir/ops.ts';
import { elementsIn, type Shape } from '../ir/shape.ts';
import { type Subscripts, subscriptsOf } from '../ir/shapes.ts';
import { addSizes, monomialsOf, multiplySizes, type Size, sameSize } from '../ir/size.ts';
import { texName } from './tex-names.ts';
import {
  ATOM,
  atom,
  body,
  call,
  difference,
  exponential,
  FUNCTION,
  operand,
  POWER,
  PRODUCT,
  product,
  quotient,
  SUM,
  sum,
  type Term,
  term,
  texNumber,
  whole,
} from './tex-terms.ts';

/** Names of indices that no symbol of the document has. */
export type Letters = readonly string[];

/** A tensor with more numbers than this is not written out. */
const MOST_NUMBERS = 8;

/** Vectors as rows where they meet a matrix. */
export function asRows(operands: readonly Term[], { shape, inputs }: Node): readonly Term[] {
  if (shape.length !== 2) return operands;
  return operands.map((x, i) => (inputs[i].shape.length === 1 ? transposed(x) : x));
}

/** A product of elements: `s x`, `x \odot y`; of a column and a row `x y^\top`. */
export function elementwiseProduct([x, y]: readonly Term[], { inputs: [p, q] }: Node): Term {
  if (isOne(p.shape) || isOne(q.shape)) return product(x, y);
  if (isColumn(p.shape) && isRow(q.shape)) return product(x, y);
  if (isColumn(q.shape) && isRow(p.shape)) return product(y, x);
  const text = `${body(x, POWER)} \\odot ${body(y, POWER)}`;
  return { ...term(text, PRODUCT), minus: x.minus !== y.minus };
}

/** `X^{\circ 2}`: the power of each element. */
export function elementwisePower([x, y]: readonly Term[]): Term {
  return term(`${operand(x, ATOM)}^{\\circ ${operand(y, ATOM)}}`, POWER);
}

/** The identity matrix as a mask. */
export function isEye({ op, inputs }: Node): boolean {
  return (
    op === 'eq' && inputs.every(x => x.op === 'iota' || (x.op === 'reshape' && x.inputs[0].op === 'iota'))
  );
}

export function contraction([x, y]: readonly Term[], node: Node, letters: Letters): Term {
  const subscripts = subscriptsOf((node.attrs as AttrsOf['contract']).subscripts);
  return matrixProduct(x, y, subscripts) ?? indexedProduct(x, y, subscripts, letters);
}

/** A product of vectors and matrices over one letter. */
function matrixProduct(x: Term, y: Term, { x: p, y: q, out }: Subscripts): Term | null {
  const summed = [...p].filter(letter => !out.includes(letter));
  if (p.length > 2 || q.length > 2 || summed.length !== 1) return null;
  const [s] = summed;
  const [a, b] = [p.replace(s, ''), q.replace(s, '')];
  const times = (left: Term, right: Term, isLeftTurned: boolean, isRightTurned: boolean): Term => {
    const factors = [isLeftTurned ? transposed(left) : left, isRightTurned ? transposed(right) : right];
    return term(factors.map(factor => operand(factor, POWER)).join(' '), PRODUCT);
  };
  const isRowTimesMatrix = a === '' && b !== '';
  if (out === a + b && !isRowTimesMatrix) return times(x, y, p[0] === s, q[0] !== s);
  return out === b + a ? times(y, x, q[0] === s, p[0] !== s) : null;
}

function indexedProduct(x: Term, y: Term, { x: p, y: q, out }: Subscripts, letters: Letters): Term {
  const order = [...new Set(out + p + q)];
  const named = (own: string): string =>
    [...own].map(each => letterAt(letters, order.indexOf(each))).join('');
  const summed = order.filter(letter => !out.includes(letter)).join('');
  const text = `\\sum_{${named(summed)}} ${indexed(x, named(p)).text} ${indexed(y, named(q)).text}`;
  return withFree(term(text, PRODUCT), named(out));
}

const BIG_OPERATORS: Readonly<Partial<Record<OpName, string>>> = {
  reduceSum: '\\sum',
  reduceProd: '\\prod',
  reduceMax: '\\max',
  reduceMin: '\\min',
  any: '\\bigvee',
  argmax: '\\operatorname{arg\\,max}',
  argmin: '\\operatorname{arg\\,min}',
};

/** `\sum_{j}`, `\max_{j}`, ... over the elements of `x`. */
export function reduction([x]: readonly Term[], node: Node, letters: Letters): Term {
  const { all, over, free } = indicesOf(node, letters);
  const precedence = node.op === 'reduceSum' ? PRODUCT : SUM;
  return withFree(term(`${BIG_OPERATORS[node.op]}_{${over}} ${indexed(x, all).text}`, precedence), free);
}

export function norm([x]: readonly Term[], node: Node, letters: Letters): Term {
  const { free, dotted } = indicesOf(node, letters);
  const of = free === '' ? whole(x) : indexed(x, dotted).text;
  return withFree(atom(`\\left\\|${of}\\right\\|`), free);
}

export function logsumexp([x]: readonly Term[], node: Node, letters: Letters): Term {
  const { all, over, free } = indicesOf(node, letters);
  const total = term(`\\sum_{${over}} ${exponential(indexed(x, all)).text}`, PRODUCT);
  return withFree(call('\\ln', total), free);
}

/** The indices of the operand of a reduction: all of them, those it goes over, those that are left. */
function indicesOf({ inputs: [x], attrs }: Node, letters: Letters) {
  const { axes } = attrs as AttrsOf['reduceSum'];
  const names = x.shape.map((_, axis) => letterAt(letters, axis));
  return {
    all: names.join(''),
    over: names.filter((_, axis) => axes.includes(axis)).join(''),
    free: names.filter((_, axis) => !axes.includes(axis)).join(''),
    dotted: names.map((name, axis) => (axes.includes(axis) ? ' \\cdot ' : name)).join(''),
  };
}

/** `2 \cdot \mathbf{1}`; what is no scalar says which of its elements goes where. */
export function broadcast([x]: readonly Term[], node: Node, letters: Letters): Term {
  const [{ op, shape, attrs }] = node.inputs;
  if (sameElements(shape, node.shape)) return reshape([x], node);
  if (op === 'const' && attrs.value === 1) return ONES;
  if (isOne(shape)) return product(x, ONES);
  const names = node.shape.map((_, axis) => letterAt(letters, axis));
  const own = names
    .slice(names.length - shape.length)
    .map((name, axis) => (shape[axis] === 1 ? '1' : name))
    .join('');
  return withFree(indexed(x, own), names.join(''));
}

/** Vectors, columns and rows are one thing but for a transposition. */
export function reshape([x]: readonly Term[], { shape, inputs: [{ shape: from }] }: Node): Term {
  const isLine = (each: Shape) => each.length < 2 || isColumn(each) || isRow(each);
  const lengths = [from, shape].map(each => each.filter(size => size !== 1));
  if (isOne(from) && isOne(shape)) return x;
  if (lengths[0].length === 1 && lengths[1].length === 1 && isLine(from) && isLine(shape)) {
    const stands = (each: Shape) => each.length === 1 || each[1] === 1;
    return stands(from) === stands(shape) ? x : transposed(x);
  }
  return call(`\\operatorname{reshape}_{${shapeText(shape)}}`, x, false);
}

export function permute([x]: readonly Term[], node: Node, letters: Letters): Term {
  const { permutation } = node.attrs as AttrsOf['permute'];
  if (permutation.length === 2) return transposed(x);
  const names = permutation.map((_, axis) => letterAt(letters, axis));
  const own = permutation.map((_, axis) => names[permutation.indexOf(axis)]);
  return withFree(indexed(x, own.join('')), names.join(''));
}

/** `X_{:,2:5}`. */
export function slice([x]: readonly Term[], { attrs, shape }: Node): Term {
  return indexed(x, along(shape, (attrs as Stretch).axis, rangeText(attrs as Stretch)));
}

/** Zeros but at the positions that the subscript names. */
export function pad([x]: readonly Term[], { attrs, shape, inputs }: Node): Term {
  const stretch = attrs as Stretch;
  const range = rangeText({ ...stretch, length: inputs[0].shape[stretch.axis] });
  return call(`\\operatorname{pad}_{${along(shape, stretch.axis, range)}}`, x, false);
}

export function element([x]: readonly Term[], { attrs, inputs: [{ shape }] }: Node): Term {
  return indexed(
    x,
    positionsOf((attrs as AttrsOf['element']).position, shape as readonly number[]).join(','),
  );
}

export function gather([x, index]: readonly Term[], { attrs, inputs }: Node): Term {
  return indexed(x, along(inputs[0].shape, (attrs as AttrsOf['gather']).axis, whole(index)));
}

export function scatterAdd([x, index]: readonly Term[], { attrs, shape }: Node): Term {
  const at = along(shape, (attrs as AttrsOf['scatterAdd']).axis, whole(index));
  return call(`\\operatorname{scatter}_{${at}}`, x, false);
}

/** Vectors in a row, matrices below or beside one another. */
export function concat(operands: readonly Term[], { attrs, shape }: Node): Term {
  const { axis } = attrs as AttrsOf['concat'];
  const parts = operands.map(whole);
  if (shape.length === 1) return tuple(parts);
  if (shape.length === 2) return matrix(parts.join(axis === 0 ? ' \\\\ ' : ' & '));
  return call(`\\operatorname{concat}_{${axis + 1}}`, atom(parts.join(', ')), false);
}

export function scan([x]: readonly Term[], { op, attrs, shape }: Node): Term {
  const { axis, exclusive, reverse } = attrs as Scan;
  const how = [exclusive ? '<' : '', reverse ? '\\leftarrow' : ''].filter(mark => mark !== '').join(',');
  const over = shape.length > 1 ? `_{${axis + 1}}` : '';
  return call(`\\operatorname{${op}}${over}${how === '' ? '' : `^{${how}}`}`, x, false);
}

export function array(attrs: AttrsOf['array']): Term {
  const { shape, values } = attrs;
  const texts = values.map(value => whole(texNumber(value)));
  const isMatrix = shape.length === 2 && shape.every(size => size <= MOST_NUMBERS);
  if (!isMatrix) {
    const numbers = tuple(texts);
    return shape.length === 1
      ? numbers
      : call(`\\operatorname{reshape}_{${shapeText(shape)}}`, numbers, false);
  }
  const [rows, columns] = shape;
  const lines = Array.from({ length: rows }, (_, row) => texts.slice(row * columns, (row + 1) * columns));
  return matrix(lines.map(line => line.join(' & ')).join(' \\\\ '));
}

export function iota({ length }: AttrsOf['iota']): Term {
  if (typeof length === 'number') return tuple(Array.from({ length }, (_, i) => String(i)));
  return atom(`\\left(0, 1, \\ldots, ${whole(texSize(addSizes(length, -1)))}\\right)`);
}

/** A size as a formula. */
export function texSize(size: Size): Term {
  if (typeof size === 'number') return texNumber(size);
  const terms = monomialsOf(size).map(({ coefficient, atoms }) => {
    const factors = atoms.map(each =>
      typeof each === 'string'
        ? atom(texName(each))
        : atom(
            `\\left\\lfloor ${whole(quotient(texSize(each.numerator), texNumber(each.divisor)))} \\right\\rfloor`,
          ),
    );
    if (factors.length === 0) return texNumber(coefficient);
    const all = factors.reduce(product);
    if (Math.abs(coefficient) === 1) return { ...all, minus: coefficient < 0 };
    return product(texNumber(coefficient), all);
  });
  return terms.reduce((total, each) =>
    each.minus ? difference(total, { ...each, minus: false }) : sum(total, each),
  );
}

/** The 1-based indices of the element at a row-major position. */
export function positionsOf(position: number, shape: readonly number[]): number[] {
  const indices: number[] = [];
  let rest = position;
  for (const size of shape.toReversed()) {
    indices.unshift((rest % size) + 1);
    rest = Math.floor(rest / size);
  }
  return indices;
}

const ONES = atom('\\mathbf{1}');

function transposed(x: Term): Term {
  return term(`${operand(x, ATOM)}^{\\top}`, POWER);
}

/** The element of `x` with these subscripts; a name that has a subscript keeps it apart. */
function indexed(x: Term, subscripts: string): Term {
  if (subscripts === '') return atom(operand(x, POWER));
  const isCall = x.text.endsWith('\\right)');
  const base = operand(x, isCall ? FUNCTION : ATOM);
  const isApart = base.includes('_') && !base.endsWith('\\right)');
  return atom(`${isApart ? `{${base}}` : base}_{${subscripts}}`);
}

/** The tensor whose elements `x` is, if there are free indices. */
function withFree(x: Term, free: string): Term {
  return free === '' ? x : atom(`\\left[${whole(x)}\\right]_{${free}}`);
}

function along(shape: Shape, axis: number, text: string): string {
  return shape.map((_, at) => (at === axis ? text : ':')).join(',');
}

/** `2:5`, `9:-2:1`, or one position. */
function rangeText({ start, step, length }: Pick<Stretch, 'start' | 'step' | 'length'>): string {
  const first = addSizes(start, 1);
  if (sameSize(length, 1)) return whole(texSize(first));
  const last = addSizes(first, multiplySizes(step, addSizes(length, -1)));
  const ends = [first, ...(step === 1 ? [] : [step]), last];
  return ends.map(end => whole(texSize(end))).join(':');
}

function shapeText(shape: Shape): string {
  return shape.map(size => operand(texSize(size), PRODUCT)).join(' \\times ');
}

function tuple(parts: readonly string[]): Term {
  const shown = parts.length <= MOST_NUMBERS ? parts : [...parts.slice(0, 3), '\\ldots', parts.at(-1)!];
  return atom(`\\left(${shown.join(', ')}\\right)`);
}

function matrix(rows: string): Term {
  return atom(`\\begin{pmatrix} ${rows} \\end{pmatrix}`);
}

function letterAt(letters: Letters, position: number): string {
  return letters[position] ?? `\\iota_{${position + 1}}`;
}

/** True if a broadcast only adds axes of length 1. */
function sameElements(from: Shape, to: Shape): boolean {
  return sameSize(elementsIn(from), elementsIn(to));
}

function isOne(shape: Shape): boolean {
  return shape.every(size => size === 1);
}

function isColumn(shape: Shape): boolean {
  return shape.length === 2 && shape[1] === 1 && shape[0] !== 1;
}

/** What broadcasts along rows: a vector, or a matrix of one row. */
function isRow(shape: Shape): boolean {
  return shape.length === 1 || (shape.length === 2 && shape[0] === 1);
}
