// What modules offer of derivatives of order three and above: both forms, of scalars, of small tensors written out and of
// tensors in loops; their texts, their types, their graph in every form; what is refused.

import { describe, expect, it } from 'vitest';
import { checkModule } from '../../src/check.ts';
import { emitDot } from '../../src/codegen/dot.ts';
import { emitJson } from '../../src/codegen/json.ts';
import { emitTex } from '../../src/codegen/tex.ts';
import { type CompileOptions, compile, evaluate, parse, parseIr, printIr } from '../../src/index.ts';
import { verify } from '../../src/ir/verify.ts';
import { emitted, load } from '../emitted.ts';
import { isWasm, itReads } from '../target.ts';

const TENSORS = `# @input w: 3
# @input b: scalar
# @input v: 2
sum(exp(b * w)) + v[1] * w[2] * b^2 + v[2]^3 * w[1]`;
const OPEN = TENSORS.replace('w: 3', 'w: n').replace('v: 2', 'v: m');
const at = { w: [0.1, -0.2, 0.3], b: 0.5, v: [2, -1] };

/** Third derivatives of `TENSORS` in theta = [w, b, v], by hand. */
function thirdOf(i: number, j: number, k: number): number {
  const { w, b, v } = at;
  const [p, q, r] = [i, j, k].sort((x, y) => x - y);
  const key = [p, q, r].join();
  const e = w.map(x => Math.exp(b * x));
  const other: Record<string, number> = {
    '1,3,3': 2 * v[0],
    '1,3,4': 2 * b,
    '3,3,4': 2 * w[1],
    '0,5,5': 6 * v[1],
    '5,5,5': 6 * w[0],
  };
  let sum = other[key] ?? 0;
  if (p < 3 && q === p && r === p) sum += b ** 3 * e[p];
  if (p < 3 && q === p && r === 3) sum += (2 * b + b ** 2 * w[p]) * e[p];
  if (p < 3 && q === 3 && r === 3) sum += (2 * w[p] + b * w[p] ** 2) * e[p];
  if (p === 3 && r === 3) sum += w.reduce((all, x, l) => all + x ** 3 * e[l], 0);
  return sum;
}

const SPANS = { w: [0, 1, 2], b: [3], v: [4, 5] } as const;
type Name = keyof typeof SPANS;
const NAMES: readonly Name[] = ['w', 'b', 'v'];

describe('tensors', () => {
  it.each<[string, string, CompileOptions]>([
    ['written out', TENSORS, {}],
    ['written out, -O0', TENSORS, { optimize: 0 }],
    ['in loops', TENSORS, { unroll: 0 }],
    ['in loops, -O0', TENSORS, { unroll: 0, optimize: 0 }],
    ['of open sizes', OPEN, {}],
  ])('%s', async (what, text, options) => {
    const { code } = compile(text, { order: 3, ...options });
    expect(code.includes('symmetrise(T')).toBe(!what.includes('written'));
    const { derivative3, bind } = await load(code);
    const nested = derivative3(at);
    for (const a of NAMES) {
      for (const b of NAMES) {
        for (const c of NAMES) {
          const wanted = SPANS[a].flatMap(i => SPANS[b].flatMap(j => SPANS[c].map(k => thirdOf(i, j, k))));
          const value = nested[a][b][c];
          if (a === 'b' && b === 'b' && c === 'b') expect(value).toBeCloseTo(wanted[0], 12);
          else {
            expect(value).toBeInstanceOf(Float64Array);
            expect(value.length, `${a}.${b}.${c}`).toBe(wanted.length);
            for (const [k, x] of wanted.entries()) expect(value[k], `${a}.${b}.${c}`).toBeCloseTo(x, 12);
          }
        }
      }
    }
    const f = bind(text === OPEN ? { n: 3, m: 2 } : {});
    const T = new Float64Array(216).fill(Number.NaN);
    f.derivative3(f.pack(at), T);
    for (const [k, x] of T.entries()) {
      const [p, q, r] = [Math.floor(k / 36), Math.floor(k / 6) % 6, k % 6];
      expect(x).toBeCloseTo(thirdOf(p, q, r), 12);
      expect(x).toBe(T[36 * r + 6 * p + q]);
      expect(x).toBe(T[36 * q + 6 * p + r]);
    }
  });

  it('elements that are equal are computed once, those that are zero not at all', () => {
    const { stats } = compile('# @input w: 4\nprod(w)', { order: 4 });
    expect(stats.operations).toMatchObject({ derivative3: 0, derivative4: 0 });
  });

  it('the values of the graph are whole blocks too', () => {
    for (const text of [TENSORS, OPEN]) {
      const { program } = compile(text, { order: 3 });
      const values = evaluate(program, { ...at }).derivatives.get('derivative3')!;
      const [www, wwb] = ['w.w.w', 'w.w.b'].map(path => values.get(path) as Float64Array);
      for (const [k, x] of www.entries()) {
        expect(x).toBeCloseTo(thirdOf(Math.floor(k / 9), Math.floor(k / 3) % 3, k % 3), 12);
      }
      for (const [k, x] of wwb.entries()) expect(x).toBeCloseTo(thirdOf(Math.floor(k / 3), k % 3, 3), 12);
    }
    const { program } = compile('# @input w: 3\nexp(w[1] * w[2] * w[3])', { order: 3 });
    const values = evaluate(program, { w: [1, 2, 3] })
      .derivatives.get('derivative3')!
      .get('w.w.w');
    const numbers = values as Float64Array;
    for (const [k, x] of numbers.entries()) {
      expect(x).toBe(numbers[(k % 3) * 9 + Math.floor(k / 3)]);
      expect(x).not.toBe(0);
    }
  });

  it('by tensors of one element and of none', async () => {
    const { derivative3 } = await emitted('# @input w: 1\n# @input x: 1\nw[1]^2 * x[1]', { order: 3 });
    const third = derivative3({ w: [3], x: [5] });
    expect([...third.w.x.w, ...third.w.w.w]).toEqual([2, 0]);
    const { bind } = await emitted('# @input w: n\nsum(w.^3)', { order: 3 });
    const f = bind({ n: 0 });
    expect(() => f.derivative3(f.pack({ w: [] }), new Float64Array(0))).not.toThrow();
  });
});

