// What is computed from a program: gradient, Jacobian, Hessian and the products with them, each in the cheapest mode.
// Keys of the results are explained at `Derivative` in ir/program.ts; an absent key is identically zero, so the pattern
// of a sparse result is read from the graph. Matrices are made of entries: one number, or the block of a tensor.

import type { Builder } from '../ir/build.ts';
import type { InputNode, Node } from '../ir/graph.ts';
import { factsOf } from '../ir/ops.ts';
import {
  type Derivative,
  type DerivativeKind,
  inputsByRole,
  nodeOf,
  type Output,
  type Program,
} from '../ir/program.ts';
import { SCALAR, type Shape } from '../ir/shape.ts';
import { productOfSizes } from '../ir/size.ts';
import { blockOf, identitySeed } from './blocks.ts';
import { type Flow, masked } from './flow.ts';
import { pushforward } from './forward.ts';
import { repeated } from './maps.ts';
import { pullback } from './reverse.ts';
import { calculus } from './rules.ts';

type Form = Derivative['form'];

/** The transforms over one program's graph; each appends to it. */
export interface Differentiator {
  /** Reverse mode. Of one scalar output. */
  gradient(): Derivative;
  /** Of scalars one row per output or one column per input, whichever costs less; of tensors a block per pair. */
  jacobian(form: Form): Derivative;
  /** The upper triangle (in wrt order) of the second derivatives or their blocks, from those of `gradient`. */
  hessian(gradient: Derivative, form: Form): Derivative;
  /** Hessian times a vector: forward over reverse (Pearlmutter 1994). */
  hvp(gradient: Derivative): Derivative;
  /** Jacobian times tangents of the inputs. */
  jvp(): Derivative;
  /** Cotangents of the outputs times the Jacobian. */
  vjp(): Derivative;
}

/** `b` builds on the graph of `program`: normalising builders keep a derivative normalised as it grows. */
export function differentiator(b: Builder, program: Program): Differentiator {
  const rules = calculus(b);
  const pull = pullback(b, rules);
  const push = pushforward(b, rules);
  const names = program.wrt;
  const wrt: readonly Node[] = inputsByRole(program).variables.map(({ node }) => node);
  const column = new Map(wrt.map((node, j) => [node, j]));
  const results = program.outputs.flatMap(elementsOf);
  const one = b.constant(1);

  /** Rows of scalars by reverse mode. */
  const byRow = (outputs: readonly Node[], from: (row: number) => number): Entry[] =>
    outputs.flatMap((node, row) => {
      if (node.shape !== SCALAR) return [];
      const adjoints = pull([{ node, adjoint: one }], input => (column.get(input) ?? -1) >= from(row));
      return [...adjoints].map(([input, value]) => ({ row, column: column.get(input)!, value }));
    });

  /** The rows that `isWanted` by forward mode, a seed for every input. */
  const byColumn = (
    outputs: readonly Node[],
    from: (row: number) => number,
    isWanted: (node: Node) => boolean,
  ): Entry[] =>
    wrt.flatMap((input, column) => {
      const rows = [...outputs.keys()].filter(row => from(row) <= column && isWanted(outputs[row]));
      if (rows.length === 0) return [];
      const tangents = push(
        new Map([[input, identitySeed(b, input)]]),
        rows.map(row => outputs[row]),
        input.shape,
      );
      return rows.flatMap((row, k) => {
        const tangent = tangents[k];
        return tangent === null ? [] : [{ row, column, value: blockOf(b, tangent, outputs[row], input) }];
      });
    });

  /** The entries of the matrix of first derivatives of `outputs`, in row `i` only the columns from `from(i)` on. */
  const matrix = (outputs: readonly Node[], from: (row: number) => number): Entry[] => {
    let entries = [...byRow(outputs, from), ...byColumn(outputs, from, node => node.shape !== SCALAR)];
    const isScalar = [...outputs, ...wrt].every(node => node.shape === SCALAR);
    if (isScalar && program.graph.nodes.length * wrt.length <= AFFORDABLE) {
      const columns = byColumn(outputs, from, () => true);
      if (work(columns) < work(entries)) entries = columns;
    }
    return entries.sort((p, q) => p.row - q.row || p.column - q.column);
  };

  const tangents = () =>
    new Map(
      wrt.map((node, j): [Node, InputNode] => [
        node,
        b.graph.input(`tangent.${names[j]}`, 'real', node.shape),
      ]),
    );
  const asFlows = (seeds: ReadonlyMap<Node, Node>): Map<Node, Flow> =>
    new Map([...seeds].map(([node, value]) => [node, { value, guard: null }]));
  /** Tangents of `nodes` as plain values in their shapes. */
  const pushedTo = (seeds: ReadonlyMap<Node, Node>, nodes: readonly Node[]): (Node | null)[] =>
    push(asFlows(seeds), nodes).map((flow, i) => flow && repeated(b, masked(b, flow), nodes[i].shape));

  /**
   * A formula that is differentiated keeps its quotients: to take r / t apart in every product of the chain rule would
   * lose what they share, and where r / t is singular the value is undefined anyway.
   */
  const seal = () => {
    b.graph.sealed = b.graph.nodes.length;
  };

  return {
    gradient() {
      seal();
      const adjoints = pull([{ node: results[0].node, adjoint: one }], input => column.has(input));
      return derivative(
        'grad',
        keyed(
          names,
          wrt.map(input => adjoints.get(input) ?? null),
        ),
      );
    },

    jacobian(form) {
      seal();
      const entries = matrix(
        results.map(result => result.node),
        () => 0,
      );
      const values = entries.map(e => [`${results[e.row].path}.${names[e.column]}`, e.value] as const);
      return derivative('jacobian', new Map(values), form);
    },

    hessian(gradient, form) {
      seal();
      const nonzero = names.flatMap((name, i) => (gradient.values.has(name) ? [i] : []));
      const entries = matrix(
        nonzero.map(i => gradient.values.get(names[i])!),
        row => nonzero[row],
      );
      const values = entries.map(e => [`${names[nonzero[e.row]]}.${names[e.column]}`, e.value] as const);
      return derivative('hessian', new Map(values), form);
    },

    hvp(gradient) {
      seal();
      const seeds = tangents();
      const values = pushedTo(seeds, [...gradient.values.values()]);
      return derivative('hvp', keyed([...gradient.values.keys()], values), 'dense', [...seeds.values()]);
    },

    jvp() {
      seal();
      const seeds = tangents();
      const values = pushedTo(
        seeds,
        results.map(result => result.node),
      );
      return derivative(
        'jvp',
        keyed(
          results.map(result => result.path),
          values,
        ),
        'dense',
        [...seeds.values()],
      );
    },

    vjp() {
      seal();
      const cotangents = results.map(({ path, node }) =>
        b.graph.input(`cotangent.${path}`, 'real', node.shape),
      );
      const seeds = results.map(({ node }, i) => ({ node, adjoint: cotangents[i] }));
      const adjoints = pull(seeds, input => column.has(input));
      return derivative(
        'vjp',
        keyed(
          names,
          wrt.map(input => adjoints.get(input) ?? null),
        ),
        'dense',
        cotangents,
      );
    },
  };
}

