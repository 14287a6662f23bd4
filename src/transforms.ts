// The transforms of programs that the library offers: each takes a program and gives one whose outputs are derivatives, so
// they compose: `gradient(gradient(f, ['x']), ['x'])` is the second derivative. Each result is normalised (rule R6: second
// order is the derivative of the normalised first-order graph).

import { checkedOrder, checkedWrt, isScalar, refuseMany } from './compile/requirements.ts';
import { derivativeOf, limited } from './compile.ts';
import { SymgradError } from './errors.ts';
import { transposedBlock } from './grad/blocks.ts';
import { differentiator } from './grad/derivatives.ts';
import type { Builder } from './ir/build.ts';
import type { Node } from './ir/graph.ts';
import {
  type Derivative,
  type DerivativeKind,
  type Input,
  kindOfOrder,
  nodeOf,
  type Output,
  type Program,
} from './ir/program.ts';
import type { Shape } from './ir/shape.ts';
import { freshGraph, rebuilt } from './rewrite/engine.ts';
import { normalise, normalisingBuilder } from './rewrite/passes.ts';

/**
 * The partial derivatives of a program with one scalar output: one output per name in `wrt` (default: the program's), called
 * by that name, of the shape of that input.
 *
 * @throws SymgradError `unknown-wrt`, `int-wrt`, `not-scalar`.
 */
export function gradient(program: Program, wrt: readonly string[] = program.wrt): Program {
  return transformed(program, wrt, 'grad', likeInputs);
}

/** The Jacobian: an output `r_x` for every output r and every x in `wrt`, of the shape of r followed by that of x. */
export function jacobian(program: Program, wrt: readonly string[] = program.wrt): Program {
  return transformed(program, wrt, 'jacobian', ({ values }, b, { outputs, inputs, wrt }) =>
    outputs.flatMap(output =>
      wrt.map(name => ({
        ...like(b, output, shapeIn(inputs, name), path => values.get(`${path}.${name}`)),
        name: `${output.name}_${name}`,
      })),
    ),
  );
}

/**
 * The Hessian of a program with one scalar output: an output `x_y`, of the shape of x followed by that of y, for every pair
 * of names in `wrt`.
 *
 * @throws SymgradError `unknown-wrt`, `int-wrt`, `not-scalar`.
 */
export function hessian(program: Program, wrt: readonly string[] = program.wrt): Program {
  return transformed(program, wrt, 'hessian', ({ values }, b, { inputs, wrt }) => {
    const nodes = new Map(inputs.map(({ name, node }) => [name, node]));
    const block = (x: string, y: string): Node | undefined => {
      const mirrored = values.get(`${y}.${x}`);
      const own = values.get(`${x}.${y}`);
      return own ?? (mirrored && transposedBlock(b, mirrored, nodes.get(x)!, nodes.get(y)!));
    };
    const shape = (x: string, y: string) => [...shapeIn(inputs, x), ...shapeIn(inputs, y)];
    return wrt.flatMap(x => wrt.map(y => outputOf(b, `${x}_${y}`, shape(x, y), block(x, y))));
  });
}

/**
 * The mixed partial derivative of a program with one scalar output, once by each of `names`: `['x', 'x', 'y']` is the third
 * derivative, twice by x and once by y. One output `x_x_y`, of the shapes of these inputs joined; of no names, the program.
 * The names are taken in the order of the inputs, whatever theirs is, so that equal derivatives are computed alike.
 *
 * @throws SymgradError `unknown-wrt`, `int-wrt`, `not-scalar`.
 */
export function partial(program: Program, names: readonly string[]): Program {
  checkedWrt(program, names);
  refuseSeveral(program);
  if (names.length === 0) return limited(() => normalise({ ...program, derivatives: [] }).program);
  const place = new Map(program.inputs.map(({ name }, k) => [name, k]));
  const order = [...names.keys()].sort((i, j) => place.get(names[i])! - place.get(names[j])! || i - j);
  const result = order.reduce((derivative, k) => jacobian(derivative, [names[k]]), program);
  const node = nodeOf(result.outputs[0])!;
  const b = normalisingBuilder(result.graph);
  const output = outputOf(b, names.join('_'), [], arranged(b, node, names, order, program.inputs));
  return { ...result, outputs: [{ ...output, shape: output.elements[0].shape }], wrt: [...new Set(names)] };
}

/**
 * All derivatives of one order, from 1 to 8, of a program with one scalar output: an output `x_x_y`, of the shapes of these
 * inputs joined, for every combination of `order` names in `wrt`, in its order.
 *
 * @throws SymgradError `unknown-wrt`, `int-wrt`, `not-scalar`, `invalid-order`, `order-too-large`.
 */
export function derivatives(program: Program, order: number, wrt: readonly string[] = program.wrt): Program {
  const paths = combinations(wrt, checkedOrder(order));
  const taken = new Set<string>();
  return transformed(program, wrt, kindOfOrder(order), ({ values }, b, { inputs }) =>
    paths.map(path => {
      let name = path.join('_');
      while (taken.has(name)) name += '_'; // of inputs called x and x_x
      taken.add(name);
      const shape = path.flatMap(each => shapeIn(inputs, each));
      return outputOf(b, name, shape, values.get(path.join('.')));
    }),
  );
}

