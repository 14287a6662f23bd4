// Straight-line programs for straight.mjs: value and gradient of large formulas, as modules and as C printed from the same
// schedule. Bundled by straight.mjs; no part of the published package.

import { entriesOf } from '../src/codegen/entries.ts';
import { emitModule } from '../src/codegen/module.ts';
import { elementsOf, placementsOf } from '../src/codegen/results.ts';
import { isThere, scalarsIn } from '../src/codegen/scalars.ts';
import { type Pieces, schedule } from '../src/codegen/schedule.ts';
import { WASM_PIECES } from '../src/codegen/wasm/straight.ts';
import { compile } from '../src/compile.ts';
import { differentiator } from '../src/grad/derivatives.ts';
import { builder, constantOf } from '../src/ir/build.ts';
import { Graph, type Node } from '../src/ir/graph.ts';
import type { Program } from '../src/ir/program.ts';
import { SCALAR } from '../src/ir/shape.ts';
import { normalise, optimise } from '../src/rewrite/passes.ts';
import { randomFormula } from './random-formula.mjs';

const MAPS = 16;
/** Operations of a random formula for each of its value and gradient together. */
const MIXED = 0.3;

/** Sums and products only: logistic maps, each pushed a little by its neighbour, `steps` times. */
function coupledMaps(steps: number): Program {
  const graph = new Graph();
  const { add, sub, mul } = builder(graph);
  const inputs = Array.from({ length: MAPS }, (_, i) => graph.input(`x${i}`));
  let values: Node[] = inputs;
  for (let k = 0; k < steps; k++)
    values = values.map((x, i) => add(mul(mul(3.3, x), sub(1, x)), mul(0.05, values[(i + 1) % MAPS])));
  const value = values.reduce((sum, x) => add(sum, x));
  return {
    source: { name: 'maps', text: '' },
    graph,
    inputs: inputs.map(node => ({ name: node.attrs.name, shape: SCALAR, dtype: 'real', node })),
    outputs: [{ name: 'value', shape: SCALAR, elements: [value] }],
    wrt: inputs.map(({ attrs }) => attrs.name),
    derivatives: [],
    diagnostics: [],
  };
}

export type Formula = 'maps' | 'mixed';

/** Value and gradient with about so many operations together. */
export function programOf(formula: Formula, operations: number): Program {
  if (formula === 'mixed') return compiled(randomFormula(MIXED * operations).text);
  const { program, b } = normalise(coupledMaps(Math.round(operations / MAPS / 10)));
  return optimise({ ...program, derivatives: [differentiator(b, program).gradient()] }, 2);
}

/** What is left of a formula after the last pass. */
function compiled(text: string): Program {
  let program: Program | undefined;
  compile(text, {
    onPass: (_, after) => {
      program = after;
    },
  });
  return program!; // there are passes
}

/** What `valueAndGrad` hands out, and the operations it takes. */
function entryOf(program: Program) {
  const scalars = scalarsIn(program)!; // all is scalar
  const { bound } = entriesOf(program, scalars.of).find(({ name }) => name === 'valueAndGrad')!; // asked for above
  return bound.map(({ parameter, ...block }) => ({
    array: parameter,
    elements: elementsOf({ parameter, ...block }, scalars),
  }));
}

/** What `valueAndGrad` computes. */
export function operationsOf(program: Program): number {
  return stepsOf(program).filter(step => step >= 0).length;
}

export function moduleOf(program: Program, target: 'js' | 'wasm'): string {
  return emitModule(program, { format: 'esm', header: 'benchmark', target }).code;
}

/** The operations in order, in one piece. */
function stepsOf(program: Program): Int32Array {
  const roots = entryOf(program).flatMap(({ elements }) => elements.filter(node => node !== undefined));
  const endless: Pieces = { ...WASM_PIECES, whole: Number.POSITIVE_INFINITY };
  return schedule(program.graph, [{ roots }], endless).steps;
}

/** `double f(const double *theta, double *g)`, one statement for each operation. */
export function cOf(program: Program): string {
  const handed = entryOf(program);
  const at = new Map(program.inputs.map(({ node }, i) => [node as Node, i]));
  const text = (node: Node): string => {
    const constant = constantOf(node);
    if (constant !== undefined) return `(${constant.toExponential(20)})`;
    return isThere(node) ? `theta[${at.get(node)}]` : `t${node.id}`;
  };
  const lines: string[] = [];
  for (const step of stepsOf(program)) {
    if (step < 0) continue;
    const node = program.graph.nodes[step];
    lines.push(`double t${step} = ${operationOf(node, node.inputs.map(text))};`);
  }
  for (const { array, elements } of handed) {
    if (array === undefined) continue;
    for (const { value, places } of placementsOf(elements).placements)
      for (const place of places)
        lines.push(`${array}[${place}] = ${value === undefined ? '0' : text(value)};`);
  }
  const value = handed.find(({ array }) => array === undefined)!.elements[0]!; // the value is returned
  return `#include <math.h>
double f(const double *restrict theta, double *restrict g) {
${lines.join('\n')}
return ${text(value)};
}
`;
}

function operationOf(node: Node, [x, y]: readonly string[]): string {
  switch (node.op) {
    case 'add':
      return `${x} + ${y}`;
    case 'sub':
      return `${x} - ${y}`;
    case 'mul':
      return `${x} * ${y}`;
    case 'div':
      return `${x} / ${y}`;
    case 'neg':
      return `-${x}`;
    case 'sin':
    case 'cos':
    case 'exp':
    case 'expm1':
    case 'tanh':
    case 'log':
    case 'log1p':
    case 'sqrt':
      return `${node.op}(${x})`;
    default:
      throw new RangeError(`no C for ${node.op}`);
  }
}
