// Small tensors of static shape become scalars: straight-line code is faster than loops there. The meaning of each
// operation is that of ir/tensors.ts, with nodes for scalars. What is left of tensors is the elements of the inputs, and
// the literals that results are put together as (ir/literal.ts).
//
// It runs after the last derivative. What it costs is counted before anything is built.

import { type Builder, constantOf } from '../ir/build.ts';
import type { InputNode, Node } from '../ir/graph.ts';
import { literalOf } from '../ir/literal.ts';
import { liveNodes } from '../ir/live.ts';
import { isElementwise } from '../ir/ops.ts';
import { type Program, rootsOf, withoutTerms } from '../ir/program.ts';
import { elementsIn, isStatic } from '../ir/shape.ts';
import { subscriptsOf } from '../ir/shapes.ts';
import { type Algebra, applyOperation, type Tensor } from '../ir/tensors.ts';

/**
 * The program in scalar operations, built with `b` on a graph of its own. Undefined if that is impossible, because there is a
 * named size or an index that is not a constant in range, or if it takes more than `limit` operations, or a tensor has more
 * elements.
 */
export function unroll(original: Program, b: Builder, limit: number): Program | undefined {
  const program = withoutTerms(original); // element by element, structure is in the values
  const nodes = liveNodes(rootsOf(program));
  if (!isWithin(nodes, limit)) return undefined;
  try {
    return unrolled(program, nodes, b);
  } catch (error) {
    if (error instanceof DynamicIndexError) return undefined;
    throw error;
  }
}

/** Thrown where an index is not a constant in range. */
class DynamicIndexError extends Error {
  override readonly name = 'DynamicIndexError';
}

function unrolled(program: Program, nodes: readonly Node[], b: Builder): Program {
  const { graph } = b;
  const scalars = algebraOf(b);
  const image = new Map<Node, Tensor<Node>>();
  for (const { left, right, span } of program.graph.constraints.values()) graph.require(left, right, span);
  for (const node of nodes) {
    graph.at(node.span);
    const operands = node.inputs.map(input => image.get(input)!);
    const tensor =
      node.op === 'input' ? elementsOf(node, b) : applyOperation(node, operands, scalars, NO_SIZES);
    image.set(node, tensor);
    const name = program.graph.names.get(node);
    if (name !== undefined) giveNames(tensor, name, b);
  }
  graph.at(undefined);
  const move = (node: Node) => literalOf(b, Array.from(image.get(node)!.elements), node.shape);
  const moveInput = (node: InputNode) => b.rebuild(node, []) as InputNode;
  return {
    ...program,
    graph,
    inputs: program.inputs.map(input => ({ ...input, node: moveInput(input.node) })),
    outputs: program.outputs.map(output => ({ ...output, elements: output.elements.map(move) })),
    derivatives: program.derivatives.map(derivative => ({
      ...derivative,
      values: new Map([...derivative.values].map(([path, node]) => [path, move(node)])),
      inputs: derivative.inputs.map(moveInput),
    })),
  };
}

const NO_SIZES: ReadonlyMap<string, number> = new Map();

function algebraOf(b: Builder): Algebra<Node> {
  return {
    constant: b.constant,
    apply: (op, args, order) => b.make(op, args, order === undefined ? undefined : { order }),
    numberOf: constantOf,
    outside: () => {
      throw new DynamicIndexError();
    },
  };
}

function elementsOf(node: InputNode, b: Builder): Tensor<Node> {
  const shape = node.shape as readonly number[]; // static: isWithin
  const input = b.rebuild(node, []);
  const elements = Array.from({ length: elementsIn(shape) as number }, (_, position) =>
    b.element(input, position),
  );
  return { shape, elements };
}

/** The elements of `z` are called `z_1`, `z_2`, or `z_1_1`, unless they have a name or are read rather than computed. */
function giveNames({ shape, elements }: Tensor<Node>, name: string, { graph: { names } }: Builder): void {
  for (let at = 0; at < elements.length; at++) {
    const node = elements[at];
    if (node.inputs.length === 0 || node.op === 'element' || names.has(node)) continue;
    names.set(node, [name, ...indexOf(at, shape)].join('_'));
  }
}

/** The 1-based index of the element at a row-major position. */
function indexOf(position: number, shape: readonly number[]): number[] {
  let rest = position;
  return shape
    .toReversed()
    .map(length => {
      const place = rest % length;
      rest = (rest - place) / length;
      return place + 1;
    })
    .reverse();
}

/** True if the nodes are static and small, and take at most `limit` scalar operations together. */
function isWithin(nodes: readonly Node[], limit: number): boolean {
  let operations = 0;
  for (const node of nodes) {
    if (!isStatic(node.shape) || (elementsIn(node.shape) as number) > limit) return false;
    operations += operationsIn(node);
    if (operations > limit) return false;
  }
  return true;
}

/** How many scalar operations a node of static shape takes at most. */
function operationsIn(node: Node): number {
  const { inputs, shape } = node;
  const count = elementsIn(shape) as number;
  if (inputs.length === 0) return 0;
  if (isElementwise(node.op)) return count;
  const [x, y] = inputs;
  switch (node.op) {
    case 'reduceSum':
    case 'reduceProd':
    case 'any':
    case 'cumsum':
    case 'cumprod':
    case 'scatterAdd':
    // Of one operation with many operands:
    case 'reduceMax':
    case 'reduceMin':
    case 'norm':
    case 'reduceLogsumexp':
      return elementsIn(x.shape) as number;
    case 'argmax':
    case 'argmin':
      return 5 * (elementsIn(x.shape) as number);
    case 'contract': {
      // Each element of x meets those of y that are alone in it.
      const { x: own, y: other } = subscriptsOf(node.attrs.subscripts);
      const free = y.shape.filter((_, axis) => !own.includes(other[axis]));
      return 2 * (elementsIn(x.shape) as number) * (elementsIn(free) as number);
    }
    default:
      return 0; // elements are moved, copied or left out
  }
}
