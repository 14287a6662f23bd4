// The scalars that values consist of, in a program all of whose operations are on scalars: there tensors only group what
// comes in and what goes out, and code is straight-line. Small tensors of static shape have become that (rewrite/unroll.ts).

import type { Graph, InputNode, Node } from '../ir/graph.ts';
import { scalarsOf } from '../ir/literal.ts';
import { liveNodes } from '../ir/live.ts';
import { isElementwise } from '../ir/ops.ts';
import { inputsByRole, type Program, rootsOf, sizesOf } from '../ir/program.ts';
import { elementsIn, SCALAR } from '../ir/shape.ts';

/** What straight-line code reads: a scalar input, or an element of a tensor. */
export type Leaf = InputNode | Extract<Node, { op: 'element' }>;

/** True for what has no statement: constants, inputs, elements of inputs. */
export function isThere({ op, inputs }: Node): boolean {
  return inputs.length === 0 || op === 'element';
}

export interface Scalars {
  /** The elements of a value that is handed out, in row-major order. */
  readonly of: (node: Node) => readonly Node[];
  /** The elements of an input that something may read, by position: a sparse list. */
  readonly leavesOf: (input: InputNode) => readonly (Leaf | undefined)[];
}

/** Larger arrays are filled by loops, even if their elements are independent of each other. */
const MOST_ELEMENTS = 10_000;

/** True if something in `program` is no scalar. */
export function hasTensors(program: Program): boolean {
  return (
    program.inputs.some(({ shape }) => shape.length > 0) ||
    liveNodes(rootsOf(program)).some(({ shape }) => shape !== SCALAR)
  );
}

/** The scalars of `program`, or undefined if it takes loops. */
export function scalarsIn(program: Program): Scalars | undefined {
  const { graph, inputs, derivatives } = program;
  if (inputs.every(({ shape }) => shape.length === 0) && liveNodes(rootsOf(program)).every(isStep)) {
    return { of: node => [node], leavesOf: input => [input] };
  }
  if (sizesOf(program).length > 0 || graph.constraints.size > 0) return undefined;
  const { variables } = inputsByRole(program);
  if (variables.some(({ shape }) => (elementsIn(shape) as number) > MOST_ELEMENTS)) return undefined;

  const taken = new Map<Node, readonly Node[]>();
  for (const root of new Set(rootsOf(program))) {
    const scalars = root.op === 'input' ? elementsOf(graph, root) : scalarsOf(graph, root, MOST_ELEMENTS);
    if (scalars === undefined) return undefined;
    taken.set(root, scalars);
  }
  if (!liveNodes([...taken.values()].flat()).every(isStep)) return undefined;
  const leaves = leavesIn(graph, [...inputs.map(({ node }) => node), ...derivatives.flatMap(d => d.inputs)]);
  return { of: node => taken.get(node) ?? [node], leavesOf: input => leaves.get(input)! };
}

/** True for what straight-line code computes or reads. */
function isStep({ op, shape, inputs }: Node): boolean {
  if (op === 'input' || op === 'const') return true;
  if (op === 'element') return inputs[0].op === 'input';
  return shape === SCALAR && isElementwise(op);
}

function elementsOf(graph: Graph, input: InputNode): Node[] {
  if (input.shape === SCALAR) return [input];
  const count = elementsIn(input.shape) as number; // there are no named sizes
  return Array.from({ length: count }, (_, position) => graph.intern('element', [input], { position }));
}

function leavesIn(
  graph: Graph,
  inputs: readonly InputNode[],
): ReadonlyMap<InputNode, readonly (Leaf | undefined)[]> {
  const leaves = new Map<InputNode, (Leaf | undefined)[]>();
  for (const input of inputs) leaves.set(input, input.shape === SCALAR ? [input] : []);
  for (const node of graph.nodes) {
    if (node.op === 'element') {
      const own = leaves.get(node.inputs[0] as InputNode);
      if (own !== undefined) own[node.attrs.position] = node;
    }
  }
  return leaves;
}

/** The 1-based index of the element at a row-major position. */
export function indexOf(position: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = position;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift((rest % shape[axis]) + 1);
    rest = Math.floor(rest / shape[axis]);
  }
  return index;
}
