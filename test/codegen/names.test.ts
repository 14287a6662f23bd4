// Whatever inputs, outputs and values are called, the module loads, computes, and says nothing else.

import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { commentText, isIdentifierName, keyOf, Names, quote } from '../../src/codegen/names.ts';
import { emit, importText, run, sketch } from './programs.ts';

const HOSTILE =
  `class eval arguments __proto__ constructor prototype toString hasOwnProperty Math × ÷ ℃ ™ Δx λ ñ _ $ t1 t2
  value grad valueAndGrad bind meta theta g v c f H J y out data inputs check number integer wrongLength memory NaN
  Infinity undefined null true this new let static await yield async of get set erf hypot2 Float64Array TypeError
  RangeError module exports require globalThis x_ x name array n got size pack unpack v_x hessian`.split(
    /\s+/,
  );

/** a * b + erf(a) with two names for everything. */
function program(a: string, b: string, between: string) {
  return sketch({
    inputs: { [a]: {}, [b]: {} },
    wrt: [a],
    outputs: ({ add, mul, erf, graph }, x) => {
      const product = mul(x(a), x(b));
      graph.names.set(product, between);
      return { [between]: add(product, erf(x(a))) };
    },
    derivatives: ({ mul }, x) => ({
      grad: { [a]: x(b) },
      hvp: { [a]: mul(x(b), x(`tangent.${a}`)) },
    }),
  });
}

/** Records whose keys may be `__proto__`. */
function record(entries: readonly (readonly [string, number])[]): object {
  return Object.fromEntries(entries);
}

describe('names', () => {
  it('of users do not collide with anything', async () => {
    for (const [i, a] of HOSTILE.entries()) {
      const b = HOSTILE[(i * 7 + 3) % HOSTILE.length];
      if (a === b) continue;
      const between = HOSTILE[(i * 5 + 1) % HOSTILE.length];
      const { code } = emit(program(a, b, between));
      const f = await importText(code);
      const inputs = record([
        [a, 0],
        [b, 3],
      ]);
      expect(f.valueAndGrad(inputs), code).toEqual({ value: 0, grad: record([[a, 3]]) });
      expect(f.hvp(inputs, record([[a, 2]]))).toEqual(record([[a, 6]]));
      const bound = f.bind(record([[b, 4]]));
      expect(bound.valueAndGrad(bound.pack(record([[a, 0]])), new Float64Array(1))).toBe(0);
      expect(bound.unpack([5])).toEqual(record([[a, 5]]));
      expect(Object.entries(bound.inputs)).toEqual([[b, 4]]);
      expect(f.meta.wrt).toEqual([a]);
    }
  });

  it('of sources and docs do not end comments or strings', () => {
    const evil = "*/ ';alert(1);// \u2028 \n </script> ` \\";
    const base = program('a', 'b', 'f');
    const inputs = base.inputs.map(input => ({ ...input, doc: evil }));
    const { code, dts } = emit({ ...base, inputs });
    expect(run(code.replaceAll('export ', ''), 'cjs')).toEqual({});
    expect(code).not.toMatch(/<\/script|\u2028/);
    expect(dts).not.toContain('</script');
    expect(commentText(evil)).not.toMatch(/\*\/|\n|\u2028/);
    expect(runInNewContext(quote(evil))).toBe(evil);
  });

  it('are valid and taken once', () => {
    const scope = new Names();
    expect(['x', 'x', 'x', 'class', '×', '1a', ''].map(name => scope.take(name))).toEqual([
      'x',
      'x_',
      'x_2',
      'class_',
      '_',
      '_1a',
      '__',
    ]);
    const inner = new Names(scope);
    expect([inner.take('x'), inner.temporary(), inner.take('t2'), inner.temporary()]).toEqual([
      'x_3',
      't1',
      't2',
      't3',
    ]);
  });

  it('become keys', () => {
    expect(['x', 'class', '×', '__proto__', "it's"].map(keyOf)).toEqual([
      'x',
      'class',
      "'×'",
      "['__proto__']",
      "'it\\x27s'",
    ]);
    expect(isIdentifierName('a b')).toBe(false);
  });
});