describe('scalars', () => {
  it('fill every place, and no more than there is', async () => {
    const { bind, derivative3, derivative4 } = await emitted('x^3 * y', { order: 4 });
    const f = bind();
    const theta = f.pack({ x: 2, y: 3 });
    const T = new Float64Array(8).fill(Number.NaN);
    f.derivative3(theta, T);
    expect([...T]).toEqual([18, 12, 12, 0, 12, 0, 0, 0]);
    expect(derivative3({ x: 2, y: 3 })).toEqual({
      x: { x: { x: 18, y: 12 }, y: { x: 12, y: 0 } },
      y: { x: { x: 12, y: 0 }, y: { x: 0, y: 0 } },
    });
    expect(derivative4({ x: 2, y: 3 }).x.y.x.x).toBe(6);
    expect(() => f.derivative3(theta, new Float64Array(7))).toThrow('T: expected 8 elements, got 7');
  });

  it('order 1 and 2 are the gradient and the Hessian', () => {
    const names = (order: number) =>
      [...compile('x^3', { order }).code.matchAll(/export function (\w+)/g)].map(([, name]) => name);
    expect(names(1)).toEqual(['value', 'grad', 'valueAndGrad', 'bind']);
    expect(names(2)).toEqual(['value', 'grad', 'valueAndGrad', 'hessian', 'valueGradAndHessian', 'bind']);
    expect(names(8).slice(-3)).toEqual(['derivative7', 'derivative8', 'bind']);
  });

  itReads('the text says what was asked for', () => {
    const { code, dts } = compile('x^3 * y', { order: 3, hvp: true });
    expect(code).toContain('--hvp --order 3.');
    expect(code).toContain(' * The derivatives of order 3.\n');
    expect(code).toContain(' * - derivative3: fills T[8] with the derivatives of order 3\n');
    expect(dts).toContain(
      'export declare function derivative3(inputs: Inputs): { x: { x: Gradient; y: Gradient }; y: { x: Gradient; y: Gradient } };',
    );
    expect(dts).toContain('derivative3(theta: ArrayLike<number>, T: Float64Array): void;');
  });

  it('a large module, in pieces, through bind', async () => {
    const text = 'exp(sin(x*y) / (1 + z^2 + w^2)) * log(1 + x^2 + y^2 * w^2) + tanh(x*y*z*w)';
    const { code, stats } = compile(text, { order: 5 });
    expect(stats.operations.derivative5).toBeGreaterThan(4000);
    if (!isWasm) expect(code).toContain('derivative52(theta, T)');
    const { derivative5, bind } = await load(code);
    const point = { x: 0.3, y: 0.7, z: -0.4, w: 0.9 };
    const f = bind();
    const T = new Float64Array(1024);
    f.derivative5(f.pack(point), T);
    // theta is [x, y, z, w], the order of first use.
    expect(derivative5(point).x.y.z.w.y).toBe(T[256 * 1 + 64 * 0 + 16 * 3 + 4 * 1 + 2]);
    const fourth = (x: number) => {
      const D = new Float64Array(256);
      f.derivative4(f.pack({ ...point, x }), D);
      return D[64 * 1 + 16 * 2 + 4 * 3 + 1];
    };
    const h = 1e-5;
    const slope = (fourth(point.x + h) - fourth(point.x - h)) / (2 * h);
    expect(Math.abs(derivative5(point).x.y.z.w.y / slope - 1)).toBeLessThan(1e-7);
  });

  it('without variables there is nothing to fill', async () => {
    const { derivative3, bind } = await emitted('1 + 2', { order: 3 });
    expect(derivative3()).toEqual({});
    bind().derivative3(new Float64Array(0), new Float64Array(0));
  });
});

