// Calls of the kernels for matrix products (product.ts, gram.ts): where the first element of each matrix stands, and the distances
// between neighbours in its two directions. Views of an array are such matrices too.

import type { Node } from '../../ir/graph.ts';
import type { Size } from '../../ir/size.ts';
import type { KernelUnit, RowBlocks } from './blocks.ts';
import type { Elements, Environment } from './elements.ts';
import type { Access } from './reads.ts';
import { type Index, isView, LoopVariable, throughView, variableIndex } from './space.ts';
import type { ProductUnit } from './units.ts';
import type { ArrayRef, Place, Statement } from './values.ts';
import { placeIn } from './writer.ts';

/** What a kernel reads and fills, at indices in variables of its own. */
interface Matrices {
  /** Those of rows, columns and sums. */
  readonly variables: readonly [LoopVariable, LoopVariable, LoopVariable];
  /** Stored nodes and leaves. */
  readonly operands: readonly Access[];
  readonly target: readonly Index<undefined>[];
}

/** Rows that are computed at a time, and the place of these in arrays of all rows. */
type Rows = Pick<RowBlocks, 'first' | 'count' | 'directions'>;

/** The matrices of a kernel, its operands through views down to what is stored. */
export function matricesOf(unit: KernelUnit, stored: ReadonlySet<Node>): Matrices {
  if (unit.kind === 'gram') {
    const { i, k, factor, weight } = unit.gram;
    const j = new LoopVariable(i.size);
    const operands = weight === undefined ? [factor] : [factor, weight];
    return {
      variables: [i, j, k],
      operands: operands.map(each => sourceOf(each, stored)),
      target: [variableIndex(i), variableIndex(j)],
    };
  }
  const { rows, columns, inner, a, b, c } = unit.product;
  const letters = { i: new LoopVariable(rows), j: new LoopVariable(columns), k: new LoopVariable(inner) };
  const { i, j, k } = letters;
  const indexOf = (own: readonly (keyof typeof letters)[]) =>
    own.map((letter): Index<undefined> => variableIndex(letters[letter]));
  const [x, y] = unit.node.inputs;
  return {
    variables: [i, j, k],
    operands: [
      sourceOf({ node: x, index: indexOf(a) }, stored),
      sourceOf({ node: y, index: indexOf(b) }, stored),
    ],
    target: indexOf(c),
  };
}

/** The call that fills the array of a product, or adds to it the sums over a block of `rows`. */
export function kernelCall(
  unit: KernelUnit,
  elements: Elements,
  stored: ReadonlySet<Node>,
  environment: Environment,
  rows?: Rows,
): Statement {
  const { variables, operands, target } = matricesOf(unit, stored);
  const [i, j, k] = variables;
  const inRows = rows && variables[rows.directions.get(unit)!]; // a member
  const lengthOf = (variable: LoopVariable): Size | Place =>
    rows !== undefined && variable === inRows ? variableIndex(rows.count) : variable.size;
  const matrix = (
    array: ArrayRef,
    index: readonly Index<undefined>[],
    directions: readonly LoopVariable[],
  ) => {
    const { constant, terms } = placeIn(array, index);
    const step = inRows && array.blockAxis === undefined ? terms.get(inRows) : undefined;
    const start: Place = {
      constant,
      terms: new Map(rows === undefined || step === undefined ? [] : [[rows.first, step]]),
      dynamic: [],
    };
    return [array.name, start, ...directions.map((variable): Size => terms.get(variable) ?? 0)];
  };
  const source = (at: number, directions: readonly LoopVariable[]) =>
    matrix(elements.sourceOf(operands[at].node), operands[at].index, directions);
  const adds = rows !== undefined && isSummed(unit, rows) ? 'true' : 'false';
  const result = matrix(elements.arrayOf(unit.node), target, [i, j]);
  if (unit.kind === 'gram') {
    const { name, panel } = environment.gram(i.size);
    const weight = operands.length === 1 ? ['null', 0, 0] : source(1, [k]);
    const sizes = [lengthOf(i), lengthOf(k)];
    const given = [...sizes, ...source(0, [i, k]), ...weight, ...result, panel, adds];
    return { kind: 'call', name, comment: '', arguments: given };
  }
  const sizeOf = (variable: LoopVariable) =>
    rows !== undefined && variable === inRows ? rows.count.size : variable.size;
  const { name, panel } = environment.product(sizeOf(k), [i, j].map(sizeOf));
  return {
    kind: 'call',
    name,
    comment: commentOf(unit.node, unit.product, environment.nameOf),
    arguments: [
      ...[i, j, k].map(lengthOf),
      ...source(0, [i, k]),
      ...source(1, [k, j]),
      ...result,
      panel,
      adds,
    ],
  };
}

/** True if a kernel sums over rows that come in blocks, so that it adds to what those before have left. */
export function isSummed(unit: KernelUnit, { directions }: Pick<RowBlocks, 'directions'>): boolean {
  return directions.get(unit) === 2;
}

/** Where a kernel finds an operand, through its views. */
function sourceOf({ node, index }: Access, stored: ReadonlySet<Node>): Access {
  let [at, where] = [node, index];
  for (; isView(at) && !stored.has(at); [at] = at.inputs) where = throughView(at, where);
  return { node: at, index: where };
}

/** `H = X * W1`, if all three have names. */
function commentOf(
  node: ProductUnit['node'],
  { a, b }: ProductUnit['product'],
  nameOf: Environment['nameOf'],
): string {
  const matrices = [node, ...node.inputs].map(each => (each.op === 'permute' ? each.inputs[0] : each));
  const names = matrices.map(each => nameOf(each) ?? (each.op === 'input' ? each.attrs.name : ''));
  if (names.includes('')) return '';
  const left = node.inputs[0].op === 'permute' || a[0] === 'k' ? "'" : '';
  const right = b[0] === 'j' ? "'" : '';
  return `${names[0]} = ${names[1]}${left} * ${names[2]}${right}`;
}
