// What an emitted module offers: one entry for each function, with the numbers it computes and the two forms in which
// it hands them out. The record form, `grad({ x, y })`, builds a result; the bound form, `valueAndGrad(theta, g)` of
// what `bind` returns, fills arrays of the caller. Both are views of the same blocks of numbers.

import type { InputNode, Node } from '../ir/graph.ts';
import type { Derivative, DerivativeKind, Output, Program } from '../ir/program.ts';
import { compress, type Pattern, type Triplet } from './pattern.ts';

/** Numbers that are computed together; an absent node is identically zero. */
export interface Block {
  /** The array that the bound form fills; a block without one has one element, which the bound form returns. */
  readonly parameter: string | undefined;
  readonly elements: readonly (Node | undefined)[];
  /** What the array holds, for documentation. */
  readonly doc: string;
}

/** The result of a record form, told as positions in blocks. */
export type Result =
  | { readonly kind: 'number'; readonly block: Block; readonly at: number }
  | { readonly kind: 'array'; readonly block: Block; readonly at: readonly number[] }
  | { readonly kind: 'sparse'; readonly block: Block; readonly pattern: Pattern }
  | { readonly kind: 'record'; readonly fields: readonly Field[] };

export type Field = readonly [name: string, result: Result];

/** What a function takes besides the inputs: tangents shaped like inputs, or cotangents shaped like outputs. */
export interface Extra {
  readonly parameter: string;
  /** The flat array that the bound form takes instead. */
  readonly boundParameter: string;
  readonly parts: readonly ExtraPart[];
  /** True if the one part stands for the whole parameter, which is then no record. */
  readonly isBare: boolean;
}

export interface ExtraPart {
  readonly name: string;
  /** One node for a scalar, one for each element of an array; absent where the derivative does not read it. */
  readonly nodes: readonly (InputNode | undefined)[];
  readonly isScalar: boolean;
}

export interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly result: Result;
  /** The blocks that the bound form hands out; none if there is no bound form. */
  readonly bound: readonly Block[];
  readonly extra?: Extra;
}

/** The functions of the module of `program`, in order. */
export function entriesOf(program: Program): Entry[] {
  const value = valueView(program.outputs);
  const names = program.outputs.map(({ name }) => name).join(', ');
  const summary = names === 'value' ? 'The value of the formula.' : `The value of ${names}.`;
  const entries: Entry[] = [{ name: 'value', summary, result: value.result, bound: [value.block] }];
  for (const derivative of program.derivatives) {
    entries.push(...ENTRIES[derivative.kind]({ program, value, derivative }));
  }
  return entries;
}

/** Every block that `result` shows, in order. */
export function blocksOf(result: Result): Block[] {
  if (result.kind !== 'record') return [result.block];
  return [...new Set(result.fields.flatMap(([, field]) => blocksOf(field)))];
}

/** The constants of the module that hold patterns of sparse results. */
export function patternsOf(entries: readonly Entry[]): Pattern[] {
  const patterns = new Map<string, Pattern>();
  for (const { result } of entries) {
    if (result.kind === 'sparse') patterns.set(result.pattern.name, result.pattern);
  }
  return [...patterns.values()];
}

/** Length of the flat array of `extra`. */
export function lengthOf({ parts }: Extra): number {
  return parts.reduce((length, { nodes }) => length + nodes.length, 0);
}

interface Viewed {
  readonly block: Block;
  readonly result: Result;
}

interface Request {
  readonly program: Program;
  readonly value: Viewed;
  readonly derivative: Derivative;
}

