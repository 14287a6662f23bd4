// Emitted modules in a browser: under strict policies, on the main thread and in a worker, they give what they give in
// Node. WebAssembly asks for one permission, and says so where it is missing.

import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CompileOptions, compile } from '../../src/index.ts';
import { load } from '../load.ts';
import { describeInBrowser, launch } from './chromium.ts';
import { exercise } from './exercise.mjs';
import { type Files, visit } from './site.ts';

interface Case {
  readonly formula: string;
  readonly options?: CompileOptions;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly data: Readonly<Record<string, unknown>>;
  /** Versions of V8 differ in the last bits of Math.sin and the like. */
  readonly tolerance: number;
}

const wave = (length: number, rate: number) => Array.from({ length }, (_, i) => Math.sin(rate * (i + 1)));

const CASES: Readonly<Record<string, Case>> = {
  scalar: {
    formula: '(1 - x)^2 + 100 * (y - x^2)^2 + erf(x) * sin(y)',
    options: { wrt: ['x', 'y'] },
    inputs: { x: -1.2, y: 1 },
    data: {},
    tolerance: 1e-13,
  },
  loops: {
    formula: `# @input X: n x d
# @input y: n
# @input w: d
# @wrt w
z = X * w
mean(softplus(z) - y .* z) + dot(w, w) / 20`,
    inputs: { w: wave(3, 0.7) },
    data: { X: wave(21, 1.3), y: [0, 1, 1, 0, 1, 0, 0] },
    tolerance: 1e-13,
  },
  products: {
    formula: `# @input X: 40 x 12
# @input Y: 40 x 9
# @input W: 12 x 16
# @input V: 16 x 9
# @wrt W, V
mean((tanh(X * W) * V - Y) .^ 2)`,
    options: { precision: 'f32' },
    inputs: { W: wave(192, 0.31), V: wave(144, 0.37) },
    data: { X: wave(480, 0.11), Y: wave(360, 0.17) },
    tolerance: 1e-6,
  },
};

/** The files of a page that runs all cases, and a worker that does so. */
function files(options: CompileOptions): Files {
  const cases = Object.entries(CASES);
  return {
    'exercise.mjs': readFileSync(new URL('exercise.mjs', import.meta.url), 'utf8'),
    ...Object.fromEntries(
      cases.map(([name, each]) => [
        `${name}.mjs`,
        compile(each.formula, { ...each.options, ...options, name: `${name}.expr` }).code,
      ]),
    ),
    'all.mjs': `import { exercise } from './exercise.mjs';
export async function all() {
  return {
${cases.map(([name, { inputs, data }]) => `    ${name}: exercise(await import('./${name}.mjs'), ${JSON.stringify({ inputs, data })}),`).join('\n')}
  };
}`,
    'worker.mjs': `import { all } from './all.mjs';
all().then(postMessage, error => postMessage(String(error)));`,
  };
}

const MAIN = `import { all } from './all.mjs';
import { report } from './report.mjs';
await report(await all().catch(String));`;

const IN_WORKER = `import { report } from './report.mjs';
const worker = new Worker('/worker.mjs', { type: 'module' });
worker.onmessage = ({ data }) => report(data);
worker.onerror = ({ message }) => report(message);`;

function expectSame(actual: unknown, wanted: unknown, tolerance: number, path: string): void {
  if (typeof wanted === 'string') expect(actual, path).toBe(wanted);
  else if (typeof wanted === 'number') {
    expect(actual, path).toBeTypeOf('number');
    const error = Math.abs((actual as number) - wanted); // just tested
    expect(error, path).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(wanted)));
  } else {
    expect(Object.keys(Object(actual)), `${path}: ${actual}`).toEqual(Object.keys(Object(wanted)));
    for (const [key, each] of Object.entries(Object(wanted)))
      expectSame(Object(actual)[key], each, tolerance, `${path}.${key}`);
  }
}

/** Compares what a page reports with what the same modules give in Node. */
async function expectAsInNode(result: unknown, pages: Files): Promise<void> {
  expect(result).toBeTypeOf('object'); // else it is an error
  for (const [name, each] of Object.entries(CASES)) {
    const wanted = exercise(await load(pages[`${name}.mjs`]), each);
    expectSame(Object(result)[name], wanted, each.tolerance, name);
  }
}

describeInBrowser('modules in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  const strict = `default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'`;
  const withWasm = strict.replace(`script-src 'self'`, `script-src 'self' 'wasm-unsafe-eval'`);

  describe.each([
    ['the main thread', MAIN],
    ['a worker', IN_WORKER],
  ])('on %s', (_, main) => {
    it.each([
      ['js', strict],
      ['js', withWasm],
      ['wasm', withWasm],
    ] as const)('give what they give in Node: %s, %s', async (target, policy) => {
      const pages = files({ target });
      const { result, complaints } = await visit(browser, policy, { ...pages, 'main.mjs': main });
      await expectAsInNode(result, pages);
      expect(complaints).toEqual([]);
    });

    it('say what WebAssembly lacks', async () => {
      const { result } = await visit(browser, strict, { ...files({ target: 'wasm' }), 'main.mjs': main });
      expect(result).toMatch(/^CompileError: WebAssembly.*Content Security Policy/);
    });
  });

  it('in WebAssembly are made without blocking by `create`', async () => {
    const pages = files({ target: 'wasm' });
    const { inputs, data } = CASES.loops;
    const main = `import { bind, create } from './loops.mjs';
import { report } from './report.mjs';
const f = await create(${JSON.stringify(data)});
const theta = f.pack(${JSON.stringify(inputs)});
const all = await create();
const g = bind(${JSON.stringify(data)});
await report([f.valueAndGrad(theta, f.views.g), [...f.views.g], Object.keys(all), g.value(theta)]);`;
    const { result, complaints } = await visit(browser, withWasm, { ...pages, 'main.mjs': main });
    const module = await load(pages['loops.mjs']);
    const { value, grad } = module.valueAndGrad({ ...inputs, ...data });
    const names = ['meta', 'value', 'grad', 'valueAndGrad', 'bind', 'create'];
    expectSame(result, [value, [...grad.w], names, value], 1e-13, 'create');
    expect(complaints).toEqual([]);
  });

  it('run under a policy that is really enforced', async () => {
    const main = `import { report } from './report.mjs';
let outcome = 'evaluated';
try { eval('1'); } catch (error) { outcome = error.name; }
await report(outcome);`;
    expect((await visit(browser, strict, { 'main.mjs': main })).result).toBe('EvalError');
  });
});
