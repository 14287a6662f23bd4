// The reference evaluator: what a graph means, one operation after the other in IEEE double arithmetic, straight from
// the table in ops.ts. Everything that is emitted is compared with it. It is an interpreter for tests and checks; a
// compiled module never contains it.
//
// Both sides of a select are computed and one is dropped, which cannot be told from computing one: no operation has an
// effect, and none throws.

import type { Node } from './graph.ts';
import { liveNodes } from './live.ts';
import { factsOf } from './ops.ts';
import { type DerivativeKind, type Program, rootsOf } from './program.ts';

/** Values of the roots at one point. The array is fresh at every call. Throws `TypeError` if an input is missing. */
export type Evaluator = (inputs: ReadonlyMap<string, number>) => Float64Array;

/** Values of a program at one point. */
export interface Evaluation {
  /** By name: a number for a scalar, row-major elements for a tensor. */
  readonly outputs: Readonly<Record<string, number | Float64Array>>;
  /** By kind, then by path as in `Derivative.values`. A path that is absent is identically zero. */
  readonly derivatives: ReadonlyMap<DerivativeKind, ReadonlyMap<string, number>>;
}

/**
 * The values of the outputs and derivatives of `program` at `inputs`, by name. Inputs with a default may be left out;
 * the inputs of derivatives (tangents, cotangents) are given like any other. Throws `TypeError` if one is missing.
 */
export function evaluate(program: Program, inputs: Readonly<Record<string, number>>): Evaluation {
  const point = new Map<string, number>();
  for (const { name, default: value } of program.inputs) if (value !== undefined) point.set(name, value);
  for (const [name, value] of Object.entries(inputs)) point.set(name, value);

  const roots = rootsOf(program);
  const values = evaluator(roots)(point);
  const valueAt = new Map(roots.map((root, i) => [root, values[i]]));
  const outputs = program.outputs.map(({ name, shape, elements }) => {
    const of = Float64Array.from(elements, element => valueAt.get(element)!);
    return [name, shape.length === 0 ? of[0] : of] as const;
  });
  const derivatives = program.derivatives.map(derivative => {
    const of = Array.from(derivative.values, ([path, node]) => [path, valueAt.get(node)!] as const);
    return [derivative.kind, new Map(of)] as const;
  });
  return { outputs: Object.fromEntries(outputs), derivatives: new Map(derivatives) };
}

/**
 * Prepares the evaluation of `roots`, in order, at many points. Only nodes that the roots need are evaluated; each
 * costs one call through the table.
 */
export function evaluator(roots: readonly Node[]): Evaluator {
  const nodes = liveNodes(roots);
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
    for (const { name, slot } of reads) {
      const value = inputs.get(name);
      if (value === undefined) throw new TypeError(`missing input ${name}`);
      values[slot] = value;
    }
    for (const step of steps) run(step, values);
    const out = new Float64Array(results.length);
    for (let i = 0; i < results.length; i++) out[i] = values[results[i]];
    return out;
  };
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
