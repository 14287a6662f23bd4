// What an emitted module offers: one entry for each function, with the values it computes and the two forms in which it
// hands them out. The record form, `grad({ x, y })`, builds a result; the bound form, `valueAndGrad(theta, g)` of what
// `bind` returns, fills arrays of the caller. Both are views of the same blocks: flat arrays in which each value has its
// place. Lengths may depend on named sizes.

import { constantOf } from '../ir/build.ts';
import type { InputNode, Node } from '../ir/graph.ts';
import {
  type Derivative,
  type DerivativeKind,
  type HigherKind,
  type Input,
  inputsByRole,
  isHigherKind,
  type Output,
  type Program,
} from '../ir/program.ts';
import { SCALAR, type Shape } from '../ir/shape.ts';
import type { Size } from '../ir/size.ts';
import { type Factors, factorsOf } from './factors.ts';
import { higherEntry } from './higher.ts';
import { columnsOf, hessianOf, jacobianOf, symmetricOf } from './matrices.ts';
import {
  type Block,
  type Placed,
  partOf,
  placed,
  type Request,
  type Result,
  type Row,
  record,
  rowsOf,
  type ScalarsOf,
  type Viewed,
  vector,
} from './parts.ts';
import type { Pattern } from './pattern.ts';
import type { Sparsity } from './sparsity.ts';

/** What a function takes besides the inputs: tangents shaped like inputs, or cotangents shaped like outputs. */
export interface Extra {
  readonly parameter: string;
  /** The flat array that the bound form takes instead. */
  readonly boundParameter: string;
  readonly parts: readonly ExtraPart[];
  readonly length: Size;
  /** True if the one part stands for the whole parameter, which is then no record. */
  readonly isBare: boolean;
}

export interface ExtraPart {
  readonly name: string;
  readonly shape: Shape;
  readonly offset: Size;
  /** One node of the shape, or one for each element of a list; absent where the derivative reads nothing. */
  readonly nodes: readonly (InputNode | undefined)[];
}

export interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly result: Result;
  /** The blocks that the bound form hands out; none if there is no bound form. */
  readonly bound: readonly Block[];
  readonly extra?: Extra;
  /** True if rows come in blocks (loops/blocks.ts): memory does not grow with them, large products pay a little. */
  readonly hasBlocks?: true;
}

/** The functions of the module of `program`, in order. `scalarsOf` takes values apart; absent if the code is loops. */
export function entriesOf(program: Program, scalarsOf?: ScalarsOf): Entry[] {
  const wrt = placed(inputsByRole(program).variables);
  const rows = placed(program.outputs.flatMap(rowsOf));
  const value = valueView(program.outputs, rows);
  const names = program.outputs.map(({ name }) => name).join(', ');
  const summary = names === 'value' ? 'The value of the formula.' : `The value of ${names}.`;
  const entries: Entry[] = [{ name: 'value', summary, result: value.result, bound: [value.block] }];
  for (const derivative of program.derivatives) {
    const { kind } = derivative;
    if (isHigherKind(kind)) entries.push(higherEntry(kind, wrt, derivative));
    else {
      const request = { program, wrt, rows, value, derivative, ...(scalarsOf && { scalarsOf }) };
      entries.push(...ENTRIES[kind](request));
    }
  }
  return entries;
}

/** The patterns of sparse results. */
export function patternsOf(entries: readonly Entry[]): (Pattern | Sparsity)[] {
  const patterns = new Map<string, Pattern | Sparsity>();
  const visit = (result: Result): void => {
    if (result.kind === 'sparse') patterns.set(result.pattern.name, result.pattern);
    else if (result.kind === 'record') for (const [, field] of result.fields) visit(field);
  };
  for (const { result } of entries) visit(result);
  return [...patterns.values()];
}

/** The entry that hands out factors, if there is one. */
export function factorsIn(entries: readonly Entry[]): Factors | undefined {
  for (const { result } of entries) if (result.kind === 'factors') return result.factors;
  return undefined;
}

