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
import { mapTerms } from '../ir/terms.ts';

export interface RewriteRule {
  /** Stable, kebab-case, e.g. `log-of-exponentials`. */
  readonly name: string;
  /** For people: `log(exp(a) + exp(b)) -> logsumexp(a, b)`. */
  readonly law: string;
  /** True if the two sides agree bit for bit (but for the sign of zero). */
  readonly exact: boolean;
  /** The operations at the root of the left side. */
  readonly on: readonly OpName[];
  /** For products: of each group one operation must be among the factors, or the rule is not tried. */
  readonly among?: readonly (readonly OpName[])[];
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
  const bits = bitsOf(rules);
  const byOp = new Map<OpName, Candidates>();
  for (const rule of rules) {
    const among = (rule.among ?? []).map(group => group.reduce((mask, op) => mask | bits.get(op)!, 0));
    for (const op of rule.on) {
      const { list, ask } = byOp.get(op) ?? { list: [], ask: false };
      byOp.set(op, { list: [...list, { rule, among }], ask: ask || among.length > 0 });
    }
  }
  const settled: (Node | undefined)[] = [];

  const settle = (node: Node): Node => {
    const candidates = byOp.get(node.op);
    if (candidates === undefined) return node;
    const known = settled[node.id];
    if (known !== undefined) return known;
    settled[node.id] = node; // a right side may contain its left side
    const kinds = candidates.ask ? factorKinds(node, bits, FACTOR_DEPTH) : 0;
    for (const { rule, among } of candidates.list) {
      if (!meetsAll(among, kinds)) continue;
      const replacement = rule.apply(node, b);
      if (replacement === null || replacement === node) continue;
      onFire({ rule, span: node.span });
      // A law may lose the operand that gave the shape: x / x -> 1.
      settled[node.id] = b.broadcast(replacement, node.shape);
      return settled[node.id]!;
    }
    return node;
  };
  const b = builder(graph, settle);
  return b;
}

interface Candidate {
  readonly rule: RewriteRule;
  readonly among: readonly number[];
}

/** The rules for one operation; `ask`: some of them want to know the factors. */
interface Candidates {
  readonly list: readonly Candidate[];
  readonly ask: boolean;
}

function meetsAll(groups: readonly number[], kinds: number): boolean {
  for (let i = 0; i < groups.length; i++) if ((groups[i] & kinds) === 0) return false;
  return true;
}

/** How far down a product is looked at for the operations that rules ask for. */
const FACTOR_DEPTH = 4;

/** A bit for every operation that a rule asks for among its factors; there are fewer than 32. */
function bitsOf(rules: readonly RewriteRule[]): ReadonlyMap<OpName, number> {
  const asked = new Set(rules.flatMap(rule => (rule.among ?? []).flat()));
  return new Map([...asked].map((op, i) => [op, 1 << i]));
}

/** The operations among the factors of a product, seen through mul, div, neg and constant powers. */
function factorKinds(node: Node, bits: ReadonlyMap<OpName, number>, depth: number): number {
  const own = bits.get(node.op) ?? 0;
  if (depth === 0) return own;
  switch (node.op) {
    case 'mul':
    case 'div':
      return (
        own | factorKinds(node.inputs[0], bits, depth - 1) | factorKinds(node.inputs[1], bits, depth - 1)
      );
    case 'neg':
    case 'pow':
      return own | factorKinds(node.inputs[0], bits, depth - 1);
    default:
      return own;
  }
}

/** Copies the live part of a program into the graph of `b`, rebuilding every node through `step` (default: as it is). */
export function rebuilt(
  program: Program,
  b: Builder,
  step: (node: Node, inputs: readonly Node[]) => Node = b.rebuild,
  live: readonly Node[] = liveNodes(rootsOf(program)),
): Program {
  const image: Node[] = new Array(program.graph.nodes.length);
  for (const { left, right, span } of program.graph.constraints.values()) b.graph.require(left, right, span);
  const { names } = program.graph;
  for (const node of live) {
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
      ...(derivative.terms && {
        terms: new Map([...derivative.terms].map(([path, terms]) => [path, mapTerms(terms, move)])),
      }),
      ...(derivative.compressed && {
        compressed: { ...derivative.compressed, values: move(derivative.compressed.values) },
      }),
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
