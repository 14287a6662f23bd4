// What is computed from a program: gradient, Jacobian, Hessian and the products with them, each in the cheapest mode.
// Keys of the results are explained at `Derivative` in ir/program.ts; an absent key is identically zero, so the pattern
// of a sparse result is read from the graph.

import type { Builder } from '../ir/build.ts';
import type { InputNode, Node } from '../ir/graph.ts';
import {
  type Derivative,
  type DerivativeKind,
  type HigherKind,
  inputsByRole,
  type Mode,
  nodeOf,
  type Output,
  type Program,
} from '../ir/program.ts';
import { SCALAR } from '../ir/shape.ts';
import type { Compressed } from '../ir/sparse.ts';
import { type Flow, masked } from './flow.ts';
import { pushforward } from './forward.ts';
import { raised } from './higher.ts';
import { repeated } from './maps.ts';
import { type Entry, matrices } from './matrix.ts';
import { normalMatrix } from './normal.ts';
import { pullback } from './reverse.ts';
import { calculus } from './rules.ts';
import { limitsOf } from './sparse/choice.ts';
import { compression } from './sparse/compressed.ts';
import { indicesRead } from './strict.ts';
import { structuredPushforward } from './structured.ts';

type Form = Derivative['form'];

/** The transforms over one program's graph; each appends to it. */
export interface Differentiator {
  /** Reverse mode. Of one scalar output. */
  gradient(): Derivative;
  /** Of scalars one row per output or one column per input, whichever costs less; of tensors a block per pair. */
  jacobian(form: Form, mode?: Mode): Derivative;
  /** The upper triangle (in wrt order) of the second derivatives or their blocks, from those of `gradient`. */
  hessian(gradient: Derivative, form: Form, mode?: Mode): Derivative;
  /** All derivatives of an order from the third on, from those of the order below. */
  higher(kind: HigherKind, lower: Derivative): Derivative;
  /** Hessian times a vector: forward over reverse (Pearlmutter 1994). */
  hvp(gradient: Derivative): Derivative;
  /** J'J, J'r and r'r / 2 of residuals r with the Jacobian J, the upper triangle of the first. */
  gaussNewton(form: Form): Derivative;
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
  const structured = structuredPushforward(b, rules, indicesRead(results.map(({ node }) => node)));
  const { jacobian: jacobianOf, hessian: hessianOf } = matrices(
    b,
    pull,
    { push: structured, pushNumbers: push },
    wrt,
  );
  const compress = compression(b, rules, pull, push);
  const one = b.constant(1);

  const tangents = () =>
    new Map(
      wrt.map((node, j): [Node, InputNode] => [
        node,
        b.graph.input(`tangent.${names[j]}`, 'real', node.shape),
      ]),
    );
  const cotangents = () =>
    results.map(({ path, node }) => b.graph.input(`cotangent.${path}`, 'real', node.shape));
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

    jacobian(form, mode) {
      seal();
      const nodes = results.map(result => result.node);
      const { entries, choice } = jacobianOf(nodes, mode);
      const limits = mode === undefined ? limitsOf(program, entries, form, false) : undefined;
      return {
        ...matrix('jacobian', entries, e => `${results[e.row].path}.${names[e.column]}`, form),
        ...asCompressed(limits && compress.jacobian(nodes, wrt, cotangents(), limits)),
        choice,
      };
    },

    hessian(gradient, form, mode) {
      seal();
      const first = names.map(name => gradient.values.get(name) ?? null);
      const { entries, choice } = hessianOf(first, mode);
      const limits = mode === undefined ? limitsOf(program, entries, form, true) : undefined;
      return {
        ...matrix('hessian', entries, e => `${names[e.row]}.${names[e.column]}`, form),
        ...asCompressed(limits && compress.hessian(first, wrt, limits)),
        choice,
      };
    },

    gaussNewton(form) {
      seal();
      const residuals = results.map(({ node }) => node);
      const adjoints = pull(
        residuals.map(node => ({ node, adjoint: node })),
        input => column.has(input),
      );
      const gradient = keyed(
        names,
        wrt.map(input => adjoints.get(input) ?? null),
      );
      const entries = normalMatrix(b, structured, residuals, wrt);
      const { values, ...rest } = matrix(
        'gaussNewton',
        entries,
        e => `${names[e.row]}.${names[e.column]}`,
        form,
      );
      return { ...rest, values: new Map([['', halfSquares(b, residuals)], ...gradient, ...values]) };
    },

    higher(kind, lower) {
      seal();
      return derivative(kind, raised(b, push, structured, inputsByRole(program).variables, lower.values));
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
      const given = cotangents();
      const seeds = results.map(({ node }, i) => ({ node, adjoint: given[i] }));
      const adjoints = pull(seeds, input => column.has(input));
      return derivative(
        'vjp',
        keyed(
          names,
          wrt.map(input => adjoints.get(input) ?? null),
        ),
        'dense',
        given,
      );
    },
  };
}

/** The nodes of an output with the paths that name them: `r`, or `r.1`, `r.2`, ... for a list of scalars. */
function elementsOf(output: Output): { readonly path: string; readonly node: Node }[] {
  const node = nodeOf(output);
  if (node !== undefined) return [{ path: output.name, node }];
  return output.elements.map((node, k) => ({ path: `${output.name}.${k + 1}`, node }));
}

/** Half the sum of the squares of all elements. */
function halfSquares(b: Builder, nodes: readonly Node[]): Node {
  const sums = nodes.map(node => b.reduceSum(b.mul(node, node)));
  return b.mul(
    0.5,
    sums.reduce((sum, each) => b.add(sum, each), b.constant(0)),
  );
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

function asCompressed(compressed: Compressed | undefined): Pick<Derivative, 'compressed'> {
  return compressed === undefined ? {} : { compressed };
}

/** The derivative that consists of the entries; `pathOf` names them. */
function matrix(
  kind: DerivativeKind,
  entries: readonly Entry[],
  pathOf: (entry: Entry) => string,
  form: Form,
): Derivative {
  const values = new Map(entries.map(each => [pathOf(each), each.value]));
  const terms = new Map(entries.flatMap(each => (each.terms ? [[pathOf(each), each.terms] as const] : [])));
  return { ...derivative(kind, values, form), ...(terms.size > 0 && { terms }) };
}

function derivative(
  kind: DerivativeKind,
  values: ReadonlyMap<string, Node>,
  form: Form = 'dense',
  inputs: readonly InputNode[] = [],
): Derivative {
  return { kind, form, values, inputs };
}
