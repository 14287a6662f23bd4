// Straight-line code as WebAssembly computes what the JavaScript of the same program computes, in one piece and in chunks.

import { describe, expect, it } from 'vitest';
import { emitModule } from '../../../src/codegen/module.ts';
import type { Pieces } from '../../../src/codegen/schedule.ts';
import { WasmEncoder } from '../../../src/codegen/wasm/encoder.ts';
import { WasmEnvironment } from '../../../src/codegen/wasm/environment.ts';
import { straightFunction, WASM_PIECES } from '../../../src/codegen/wasm/straight.ts';
import { type CompileOptions, compile } from '../../../src/compile.ts';
import { builder } from '../../../src/ir/build.ts';
import { Graph, type Node } from '../../../src/ir/graph.ts';
import type { Program } from '../../../src/ir/program.ts';
import { importText } from '../programs.ts';
import { ALL, ARITHMETIC, POINTS, randomProgram } from '../random-programs.ts';
import { type Bound, bound } from './bound.ts';
import { instantiate } from './instantiate.ts';

/** Those that are the same to the last bit. */
const EXACT = ARITHMETIC.filter(op => op !== 'tanh');

const TINY: Pieces = { ...WASM_PIECES, whole: 7, chunk: 7 };
const WHOLE: Pieces = { ...WASM_PIECES, whole: 20_000 };

describe('random programs', () => {
  it('of all operations', async () => {
    for (let seed = 1; seed <= 40; seed++) await check(randomProgram(seed, 20 + seed, ALL, 5), 1e-10);
  });

  it('of selections, bit for bit', async () => {
    for (let seed = 1; seed <= 100; seed++)
      await check(randomProgram(seed, 25 + seed, [...EXACT, 'lt', 'and', 'not', 'real'], 30), 0);
  });

  it('of 500 to 5,000 operations, bit for bit', async () => {
    for (const size of [500, 2000, 5000])
      await check(randomProgram(size, size, [...EXACT, 'lt', 'and'], 5), 0);
  });
});

it('formulas: tensors written out, scalar and integer data, second arguments, zeros, in both precisions', async () => {
  const formula = `
    # @input w: 3
    # @input x: scalar
    # @input y: 4
    # @input k: 2 int
    # @input c: scalar
    # @wrt w, x
    sum(exp(-(y - w[2] * k[1] * x).^2 / c)) + k[2] * w[2] ^ 3 + w[1] * sin(x * c)
  `;
  const inputs = { w: [0.3, -0.7, 1.9], x: 0.4, y: [1, 2, 0.5, -1], k: [1, 3], c: 1.3 };
  for (const precision of ['f64', 'f32'] as const) {
    for (const pieces of [WHOLE, TINY])
      await checkFormula(formula, inputs, { hessian: true, hvp: true, precision, unroll: 1000 }, pieces);
  }
});

it('a sparse Hessian clears many zeros and puts one value in several places', async () => {
  const formula = '# @input x: 8\nsum(x.^2) + 3 * x[1] * x[8]';
  const inputs = { x: [1, 2, 3, 4, 5, 6, 7, 8] };
  await checkFormula(formula, inputs, { hessian: true, unroll: 1000 }, WHOLE);
});

it('100,000 operations, as deep as the graph is long', () => {
  const steps = 12_500;
  const { arrays, call, slots } = bound(logisticMap(steps));
  arrays.theta[0] = 0.3;
  let [x, derivative] = [0.3, 1];
  for (let k = 0; k < steps; k++) [x, derivative] = [3 * x * (1 - x), derivative * (3 - 6 * x)];
  expect(call('valueAndGrad')).toBe(x);
  expect(arrays['valueAndGrad.g'][0] / derivative).toBeCloseTo(1, 9);
  expect(slots).toBeGreaterThan(0.9 * steps); // each x is needed on the way back
});

it('operations on thousands of numbers, and a value in a million places, stay below the limits of engines', () => {
  const graph = new Graph();
  const b = builder(graph);
  const x = graph.input('x');
  const shifted = Array.from({ length: 10_000 }, (_, k) => b.sub(x, k));
  const largest = Array.from({ length: 200 }, (_, k) => b.max(...shifted.with(0, b.add(x, k))));
  const value = largest.reduce((sum, each) => b.add(sum, each));
  const encoder = new WasmEncoder();
  const environment = new WasmEnvironment(encoder, 'f64');
  const length = 1_000_000;
  const { code, slots } = straightFunction(environment, {
    graph,
    handed: [
      { array: undefined, elements: [value] },
      { array: 'H', elements: new Array(length).fill(x) },
    ],
    placeOf: () => ({ array: 'x', index: 0 }),
    memory: 'slots',
  });
  encoder.export('f', code);
  const addresses = { x: 0, H: 16, slots: 16 + 8 * length };
  const { exports, buffer } = instantiate(encoder, addresses.slots + 8 * slots, addresses);
  new Float64Array(buffer)[0] = 0.25;
  expect(exports.f()).toBe(200 * 0.25 + (200 * 199) / 2); // the largest are x + k
  expect(new Float64Array(buffer, 16, length).every(element => element === 0.25)).toBe(true);
});

