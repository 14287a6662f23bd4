// The reference evaluator: what a graph means, one operation after the other in IEEE double arithmetic, straight from
// the table in ops.ts and, for what is not elementwise, from tensors.ts. Everything that is emitted is compared with it.
// It is an interpreter for tests and checks; a compiled module never contains it.
//
// Both sides of a select are computed and one is dropped, which cannot be told from computing one: no operation has an
// effect. The one that may fail, an access out of range, then yields its error as a value, which is dropped or thrown.

import { bindArguments, checkLengths, type Value } from './arguments.ts';
import type { Node } from './graph.ts';
import { liveNodes } from './live.ts';
import { factsOf, isElementwise, type OpName } from './ops.ts';
import { type DerivativeKind, type Program, rootsOf } from './program.ts';
import { type Algebra, applyOperation, type Tensor } from './tensors.ts';

export type { Value } from './arguments.ts';

/** Values of the roots at one point. The array is fresh at every call. Throws `TypeError` if an input is missing. */
export type Evaluator = (inputs: ReadonlyMap<string, number>) => Float64Array;

/**
 * Values of the roots at one point, for these named sizes. Throws `TypeError` if an input or a size is missing,
 * `RangeError` at an access out of range.
 */
export type TensorEvaluator = (
  inputs: ReadonlyMap<string, Tensor<number>>,
  sizes: ReadonlyMap<string, number>,
) => Tensor<number>[];

/** Values of a program at one point. */
export interface Evaluation {
  /** By name: a number for a scalar, row-major elements for a tensor. */
  readonly outputs: Readonly<Record<string, number | Float64Array>>;
  /** By kind, then by path as in `Derivative.values`. A path that is absent is identically zero. */
  readonly derivatives: ReadonlyMap<DerivativeKind, ReadonlyMap<string, number | Float64Array>>;
}

/**
 * The values of the outputs and derivatives of `program` at `inputs`, by name. Inputs with a default may be left out;
 * the inputs of derivatives (tangents, cotangents) are given like any other, and so are named sizes that no length tells.
 * Throws `TypeError` if one is missing, `RangeError` if lengths do not fit or an access is out of range.
 */
export function evaluate(program: Program, inputs: Readonly<Record<string, Value>>): Evaluation {
  const { graph, outputs, derivatives } = program;
  const own = derivatives.flatMap(derivative => derivative.inputs);
  const { tensors, sizes } = bindArguments(
    [...program.inputs, ...own.map(({ attrs: { name }, shape }) => ({ name, shape }))],
    inputs,
  );
  for (const { left, right } of graph.constraints.values()) checkLengths(left, right, sizes);

  const roots = [...new Set(rootsOf(program))];
  const valueAt = new Map<Node, Tensor<number>>();
  for (const [i, value] of tensorEvaluator(roots)(tensors, sizes).entries()) valueAt.set(roots[i], value);
  const resultOf = (nodes: readonly Node[], isScalar: boolean) => {
    const elements = nodes.flatMap(node => Array.from(valueAt.get(node)!.elements));
    return isScalar ? elements[0] : Float64Array.from(elements);
  };
  return {
    outputs: Object.fromEntries(
      outputs.map(({ name, shape, elements }) => [name, resultOf(elements, shape.length === 0)]),
    ),
    derivatives: new Map(
      derivatives.map(({ kind, values }) => [
        kind,
        new Map(Array.from(values, ([path, node]) => [path, resultOf([node], node.shape.length === 0)])),
      ]),
    ),
  };
}

/**
 * Prepares the evaluation of scalar `roots` over scalar inputs, in order, at many points. Only nodes that the roots need
 * are evaluated; each costs one call through the table unless there are tensors between inputs and roots.
 */
export function evaluator(roots: readonly Node[]): Evaluator {
  const nodes = liveNodes(roots);
  if (!nodes.every(isScalarStep)) return throughTensors(roots);
  const slotOf = new Map(nodes.map((node, slot) => [node, slot]));
  const values = new Float64Array(nodes.length);
  const reads: { readonly name: string; readonly slot: number }[] = [];
  const steps: Step[] = [];
  for (const [slot, node] of nodes.entries()) {
    if (node.op === 'const') values[slot] = node.attrs.value;
    else if (node.op === 'input') reads.push({ name: node.attrs.name, slot });
    else steps.push(stepOf(node, slot, slotOf));
  }
  const results = roots.map(root => slotOf.get(root)!);

  return inputs => {
    for (const { name, slot } of reads) values[slot] = given(inputs, name);
    for (const step of steps) run(step, values);
    const out = new Float64Array(results.length);
    for (let i = 0; i < results.length; i++) out[i] = values[results[i]];
    return out;
  };
}

/**
 * Prepares the evaluation of `roots`, in order, at many points. Only nodes that the roots need are evaluated. Lengths that
 * have to be equal are taken to be so.
 */
