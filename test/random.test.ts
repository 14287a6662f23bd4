// Random formulas through the whole compiler: all levels, modes, forms and formats tell one story, and it is that of
// mathjs and of differences. On failure fast-check prints the formula and the seed.

import fc from 'fast-check';
import { all, create } from 'mathjs';
import { describe, expect, it } from 'vitest';
import { compile, parse, parseIr, printIr } from '../src/index.ts';
import { evaluator } from '../src/ir/evaluate.ts';
import { liveNodes } from '../src/ir/live.ts';
import type { Program } from '../src/ir/program.ts';
import { verify } from '../src/ir/verify.ts';
import { scope } from '../src/mathjs.ts';
import { difference } from './differences.ts';
import { type EmittedExports, load } from './emitted.ts';
import { formulas } from './formulas.ts';

const NAMES = ['x', 'y', 'z'] as const;
type Point = Readonly<Record<(typeof NAMES)[number], number>>;
const points = fc.record({
  x: fc.double({ min: -3, max: 3, noNaN: true }),
  y: fc.double({ min: 0.1, max: 2, noNaN: true }),
  z: fc.double({ min: -2, max: 2, noNaN: true }),
});
/** Kinks and poles love zero: points at which differences have a chance. */
const ordinary = fc.record({
  x: fc.integer({ min: 50, max: 3000 }).map(k => k / 1000),
  y: fc.integer({ min: 100, max: 2000 }).map(k => k / 1000),
  z: fc.integer({ min: -2000, max: -50 }).map(k => k / 1000),
});
const RUNS = { seed: 20_261_121, numRuns: 250 };
// Real results only, and comparisons as exact as ours.
const math = create(all, { predictable: true, relTol: 1e-16, absTol: 1e-300 });

const environment = (point: Point) => new Map(Object.entries(point));

/** The largest intermediate value, or infinity if one leaves the range in which levels must agree. */
function magnitude(program: Program, point: Point): number {
  const nodes = liveNodes(program.outputs[0].elements);
  let largest = 1;
  for (const value of evaluator(nodes)(environment(point))) {
    const size = Math.abs(value);
    if (!(size < 1e50) || (size !== 0 && size < 1e-50)) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, size);
  }
  return largest;
}

/** A derivative is as well conditioned as the program that computes it. */
function derivativeMagnitude(program: Program, point: Point): number {
  const roots = [...program.derivatives].flatMap(({ values }) => [...values.values()]);
  let largest = 1;
  for (const value of evaluator(liveNodes(roots))(environment(point))) {
    const size = Math.abs(value);
    if (!(size < 1e50) || (size !== 0 && size < 1e-50)) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, size);
  }
  return largest;
}

function expectNear(actual: number, expected: number, scale: number, what: string): void {
  const error = Math.abs(actual - expected);
  expect(error <= 1e-11 * scale + 1e-12 * Math.abs(expected), `${what}: ${actual} and ${expected}`).toBe(
    true,
  );
}

async function everyForm(text: string): Promise<EmittedExports[]> {
  const modules: EmittedExports[] = [];
  for (const optimize of [0, 1, 2] as const)
    modules.push(await load(compile(text, { optimize, wrt: used(text), jvp: true }).code));
  return modules;
}

/** The names that the formula mentions; a formula need not use all. */
function used(text: string): string[] {
  return parse(text).inputs.map(input => input.name);
}

describe('random formulas', () => {
  it('print and parse back as IR, and every stage is a valid graph', () => {
    fc.assert(
      fc.property(formulas(), text => {
        const { program } = compile(text, { hessian: true, onPass: (pass, stage) => verify(stage, pass) });
        const dump = printIr(program);
        expect(printIr(parseIr(dump))).toBe(dump);
      }),
      RUNS,
    );
  });

  it('have the value that mathjs gives', () => {
    fc.assert(
      fc.property(formulas(), points, (text, point) => {
        const program = parse(text);
        const scale = magnitude(program, point);
        fc.pre(Number.isFinite(scale));
        const [value] = evaluator(program.outputs[0].elements)(environment(point));
        const expected = math.evaluate(text, scope(point, {}));
        expectNear(value, Number(expected), scale, 'value');
      }),
      RUNS,
    );
  });

  it('mean the same at every level, in record form and in bind, forward and in reverse', async () => {
    await fc.assert(
      fc.asyncProperty(formulas(), points, async (text, point) => {
        const { program } = compile(text);
        const scale = Math.max(magnitude(program, point), derivativeMagnitude(program, point));
        fc.pre(Number.isFinite(scale));
        const wrt = used(text);
        const [reference, ...others] = await everyForm(text);
        const first = reference.valueAndGrad(point);
        for (const module of [reference, ...others]) {
          expectNear(module.value(point), first.value, scale, 'value');
          const f = module.bind();
          const theta = f.pack(point);
          const g = new Float64Array(f.size);
          expectNear(f.valueAndGrad(theta, g), first.value, scale, 'bound value');
          const tangents = Object.fromEntries(wrt.map((name, i) => [name, 0.3 + i]));
          let directional = 0;
          for (const [i, name] of wrt.entries()) {
            expectNear(module.grad(point)[name], first.grad[name], scale, `d/d${name}`);
            expectNear(g[i], first.grad[name], scale, `bound d/d${name}`);
            directional += (0.3 + i) * first.grad[name];
          }
          expectNear(module.jvp(point, tangents).tangent, directional, 10 * scale, 'forward mode');
        }
      }),
      { ...RUNS, numRuns: 150 },
    );
  });

  it('have the derivatives that differences give, where these are trustworthy', () => {
    let compared = 0;
    fc.assert(
      fc.property(formulas(), ordinary, (text, point) => {
        const source = evaluator(parse(text).outputs[0].elements);
        const { program } = compile(text);
        fc.pre(
          Number.isFinite(magnitude(program, point)) && Number.isFinite(derivativeMagnitude(program, point)),
        );
        for (const name of used(text)) {
          const along = (value: number) => source(new Map([...environment(point), [name, value]]))[0];
          const slope = (step: number) => difference(along, point[name as keyof Point], step);
          const [coarse, fine] = [slope(2e-2), slope(5e-3)];
          if (!(Math.abs(coarse - fine) <= 1e-8 * Math.max(1, Math.abs(fine)))) continue; // a kink or a pole is near
          const node = program.derivatives[0].values.get(name);
          const actual = node === undefined ? 0 : evaluator([node])(environment(point))[0];
          expect(
            Math.abs(actual - fine) / Math.max(1, Math.abs(fine)),
            `d/d${name}: ${actual} and ${fine}`,
          ).toBeLessThan(1e-6);
          compared++;
        }
      }),
      RUNS,
    );
    expect(compared).toBeGreaterThan(100);
  });
});