/** So many steps of x -> 3 x (1 - x), then back through them. */
function logisticMap(steps: number): Program {
  const graph = new Graph();
  const b = builder(graph);
  const input = graph.input('x');
  const values: Node[] = [input];
  for (let k = 0; k < steps; k++) values.push(b.mul(b.mul(3, values[k]), b.sub(1, values[k])));
  let adjoint: Node = b.constant(1);
  for (let k = steps - 1; k >= 0; k--) adjoint = b.mul(adjoint, b.sub(3, b.mul(6, values[k])));
  return {
    source: { name: 'logistic map', text: '' },
    graph,
    inputs: [{ name: 'x', shape: [], dtype: 'real', node: input }],
    outputs: [{ name: 'value', shape: [], elements: [values[steps]] }],
    wrt: ['x'],
    derivatives: [{ kind: 'grad', form: 'dense', inputs: [], values: new Map([['x', adjoint]]) }],
    diagnostics: [],
  };
}

/** Compares a random program at each of the points, in one piece and in the smallest. */
async function check(program: Program, tolerance: number): Promise<void> {
  const { code } = emitModule(program, { format: 'esm', header: 'test' });
  const module = await importText(code);
  for (const pieces of [WHOLE, TINY]) {
    const wasm = bound(program, { pieces });
    for (const { k, ...theta } of POINTS) {
      const js = module.bind({ k });
      wasm.arrays.theta.set(js.pack(theta));
      wasm.arrays.scalars.set([k]);
      compare(wasm, js, Object.values(theta), {}, tolerance, code);
    }
  }
}

async function checkFormula(
  formula: string,
  inputs: Readonly<Record<string, number | readonly number[]>>,
  options: CompileOptions,
  pieces: Pieces,
): Promise<void> {
  let program: Program | undefined;
  const onPass = (_: string, after: Program): void => {
    program = after;
  };
  const { code, meta } = compile(formula, { ...options, target: 'js', onPass });
  const { bind } = await importText(code);
  const js = bind(inputs);
  const theta = js.pack(inputs);
  const wasm = bound(program!, { pieces, ...(options.precision && { precision: options.precision }) }); // the last pass has run
  wasm.arrays.theta.set(theta);
  const data = meta.inputs.filter(({ name }) => !meta.wrt.includes(name));
  const isScalar = ({ shape }: { readonly shape: readonly unknown[] }): boolean => shape.length === 0;
  wasm.arrays.scalars.set(data.filter(isScalar).map(({ name }) => inputs[name] as number));
  for (const each of data)
    if (!isScalar(each)) wasm.arrays[each.name].set(inputs[each.name] as readonly number[]);
  const extras = Object.fromEntries(
    Object.keys(wasm.arrays)
      .filter(name => name.endsWith('.v'))
      .map(name => [name, wasm.arrays[name].map((_, i) => i - 1.5)]),
  );
  compare(wasm, js, theta, extras, 0, code);
}

/** Calls each method of both with arrays full of nines, and compares what is returned and filled. */
function compare(
  wasm: Bound,
  js: Readonly<Record<string, (...args: unknown[]) => number>>,
  theta: unknown,
  extras: Readonly<Record<string, ArrayLike<number>>>,
  tolerance: number,
  code: string,
): void {
  const methods = Object.keys(js).filter(name => typeof js[name] === 'function' && !/pack/.test(name));
  for (const method of methods) {
    const names = Object.keys(wasm.arrays).filter(name => name.startsWith(`${method}.`));
    const [given, filled] = [names.filter(name => name in extras), names.filter(name => !(name in extras))];
    for (const name of given) wasm.arrays[name].set(extras[name]);
    for (const name of filled) wasm.arrays[name].fill(9);
    const targets = filled.map(name => wasm.arrays[name].slice());
    const returned = js[method](theta, ...given.map(name => wasm.arrays[name].slice()), ...targets);
    const expected = [returned, ...targets.flatMap(target => [...target])];
    const actual = [wasm.call(method), ...filled.flatMap(name => [...wasm.arrays[name]])];
    const isClose = actual.every((a, i) => {
      const e = expected[i];
      return (
        Object.is(a, e) ||
        Math.abs(a - e) <= tolerance * Math.abs(e) ||
        (tolerance > 0 && Math.abs(e) > 1e100)
      );
    });
    expect(isClose, `${method}: ${actual} is not ${expected} in\n${code}`).toBe(true);
  }
}