/** True for a pattern that is the same whatever the module is given: a constant of the module. */
export function isConstantPattern(pattern: Pattern | Sparsity): boolean {
  return !('listings' in pattern) || pattern.isStatic;
}

/** How many nonzero elements a pattern has; undefined if only its indices tell. */
export function nonzerosOf(pattern: Pattern | Sparsity): Size | undefined {
  return 'listings' in pattern ? pattern.nonzeros : pattern.rowIndex.length;
}

const ENTRIES: { readonly [K in Exclude<DerivativeKind, HigherKind>]: (request: Request) => Entry[] } = {
  grad: ({ wrt, value, derivative }) => {
    const grad = vectorOf('g', 'the gradient', wrt, derivative);
    const both = record([
      ['value', value.result],
      ['grad', grad.result],
    ]);
    return [
      { name: 'grad', summary: 'The gradient.', result: grad.result, bound: [] },
      {
        name: 'valueAndGrad',
        summary: 'The value and the gradient.',
        result: both,
        bound: [value.block, grad.block],
      },
    ];
  },
  jacobian: request => {
    const { value } = request;
    const { block, result } = jacobianOf(request);
    const both = record([
      ['value', value.result],
      ['jacobian', result],
    ]);
    return [
      { name: 'jacobian', summary: 'The Jacobian.', result, bound: [block] },
      {
        name: 'valueAndJacobian',
        summary: 'The value and the Jacobian.',
        result: both,
        bound: [value.block, block],
      },
    ];
  },
  hessian: request => {
    const { program, wrt, value } = request;
    const { block, result } = hessianOf(request);
    const own = { name: 'hessian', summary: 'The Hessian.', result, bound: [block] };
    const parts = request.derivative.form === 'structured' ? [factorsEntry(request)] : [];
    const first = program.derivatives.find(({ kind }) => kind === 'grad');
    if (first === undefined) return [own, ...parts];
    const grad = vectorOf('g', 'the gradient', wrt, first);
    const all = {
      name: 'valueGradAndHessian',
      summary: 'The value, the gradient and the Hessian, with what they share computed once.',
      result: record([
        ['value', value.result],
        ['grad', grad.result],
        ['hessian', result],
      ]),
      bound: [value.block, grad.block, block],
    };
    return [own, all, ...parts];
  },
  gaussNewton: request => {
    const { wrt, derivative } = request;
    const half = { parameter: undefined, parts: [partOf(derivative.values.get(''), SCALAR, 0)], length: 1 };
    const cost: Block = { ...half, doc: "r'r / 2" };
    const gradient = vectorOf('g', "J'r", wrt, derivative);
    const matrix = symmetricOf(request, { name: 'gaussNewtonPattern', parameter: 'A', doc: "J'J" });
    const result = record([
      ['cost', { kind: 'number', block: cost, at: 0 }],
      ['gradient', gradient.result],
      ['matrix', matrix.result],
    ]);
    const summary =
      "Half the sum of squares of the outputs r, its gradient J'r and the matrix J'J of the normal equations.";
    const bound = [cost, gradient.block, matrix.block];
    return [{ name: 'gaussNewton', summary, result, bound, hasBlocks: true }];
  },
  hvp: ({ wrt, derivative }) => {
    const { block, result } = vectorOf('out', 'the product', wrt, derivative);
    const extra = tangentsOf('v', 'v', wrt, derivative);
    return [{ name: 'hvp', summary: 'The Hessian times the vector `v`.', result, bound: [block], extra }];
  },
  jvp: ({ program, rows, wrt, value, derivative }) => {
    const nodeAt = ({ path }: Row): Node | undefined => derivative.values.get(path);
    const tangent = flatten('out', 'the tangent of the value', program.outputs, rows, nodeAt);
    const result = record([
      ['value', value.result],
      ['tangent', tangent.result],
    ]);
    const extra = tangentsOf('tangents', 't', wrt, derivative);
    const summary = 'The value, and the Jacobian times the vector `tangents`.';
    return [{ name: 'jvp', summary, result, bound: [tangent.block], extra }];
  },
  vjp: ({ program, wrt, value, derivative }) => {
    const grad = vectorOf('out', 'the product', wrt, derivative);
    const result = record([
      ['value', value.result],
      ['grad', grad.result],
    ]);
    const nodeAt = inputsByName(derivative);
    const { items, length } = placed(program.outputs);
    const parts = items.map((output): ExtraPart => {
      const { name, shape, offset } = output;
      return { name, shape, offset, nodes: rowsOf(output).map(({ path }) => nodeAt(`cotangent.${path}`)) };
    });
    const extra = { parameter: 'cotangent', boundParameter: 'c', parts, length, isBare: parts.length === 1 };
    const summary = 'The value, and the vector `cotangent` times the Jacobian.';
    return [{ name: 'vjp', summary, result, bound: [grad.block], extra }];
  },
};