const ENTRIES: { readonly [K in DerivativeKind]: (request: Request) => Entry[] } = {
  grad: ({ program, value, derivative }) => {
    const grad = vectorOf('g', 'the gradient', program.wrt, derivative);
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
  jacobian: ({ program, value, derivative }) => {
    const { block, result } = jacobianOf(program, derivative);
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
  hessian: ({ program, value, derivative }) => {
    const { block, result } = hessianOf(program.wrt, derivative);
    const own = { name: 'hessian', summary: 'The Hessian.', result, bound: [block] };
    const first = program.derivatives.find(({ kind }) => kind === 'grad');
    if (first === undefined) return [own];
    const grad = vectorOf('g', 'the gradient', program.wrt, first);
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
    return [own, all];
  },
  hvp: ({ program, derivative }) => {
    const { block, result } = vectorOf('out', 'the product', program.wrt, derivative);
    const extra = tangentsOf('v', 'v', program.wrt, derivative);
    return [{ name: 'hvp', summary: 'The Hessian times the vector `v`.', result, bound: [block], extra }];
  },
  jvp: ({ program, value, derivative }) => {
    const nodeAt = (output: Output, k: number): Node | undefined => derivative.values.get(pathOf(output, k));
    const tangent = flatten('out', 'the tangent of the value', program.outputs, nodeAt);
    const result = record([
      ['value', value.result],
      ['tangent', tangent.result],
    ]);
    const extra = tangentsOf('tangents', 't', program.wrt, derivative);
    const summary = 'The value, and the Jacobian times the vector `tangents`.';
    return [{ name: 'jvp', summary, result, bound: [tangent.block], extra }];
  },
  vjp: ({ program, value, derivative }) => {
    const grad = vectorOf('out', 'the product', program.wrt, derivative);
    const result = record([
      ['value', value.result],
      ['grad', grad.result],
    ]);
    const nodeAt = inputsByName(derivative);
    const parts = program.outputs.map(output => ({
      name: output.name,
      nodes: output.elements.map((_, k) => nodeAt(`cotangent.${pathOf(output, k)}`)),
      isScalar: isScalar(output),
    }));
    const extra = { parameter: 'cotangent', boundParameter: 'c', parts, isBare: parts.length === 1 };
    const summary = 'The value, and the vector `cotangent` times the Jacobian.';
    return [{ name: 'vjp', summary, result, bound: [grad.block], extra }];
  },
};

/** A scalar is returned; anything else fills `y`. */
function valueView(outputs: readonly Output[]): Viewed {
  const parameter = outputs.length === 1 && isScalar(outputs[0]) ? undefined : 'y';
  return flatten(parameter, 'the value', outputs, (output, k) => output.elements[k]);
}

/** The elements of all outputs, one output after the other; several outputs are a record by name. */
function flatten(
  parameter: string | undefined,
  doc: string,
  outputs: readonly Output[],
  nodeAt: (output: Output, k: number) => Node | undefined,
): Viewed {
  const elements = outputs.flatMap(output => output.elements.map((_, k) => nodeAt(output, k)));
  const block = { parameter, elements, doc };
  let at = 0;
  const fields = outputs.map(output => {
    const positions = output.elements.map(() => at++);
    return [output.name, isScalar(output) ? number(block, positions[0]) : array(block, positions)] as const;
  });
  return { block, result: outputs.length === 1 ? fields[0][1] : record(fields) };
}

/** One number for each input in `wrt`. */
function vectorOf(parameter: string, doc: string, wrt: readonly string[], derivative: Derivative): Viewed {
  const block = { parameter, elements: wrt.map(name => derivative.values.get(name)), doc };
  return { block, result: record(wrt.map((name, k) => [name, number(block, k)] as const)) };
}

/** All elements of the outputs by all inputs: a block of one column for each output and input, or sparse columns. */
function jacobianOf(program: Program, { form, values }: Derivative): Viewed {
  const { outputs, wrt } = program;
  const rows = outputs.flatMap(output => output.elements.map((_, k) => pathOf(output, k)));
  const nodeAt = (row: number, column: number): Node | undefined => values.get(`${rows[row]}.${wrt[column]}`);
  if (form === 'sparse') return sparse('jacobianPattern', 'J', rows, wrt, values, false);

  const block = {
    parameter: 'J',
    elements: rows.flatMap((_, i) => wrt.map((_, j) => nodeAt(i, j))),
    doc: 'the Jacobian',
  };
  let row = 0;
  const fields = outputs.map(output => {
    const first = row;
    row += output.elements.length;
    const blocks = wrt.map((name, j) => {
      const at = output.elements.map((_, k) => (first + k) * wrt.length + j);
      return [name, isScalar(output) ? number(block, at[0]) : array(block, at)] as const;
    });
    return [output.name, record(blocks)] as const;
  });
  return { block, result: outputs.length === 1 ? fields[0][1] : record(fields) };
}

/** The values hold one triangle, in the order of `wrt`; both are handed out. */
function hessianOf(wrt: readonly string[], { form, values }: Derivative): Viewed {
  const n = wrt.length;
  const nodeAt = (i: number, j: number): Node | undefined =>
    values.get(`${wrt[Math.min(i, j)]}.${wrt[Math.max(i, j)]}`);
  if (form === 'sparse') return sparse('hessianPattern', 'H', wrt, wrt, values, true);

  const block = {
    parameter: 'H',
    elements: wrt.flatMap((_, i) => wrt.map((_, j) => nodeAt(i, j))),
    doc: 'the Hessian',
  };
  const row = (i: number): Result => record(wrt.map((name, j) => [name, number(block, i * n + j)] as const));
  return { block, result: record(wrt.map((name, i) => [name, row(i)] as const)) };
}

/** The nonzero elements of a matrix by columns. `values` has them by path, the name of the column last. */
function sparse(
  name: string,
  parameter: string,
  rows: readonly string[],
  columns: readonly string[],
  values: ReadonlyMap<string, Node>,
  isSymmetric: boolean,
): Viewed {
  const rowOf = new Map(rows.map((path, i) => [path, i]));
  const columnOf = new Map(columns.map((path, j) => [path, j]));
  const triplets: Triplet<Node>[] = [];
  for (const [path, value] of values) {
    const dot = path.lastIndexOf('.');
    const row = rowOf.get(path.slice(0, dot))!;
    const column = columnOf.get(path.slice(dot + 1))!;
    triplets.push({ row, column, value });
    if (isSymmetric && row !== column) triplets.push({ row: column, column: row, value });
  }
  const sorted = compress(name, columns.length, triplets);
  const block = { parameter, elements: sorted.values, doc: 'the nonzero elements' };
  return { block, result: { kind: 'sparse', block, pattern: sorted.pattern } };
}

function tangentsOf(
  parameter: string,
  boundParameter: string,
  wrt: readonly string[],
  derivative: Derivative,
): Extra {
  const nodeAt = inputsByName(derivative);
  const parts = wrt.map(name => ({ name, nodes: [nodeAt(`tangent.${name}`)], isScalar: true }));
  return { parameter, boundParameter, parts, isBare: false };
}

function inputsByName(derivative: Derivative): (name: string) => InputNode | undefined {
  const byName = new Map(derivative.inputs.map(node => [node.attrs.name, node]));
  return name => byName.get(name);
}

/** The path of element `k` of `output`, as in `Derivative.values`. */
function pathOf(output: Output, k: number): string {
  return isScalar(output) ? output.name : `${output.name}.${k + 1}`;
}

function isScalar(output: Output): boolean {
  return output.shape.length === 0;
}

function number(block: Block, at: number): Result {
  return { kind: 'number', block, at };
}

function array(block: Block, at: readonly number[]): Result {
  return { kind: 'array', block, at };
}

function record(fields: readonly Field[]): Result {
  return { kind: 'record', fields };
}
