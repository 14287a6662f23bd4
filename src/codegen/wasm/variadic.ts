// hypot and logsumexp, written out: a call costs more than most of their work, and each number of operands would need an
// imported function of its own. The operands stand in locals, since both functions go through them twice. The same sums in
// the same order as ir/special.js.

import type { Local } from './code.ts';
import type { WasmOperands } from './forms.ts';

/**
 * The root of the sum of squares where that is within range. Elsewhere a call, with more than three operands one for each of
 * them, which costs accuracy a few units of the last place.
 */
export function hypot(x: WasmOperands): void {
  const { code, environment } = x;
  const operands = locals(x);
  const sum = code.local('f64');
  for (const [i, operand] of operands.entries()) {
    code.get(operand);
    code.get(operand);
    code.op('f64.mul');
    if (i > 0) code.op('f64.add');
  }
  code.tee(sum);
  code.f64(1e-280);
  code.op('f64.gt');
  code.get(sum);
  code.f64(1e300);
  code.op('f64.lt');
  code.op('i32.and');
  code.if(
    () => {
      code.get(sum);
      code.op('f64.sqrt');
    },
    () => {
      if (operands.length === 2 || operands.length === 3) {
        for (const operand of operands) code.get(operand);
        code.call(environment.math(`hypot${operands.length}`, operands.length));
        return;
      }
      code.f64(0);
      for (const operand of operands) {
        code.get(operand);
        code.call(environment.math('hypot2', 2));
      }
    },
    'f64',
  );
  for (const local of [...operands, sum]) code.release(local);
}

/**
 * top + log1p(sum of exp(x - top)), where the sum leaves out one operand that is `top`, the largest. Without branches: at
 * each of thousands, the baseline compiler of V8 would go through all locals.
 */
export function logsumexp(x: WasmOperands): void {
  const { code, environment } = x;
  const operands = locals(x);
  const top = code.local('f64');
  const isTop = code.local('i32');
  const isLeftOut = code.local('i32');
  for (const [i, operand] of operands.entries()) {
    code.get(operand);
    if (i > 0) code.op('f64.max');
  }
  code.set(top);
  code.i32(0);
  code.set(isLeftOut);
  code.get(top);
  code.f64(0);
  for (const operand of operands) {
    // 0 for the first that is `top`, 1 for others (as exp(0), but also where that is infinite)
    code.get(isLeftOut);
    code.op('f64.convert_i32_u');
    code.get(operand);
    code.get(top);
    code.op('f64.sub');
    code.call(environment.math('Math.exp', 1));
    code.get(operand);
    code.get(top);
    code.op('f64.eq');
    code.tee(isTop);
    code.op('select');
    code.op('f64.add');
    code.get(isLeftOut);
    code.get(isTop);
    code.op('i32.or');
    code.set(isLeftOut);
  }
  code.call(environment.math('Math.log1p', 1));
  code.op('f64.add');
  for (const local of [...operands, top, isTop, isLeftOut]) code.release(local);
}

/** The operands in locals, each asked for once. */
function locals(x: WasmOperands): Local[] {
  return x.node.inputs.map((_, i) => {
    const local = x.code.local('f64');
    x.number(i);
    x.code.set(local);
    return local;
  });
}
