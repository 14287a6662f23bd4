// Ranges: 1:n, 10:-2:1, 0:0.1:1. Of whole numbers and sizes they stay ranges; others are computed. The end is included,
// as mathjs has it, also if rounding puts it a little beyond the last step.

import { constantOf } from '../ir/build.ts';
import { addSizes, divideSize, type Size, subtractSizes } from '../ir/size.ts';
import { type Call, Mistake, type Operand } from './mistakes.ts';
import { isNode, type Present, rankOf, sizeOf } from './values.ts';

/** The numbers from `start` in steps of `step` (1) up or down to `end`. */
export function rangeOf(
  call: Call,
  start: Operand,
  end: Operand,
  step: Operand | undefined,
  includesEnd = true,
): Present {
  const operands = step === undefined ? [start, end] : [start, step, end];
  const [first, last] = [start, end].map(({ value }) => sizeOf(value));
  const stride = step === undefined ? 1 : constantIn(step);
  if (stride === 0) throw new Mistake('range', 'the step of a range cannot be 0', step!.node.span); // 1 if there is none
  if (first !== undefined && last !== undefined && Number.isInteger(stride)) {
    return wholeRange(first, includesEnd ? last : subtractSizes(last, Math.sign(stride!)), stride!);
  }
  const [from, to] = [start, end].map(constantIn);
  if (
    from !== undefined &&
    to !== undefined &&
    stride !== undefined &&
    Number.isFinite((to - from) / stride)
  ) {
    const length = realLength(from, to, stride, includesEnd);
    return call.b.add(from, call.b.mul(stride, call.b.iota(length)));
  }
  const unknown = operands.find(
    operand => sizeOf(operand.value) === undefined && constantIn(operand) === undefined,
  );
  const { node } = unknown ?? step ?? start;
  throw new Mistake(
    'range',
    'the length of a range must be known: its parts are constants or sizes',
    node.span,
    {
      hints: [
        unknown === undefined
          ? 'scale a range of whole numbers: (0:n) / n'
          : 'a size is a name in a declaration such as `# @input X: n x 20`, or size(X)[1]',
      ],
    },
  );
}

function constantIn({ value }: Operand): number | undefined {
  return isNode(value) && rankOf(value) === 0 ? constantOf(value) : undefined;
}

function wholeRange(start: Size, end: Size, step: number): Present {
  const room = step > 0 ? subtractSizes(end, start) : subtractSizes(start, end);
  const stride = Math.abs(step);
  const counted = divideSize(addSizes(room, stride), stride);
  const length = typeof counted === 'number' ? Math.max(0, counted) : counted;
  const last = typeof length === 'number' ? addSizes(start, (length - 1) * step) : end;
  return { kind: 'range', start, step, length, end: last };
}

/** mathjs compares with a relative tolerance of 1e-12. */
function realLength(start: number, end: number, step: number, includesEnd: boolean): number {
  const steps = (end - start) / step;
  const slack = 1e-12 * Math.max(1, Math.abs(end / step));
  return Math.max(0, includesEnd ? Math.floor(steps + slack) + 1 : Math.ceil(steps - slack));
}