describe('the graph', () => {
  it.each([
    ['x^3 * y', {}],
    [TENSORS, {}],
    [OPEN, {}],
  ])('of %j is valid and comes back from its text', (text, options: CompileOptions) => {
    const { program } = compile(text, { order: 4, ...options });
    verify(program);
    const printed = printIr(program);
    const again = parseIr(printed);
    verify(again);
    expect(printIr(again)).toBe(printed);
    expect(printed).toMatch(/return derivative4 \w/);
    const fromText = compile(printed, { language: 'ir', name: 'formula.expr', order: 4 });
    expect(fromText.dts).toContain('derivative4');
    expect(compile(printed, { language: 'ir', order: 5 }).dts).toContain('derivative5');
  });

  it('in other forms', () => {
    const { program } = compile('x^3 * y', { order: 3 });
    expect(JSON.parse(emitJson(program)).derivatives[2]).toMatchObject({
      kind: 'derivative3',
      values: { 'x.x.x': expect.any(Number), 'x.x.y': expect.any(Number) },
    });
    expect(emitDot(program)).toContain('derivative3 x.x.y');
    const tex = emitTex(program);
    expect(tex).toContain('\\frac{\\partial^{3} ');
    expect(tex).toContain('}{\\partial x^{2} \\, \\partial y} &= ');
    expect(tex).toContain('}{\\partial x^{3}} &= ');
  });

  it('paths that do not fit the order are refused', () => {
    const text = 'program "p"\n  input x\n  wrt x\n  %0 = input x\n  return value = %0\nderivative\n';
    expect(() => parseIr(`${text}  return derivative3 x.x=%0\n`)).toThrow('x.x is no path of a derivative3');
    expect(() => parseIr(`${text}  return derivative9 x=%0\n`)).toThrow();
  });
});

describe('the check of modules', () => {
  itReads.each([
    ['x^3 * y + sin(x * y)', 'x: { x: { x: ', 'x: { x: { x: 1 + '],
    ['x^3 * y + sin(x * y)', 'T[7] = ', 'T[7] = 1 + '],
  ])('finds a wrong number', async (text, from, to) => {
    const { code } = compile(text, { order: 3 });
    const right = await checkModule(code, parse(text), { points: 3 });
    expect(right.ok).toBe(true);
    expect(right.functions.map(({ name }) => name)).toContain('bind().derivative3');
    const place = code.lastIndexOf(from);
    const broken = code.slice(0, place) + to + code.slice(place + from.length);
    expect(place).toBeGreaterThan(0);
    const { functions } = await checkModule(broken, parse(text), { points: 3 });
    const [wrong] = functions.filter(({ ok }) => !ok);
    expect(wrong.name).toMatch(/derivative3$/);
    expect(wrong.reference).toBe('differences of hessian');
    expect(wrong.worst?.path).toBe(from.startsWith('T') ? 'y.y.y' : 'x.x.x');
  });

  it.each([
    [TENSORS, {}],
    [TENSORS, { unroll: 0 }],
    [OPEN, {}],
    ['log(1 + exp(x * y)) / (1 + z^2)', { hessian: 'sparse' }],
  ] as [string, CompileOptions][])('%j with %j is right', async (text, options) => {
    const { code } = compile(text, { order: 4, ...options });
    const { ok, functions } = await checkModule(code, parse(text), { points: 3 });
    expect(functions.filter(each => !each.ok)).toEqual([]);
    expect(ok).toBe(true);
    expect(functions.filter(({ reference }) => reference === 'differences of derivative3').length).toBe(2);
  });
});

describe('what is refused', () => {
  const code = (text: string, options: CompileOptions) => {
    try {
      compile(text, options);
      return '';
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      return `${code}: ${message}`;
    }
  };

  it('orders that there are not', () => {
    for (const order of [0, 9, 2.5, -1]) {
      expect(code('x', { order })).toBe(`invalid-order: there are no derivatives of order ${order}`);
    }
  });

  it('several outputs, or a tensor', () => {
    const several = '# @output a, b\na = x\nb = x^2';
    expect(code(several, { order: 3 })).toBe(
      'order-of-several: derivatives of order 3 need one scalar output, but there are several: a, b',
    );
    expect(code('# @input x: 3\nx', { order: 1 })).toMatch(/^order-of-several: .* value is a tensor$/);
  });

  it('too many entries', () => {
    const sum = Array.from({ length: 30 }, (_, k) => `x${k}^4`).join(' + ');
    expect(code(sum, { order: 3 })).toBe(
      'order-too-large: there are 27,000 derivatives of order 3, and the limit is 20,000',
    );
    expect(code(sum, { order: 3, wrt: ['x0', 'x1'] })).toBe('');
    expect(code(sum, { order: 2 })).toBe('');
    expect(code('# @input x: 28\nsum(x.^3)', { order: 3 })).toMatch(/^order-too-large: there are 21,952/);
  });
});