/** An entry of a matrix that is not identically zero. */
interface Entry {
  readonly row: number;
  readonly column: number;
  readonly value: Node;
}

/** Visits of nodes that trying the second mode may cost. */
const AFFORDABLE = 2e6;

/** The cost of computing all entries, shared nodes once. */
function work(entries: readonly Entry[]): number {
  const stack = entries.map(entry => entry.value);
  const seen = new Set<Node>(stack);
  let sum = 0;
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.inputs.length > 0) sum += (factsOf(node.op).cost ?? 1) * elements(node);
    for (const input of node.inputs) {
      if (!seen.has(input)) {
        seen.add(input);
        stack.push(input);
      }
    }
  }
  return sum;
}

/** The elements that an operation works on: those of its result or of its largest operand. */
function elements({ shape, inputs }: Node): number {
  if (shape === SCALAR && inputs.every(input => input.shape === SCALAR)) return 1;
  const count = (of: Shape) =>
    productOfSizes(of.map(size => (typeof size === 'number' ? size : TYPICAL_SIZE))) as number;
  return Math.max(count(shape), ...inputs.map(input => count(input.shape)));
}

/** What a named size is taken for when costs are compared. */
const TYPICAL_SIZE = 100;

/** The nodes of an output with the paths that name them: `r`, or `r.1`, `r.2`, ... for a list of scalars. */
function elementsOf(output: Output): { readonly path: string; readonly node: Node }[] {
  const node = nodeOf(output);
  if (node !== undefined) return [{ path: output.name, node }];
  return output.elements.map((node, k) => ({ path: `${output.name}.${k + 1}`, node }));
}

/** Nodes by path, without those that are zero. */
function keyed(paths: readonly string[], nodes: readonly (Node | null)[]): Map<string, Node> {
  return new Map(
    paths.flatMap((path, i) => {
      const node = nodes[i];
      return node === null ? [] : [[path, node] as const];
    }),
  );
}

/** True if every derivative is made of numbers, so that the pattern of a sparse one can be told from the graph. */
export function hasScalarEntries(program: Program): boolean {
  const { variables } = inputsByRole(program);
  const nodes = program.outputs.flatMap(({ elements }) => elements);
  return [...nodes, ...variables.map(({ node }) => node)].every(({ shape }) => shape === SCALAR);
}

function derivative(
  kind: DerivativeKind,
  values: ReadonlyMap<string, Node>,
  form: Form = 'dense',
  inputs: readonly InputNode[] = [],
): Derivative {
  return { kind, form, values, inputs };
}