/** A scalar is returned; anything else fills `y`. */
function valueView(outputs: readonly Output[], rows: Placed<Row>): Viewed {
  const parameter = outputs.length === 1 && isScalar(outputs[0]) ? undefined : 'y';
  return flatten(parameter, 'the value', outputs, rows, ({ node }) => node);
}

/** Values like those of the outputs, one output after the other; several outputs are a record by name. */
function flatten(
  parameter: string | undefined,
  doc: string,
  outputs: readonly Output[],
  rows: Placed<Row>,
  nodeAt: (row: Row) => Node | undefined,
): Viewed {
  const parts = rows.items.map(row => partOf(nodeAt(row), row.shape, row.offset));
  const block = { parameter, parts, length: rows.length, doc };
  const fields = placed(outputs).items.map(({ name, shape, offset }) => {
    return [name, vector(block, shape, offset)] as const;
  });
  return { block, result: outputs.length === 1 ? fields[0][1] : record(fields) };
}

/** A value like each input in wrt. */
function vectorOf(parameter: string, doc: string, wrt: Placed<Input>, { values }: Derivative): Viewed {
  const parts = wrt.items.map(({ name, shape, offset }) => partOf(values.get(name), shape, offset));
  const block = { parameter, parts, length: wrt.length, doc };
  const fields = wrt.items.map(({ name, shape, offset }) => [name, vector(block, shape, offset)] as const);
  return { block, result: record(fields) };
}

/** The terms of the Hessian, as what they are products of. */
function factorsEntry({ program, wrt, derivative, scalarsOf }: Request): Entry {
  const isZero = (node: Node): boolean => scalarsOf!(node).every(each => constantOf(each) === 0);
  const factors = factorsOf(program, columnsOf(wrt), derivative, scalarsOf && { isZero });
  const { parts, length } = factors;
  const block = { parameter: 'F', parts, length, doc: 'the factors of the Hessian' };
  const summary =
    'The Hessian as lists of terms, each a product of factors; `meta.hessian` says where their elements stand.';
  return { name: 'hessianFactors', summary, result: { kind: 'factors', block, factors }, bound: [block] };
}

function tangentsOf(
  parameter: string,
  boundParameter: string,
  { items, length }: Placed<Input>,
  derivative: Derivative,
): Extra {
  const nodeAt = inputsByName(derivative);
  const parts = items.map(({ name, shape, offset }) => {
    return { name, shape, offset, nodes: [nodeAt(`tangent.${name}`)] };
  });
  return { parameter, boundParameter, parts, length, isBare: false };
}

function inputsByName(derivative: Derivative): (name: string) => InputNode | undefined {
  const byName = new Map(derivative.inputs.map(node => [node.attrs.name, node]));
  return name => byName.get(name);
}

function isScalar(output: Output): boolean {
  return output.shape.length === 0;
}