/** Hessian times a vector: outputs called by the names in `wrt`, further inputs `tangent_x`. */
export function hvp(program: Program, wrt: readonly string[] = program.wrt): Program {
  return transformed(program, wrt, 'hvp', likeInputs);
}

/** Jacobian times tangents: outputs like those of the program, further inputs `tangent_x`. */
export function jvp(program: Program, wrt: readonly string[] = program.wrt): Program {
  return transformed(program, wrt, 'jvp', ({ values }, b, { outputs }) =>
    outputs.map(output => like(b, output, [], path => values.get(path))),
  );
}

/**
 * Cotangents times the Jacobian: outputs called by the names in `wrt`, further inputs `cotangent_r` (or `cotangent_r_1` of a
 * list of scalars).
 */
export function vjp(program: Program, wrt: readonly string[] = program.wrt): Program {
  return transformed(program, wrt, 'vjp', likeInputs);
}

type Outputs = (derivative: Derivative, b: Builder, program: Program) => readonly Output[];

function transformed(
  program: Program,
  wrt: readonly string[],
  kind: DerivativeKind,
  outputsOf: Outputs,
): Program {
  if (kind !== 'jacobian' && kind !== 'jvp' && kind !== 'vjp') refuseSeveral(program);
  const plain = { ...program, wrt: checkedWrt(program, wrt), derivatives: [] };
  return limited(() => {
    const { program: normal, b } = normalise(plain);
    const derivative = derivativeOf(differentiator(b, normal), kind, 'dense', normal);
    const result = { ...normal, outputs: outputsOf(derivative, b, normal) };
    return derivative.inputs.length === 0 ? result : withInputs(result, derivative);
  });
}

function refuseSeveral(program: Program): void {
  if (isScalar(program)) return;
  const names = program.outputs.map(output => output.name).join(', ');
  const message = `this derivative needs one scalar output, but the program has ${names}`;
  throw new SymgradError({ severity: 'error', code: 'not-scalar', message, hints: ['take the jacobian'] });
}

/** The selections of `order` of `names`, with repetition, each in the order of `names`. */
function combinations(names: readonly string[], order: number): string[][] {
  let rows: number[][] = [[]];
  let count = 1;
  for (let k = 0; k < order; k++) {
    count *= (names.length + k) / (k + 1);
    refuseMany(order, Math.round(count));
    rows = rows.flatMap(row => [...names.keys()].slice(row.at(-1) ?? 0).map(next => [...row, next]));
  }
  return rows.map(row => row.map(k => names[k]));
}

/** A derivative by names taken in `order`, with its axes in the order in which they are given. */
function arranged(
  b: Builder,
  node: Node,
  names: readonly string[],
  order: readonly number[],
  inputs: readonly Input[],
): Node {
  let axis = 0;
  const axesOf = new Map(order.map(k => [k, shapeIn(inputs, names[k]).map(() => axis++)]));
  return b.permute(
    node,
    names.flatMap((_, k) => axesOf.get(k)!),
  );
}

/** Makes the tangents or cotangents of `derivative` ordinary inputs: `tangent.x` becomes `tangent_x`. */
function withInputs(program: Program, derivative: Derivative): Program {
  const taken = new Set(program.inputs.map(input => input.name));
  const renamed = new Map<string, string>();
  for (const { attrs } of derivative.inputs) {
    let name = attrs.name.replaceAll('.', '_');
    while (taken.has(name)) name += '_';
    taken.add(name);
    renamed.set(attrs.name, name);
  }
  const b: Builder = normalisingBuilder(freshGraph(program));
  const copy = rebuilt(program, b, (node, inputs) => {
    const name = node.op === 'input' ? renamed.get(node.attrs.name) : undefined;
    return name === undefined ? b.rebuild(node, inputs) : b.graph.input(name, 'real', node.shape);
  });
  const added = derivative.inputs.map(({ attrs, shape }): Input => {
    const name = renamed.get(attrs.name)!;
    return { name, shape, dtype: 'real', node: b.graph.input(name, 'real', shape) };
  });
  return { ...copy, inputs: [...copy.inputs, ...added] };
}

/** An output for every name in wrt, of the shape of that input. */
function likeInputs({ values }: Derivative, b: Builder, { inputs, wrt }: Program): readonly Output[] {
  return wrt.map(name => outputOf(b, name, shapeIn(inputs, name), values.get(name)));
}

/** An output of one node; zeros if there is none. */
function outputOf(b: Builder, name: string, shape: Shape, node: Node | undefined): Output {
  return { name, shape, elements: [node ?? b.broadcast(0, shape)] };
}

/** An output called and shaped like `output`, with further axes; what it is made of is found by path. */
function like(b: Builder, output: Output, axes: Shape, find: (path: string) => Node | undefined): Output {
  const { name, shape, elements } = output;
  if (nodeOf(output) !== undefined) return outputOf(b, name, [...shape, ...axes], find(name));
  const nodes = elements.map((_, k) => find(`${name}.${k + 1}`) ?? b.broadcast(0, axes));
  if (axes.length === 0) return { name, shape, elements: nodes };
  return outputOf(b, name, [...shape, ...axes], b.stack(nodes));
}

function shapeIn(inputs: readonly Input[], name: string): Shape {
  return inputs.find(input => input.name === name)!.shape;
}