export function tensorEvaluator(roots: readonly Node[]): TensorEvaluator {
  const nodes = liveNodes(roots);
  if (nodes.every(isScalarStep)) return throughScalars(roots);
  return (inputs, sizes) => {
    const failures: RangeError[] = [];
    try {
      return valuesOf(nodes, roots, inputs, sizes, strict(failures));
    } catch (error) {
      if (failures.length === 0) throw error;
    }
    // Some access is out of range: once more, to see whether it is selected.
    return valuesOf<number | RangeError>(nodes, roots, inputs, sizes, LAZY).map(({ shape, elements }) => ({
      shape,
      elements: Array.from(elements, numberOrThrow),
    }));
  };
}

function valuesOf<T>(
  nodes: readonly Node[],
  roots: readonly Node[],
  inputs: ReadonlyMap<string, Tensor<T | number>>,
  sizes: ReadonlyMap<string, number>,
  algebra: Algebra<T | number>,
): Tensor<T | number>[] {
  const values = new Map<Node, Tensor<T | number>>();
  for (const node of nodes) {
    const value =
      node.op === 'input'
        ? given(inputs, node.attrs.name)
        : applyOperation(
            node,
            node.inputs.map(input => values.get(input)!),
            algebra,
            sizes,
          );
    values.set(node, value);
  }
  return roots.map(root => values.get(root)!);
}

function throughTensors(roots: readonly Node[]): Evaluator {
  const evaluateAt = tensorEvaluator(roots);
  return inputs => {
    const point = new Map(Array.from(inputs, ([name, value]) => [name, scalar(value)]));
    return Float64Array.from(evaluateAt(point, new Map()), ({ elements }) => elements[0]);
  };
}

function throughScalars(roots: readonly Node[]): TensorEvaluator {
  const evaluateAt = evaluator(roots);
  return inputs => {
    const point = new Map(Array.from(inputs, ([name, { elements }]) => [name, elements[0]]));
    return Array.from(evaluateAt(point), scalar);
  };
}

function scalar(value: number): Tensor<number> {
  return { shape: [], elements: [value] };
}

function given<T>(inputs: ReadonlyMap<string, T>, name: string): T {
  const value = inputs.get(name);
  if (value === undefined) throw new TypeError(`missing input ${name}`);
  return value;
}

/** Numbers; an access out of range is noted in `failures` and ends the evaluation. */
function strict(failures: RangeError[]): Algebra<number> {
  return {
    constant: value => value,
    numberOf: x => x,
    apply: applyNumbers,
    outside: (_, error) => {
      failures.push(error);
      throw error;
    },
  };
}

/** Numbers, and errors that wait to be used: only what is selected, or decides a mask, is used. */
const LAZY: Algebra<number | RangeError> = {
  constant: value => value,
  numberOf: x => (typeof x === 'number' ? x : undefined),
  apply: (op, args, order) => {
    const [condition, x, y] = args;
    if (op === 'select' && typeof condition === 'number') return condition ? x : y;
    if (op === 'and' && args.includes(0)) return 0;
    if (op === 'or' && args.includes(1)) return 1;
    const error = args.find(arg => typeof arg !== 'number');
    return error ?? applyNumbers(op, args as readonly number[], order);
  },
  outside: (index, error) => (typeof index === 'number' ? error : index),
};

function applyNumbers(op: OpName, args: readonly number[], order?: number): number {
  const { evaluate: meaning } = factsOf(op);
  return order === undefined ? meaning(...args) : meaning(...args, order);
}

function numberOrThrow(x: number | RangeError): number {
  if (typeof x === 'number') return x;
  throw x;
}

function isScalarStep({ op, shape }: Node): boolean {
  return shape.length === 0 && isElementwise(op);
}

/** One operation: where it reads, where it writes. An order comes last among the arguments, as `evaluate` wants it. */
interface Step {
  readonly evaluate: (...args: number[]) => number;
  readonly slot: number;
  readonly inputs: readonly number[];
  readonly order: number | undefined;
}

function stepOf(node: Node, slot: number, slotOf: ReadonlyMap<Node, number>): Step {
  const order = node.attrs !== undefined && 'order' in node.attrs ? node.attrs.order : undefined;
  const inputs = node.inputs.map(input => slotOf.get(input)!);
  return { evaluate: factsOf(node.op).evaluate, slot, inputs, order };
}

function run({ evaluate, slot, inputs, order }: Step, values: Float64Array): void {
  const x = values[inputs[0]];
  if (order !== undefined) values[slot] = evaluate(x, order);
  else if (inputs.length === 1) values[slot] = evaluate(x);
  else if (inputs.length === 2) values[slot] = evaluate(x, values[inputs[1]]);
  else values[slot] = evaluate(...inputs.map(input => values[input]));
}
