// The transforms of programs that the library offers: each takes a program and gives one whose outputs are derivatives, so
// they compose: `gradient(gradient(f, ['x']), ['x'])` is the second derivative. Each result is normalised (rule R6: second
// order is the derivative of the normalised first-order graph).

import { checkedWrt, derivativeOf, isScalar, limited } from './compile.ts';
import { SymgradError } from './errors.ts';
import { differentiator } from './grad/derivatives.ts';
import type { Builder } from './ir/build.ts';
import type { Node } from './ir/graph.ts';
import type { Derivative, DerivativeKind, Input, Output, Program } from './ir/program.ts';
import { SCALAR } from './ir/shape.ts';
import { freshGraph, rebuilt } from './rewrite/engine.ts';
import { normalise, normalisingBuilder } from './rewrite/passes.ts';

/**
 * The partial derivatives of a program with one scalar output: one scalar output per name in `wrt` (default: the
 * program's), called by that name.
 *
 * @throws SymgradError `unknown-wrt`, `int-wrt`, `not-scalar`.
 */
export function gradient(program: Program, wrt: readonly string[] = program.wrt): Program {
  return transformed(program, wrt, 'grad', (derivative, zero, { wrt }) =>
    wrt.map(name => scalarOutput(name, derivative.values.get(name) ?? zero)),
  );
}

/** The Jacobian: an output `r_x` of the shape of r for every output r and every x in `wrt`. */
export function jacobian(program: Program, wrt: readonly string[] = program.wrt): Program {
  return transformed(program, wrt, 'jacobian', ({ values }, zero, { outputs, wrt }) =>
    outputs.flatMap(output =>
      wrt.map(name => ({
        ...like(output, path => values.get(`${path}.${name}`) ?? zero),
        name: `${output.name}_${name}`,
      })),
    ),
  );
}

/**
 * The Hessian of a program with one scalar output: an output `x_y` for every pair of names in `wrt`.
 *
 * @throws SymgradError `unknown-wrt`, `int-wrt`, `not-scalar`.
 */
export function hessian(program: Program, wrt: readonly string[] = program.wrt): Program {
  return transformed(program, wrt, 'hessian', ({ values }, zero, { wrt }) =>
    wrt.flatMap(x =>
      wrt.map(y => scalarOutput(`${x}_${y}`, values.get(`${x}.${y}`) ?? values.get(`${y}.${x}`) ?? zero)),
    ),
  );
}

/** Hessian times a vector: outputs called by the names in `wrt`, further inputs `tangent_x`. */
export function hvp(program: Program, wrt: readonly string[] = program.wrt): Program {
  return transformed(program, wrt, 'hvp', (derivative, zero, { wrt }) =>
    wrt.map(name => scalarOutput(name, derivative.values.get(name) ?? zero)),
  );
}

/** Jacobian times tangents: outputs like those of the program, further inputs `tangent_x`. */
export function jvp(program: Program, wrt: readonly string[] = program.wrt): Program {
  return transformed(program, wrt, 'jvp', (derivative, zero, { outputs }) =>
    outputs.map(output => like(output, path => derivative.values.get(path) ?? zero)),
  );
}

/** Cotangents times the Jacobian: outputs called by the names in `wrt`, further inputs `cotangent_r` (or `cotangent_r_1`). */
export function vjp(program: Program, wrt: readonly string[] = program.wrt): Program {
  return transformed(program, wrt, 'vjp', (derivative, zero, { wrt }) =>
    wrt.map(name => scalarOutput(name, derivative.values.get(name) ?? zero)),
  );
}

type Outputs = (derivative: Derivative, zero: Node, program: Program) => readonly Output[];

function transformed(
  program: Program,
  wrt: readonly string[],
  kind: DerivativeKind,
  outputsOf: Outputs,
): Program {
  const needsScalar = kind === 'grad' || kind === 'hessian' || kind === 'hvp';
  if (needsScalar && !isScalar(program)) {
    const names = program.outputs.map(output => output.name).join(', ');
    const message = `this derivative needs one scalar output, but the program has ${names}`;
    throw new SymgradError({ severity: 'error', code: 'not-scalar', message, hints: ['take the jacobian'] });
  }
  const plain = { ...program, wrt: checkedWrt(program, wrt), derivatives: [] };
  return limited(() => {
    const { program: normal, b } = normalise(plain);
    const derivative = derivativeOf(differentiator(b, normal), kind, 'dense', normal);
    const result = { ...normal, outputs: outputsOf(derivative, b.constant(0), normal) };
    return derivative.inputs.length === 0 ? result : withInputs(result, derivative);
  });
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
    return name === undefined ? b.rebuild(node, inputs) : b.graph.input(name);
  });
  const added = [...renamed.values()].map((name): Input => {
    return { name, shape: SCALAR, dtype: 'real', node: b.graph.input(name) };
  });
  return { ...copy, inputs: [...copy.inputs, ...added] };
}

function scalarOutput(name: string, node: Node): Output {
  return { name, shape: SCALAR, elements: [node] };
}

/** An output of the name and shape of `output`, its elements found by path. */
function like(output: Output, element: (path: string) => Node): Output {
  const { name, shape } = output;
  const elements =
    shape.length === 0 ? [element(name)] : output.elements.map((_, k) => element(`${name}.${k + 1}`));
  return { name, shape, elements };
}
