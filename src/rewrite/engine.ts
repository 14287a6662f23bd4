// The rewriting engine. Rules are data: a name, the law, whether it is exact, and the step itself. They run as nodes are
// built: whatever a rewriting builder makes is already rewritten, its inputs before it, so one pass over a program in
// topological order reaches everything, and a derivative appended through such a builder never needs a pass of its own.

import type { Span } from '../errors.ts';
import { type Builder, builder } from '../ir/build.ts';
import { Graph, type Node } from '../ir/graph.ts';
import { liveNodes } from '../ir/live.ts';
import type { OpName } from '../ir/ops.ts';
import type { Derivative, Program } from '../ir/program.ts';
import { rootsOf } from '../ir/program.ts';

export interface RewriteRule {
  /** Stable, kebab-case, e.g. `log-of-exponentials`. */
  readonly name: string;
  /** For people: `log(exp(a) + exp(b)) -> logsumexp(a, b)`. */
  readonly law: string;
  /** True if the two sides agree bit for bit (but for the sign of zero). */
  readonly exact: boolean;
  /** The operations at the root of the left side. */
  readonly on: readonly OpName[];
  /** The right side, or null if the rule does not apply. */
  readonly apply: (node: Node, b: Builder) => Node | null;
}

/** A rule that fired, and where the formula stood that it replaced. */
export interface Firing {
  readonly rule: RewriteRule;
  readonly span: Span | undefined;
}

/** The builders of `graph` under `rules`; `onFire` hears of every firing. */
export function rewritingBuilder(
  graph: Graph,
  rules: readonly RewriteRule[],
  onFire: (firing: Firing) => void = () => {},
): Builder {
  const byOp = new Map<OpName, RewriteRule[]>();
  for (const rule of rules) for (const op of rule.on) byOp.set(op, [...(byOp.get(op) ?? []), rule]);
  const settled: (Node | undefined)[] = [];

  const settle = (node: Node): Node => {
    const candidates = byOp.get(node.op);
    if (candidates === undefined) return node;
    const known = settled[node.id];
    if (known !== undefined) return known;
    settled[node.id] = node; // a right side may contain its left side
    for (const rule of candidates) {
      const replacement = rule.apply(node, b);
      if (replacement === null || replacement === node) continue;
      onFire({ rule, span: node.span });
      settled[node.id] = replacement;
      return replacement;
    }
    return node;
  };
  const b = builder(graph, settle);
  return b;
}

/** Copies the live part of a program into the graph of `b`, rebuilding every node through `step` (default: as it is). */
export function rebuilt(
  program: Program,
  b: Builder,
  step: (node: Node, inputs: readonly Node[]) => Node = b.rebuild,
): Program {
  const image: Node[] = new Array(program.graph.nodes.length);
  const { names } = program.graph;
  for (const node of liveNodes(rootsOf(program))) {
    b.graph.at(node.span);
    const copy = step(node, imagesOf(node.inputs, image));
    image[node.id] = copy;
    if (names.size === 0) continue;
    const name = names.get(node);
    if (name !== undefined && copy.inputs.length > 0 && !b.graph.names.has(copy))
      b.graph.names.set(copy, name);
  }
  b.graph.at(undefined);
  const move = <N extends Node>(node: N) => (image[node.id] ?? b.rebuild(node, [])) as N;
  return {
    ...program,
    graph: b.graph,
    inputs: program.inputs.map(input => ({ ...input, node: move(input.node) })),
    outputs: program.outputs.map(output => ({ ...output, elements: output.elements.map(move) })),
    derivatives: program.derivatives.map(derivative => ({
      ...derivative,
      values: new Map([...derivative.values].map(([path, node]) => [path, move(node)])),
      inputs: derivative.inputs.map(move),
    })) satisfies Derivative[],
  };
}

function imagesOf(inputs: readonly Node[], image: readonly Node[]): readonly Node[] {
  switch (inputs.length) {
    case 0:
      return inputs;
    case 1:
      return [image[inputs[0].id]];
    case 2:
      return [image[inputs[0].id], image[inputs[1].id]];
    default:
      return inputs.map(input => image[input.id]);
  }
}

/** An empty graph with the limit of `program`'s. */
export function freshGraph(program: Program): Graph {
  return new Graph(program.graph.maxNodes);
}
