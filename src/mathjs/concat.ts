// Arrays one after another. That of mathjs does not look at the lengths of later axes and makes ragged arrays.

import { axisOf, isArray, type MathValue, nested, product, tensor } from './arrays.ts';

/**
 * `concat(A, B, ...)` along the last dimension, or the one given last.
 * @throws RangeError if the arrays differ in another dimension
 */
export function concat(...args: MathValue[]): unknown {
  const operands = args.filter(isArray).map(tensor);
  const dimension = args.length > operands.length ? args.at(-1) : operands[0].shape.length;
  const axis = axisOf(dimension, operands[0]);
  const others = operands.map(({ shape }) => shape.with(axis, 0).join('x'));
  if (others.some(other => other !== others[0]))
    throw new RangeError(`concat: ${operands.map(({ shape }) => shape.join('x')).join(' and ')}`);
  const count = operands.reduce((sum, { shape }) => sum + shape[axis], 0);
  const shape = operands[0].shape.with(axis, count);
  const blocks = Array.from({ length: product(shape.slice(0, axis)) }, (_, i) =>
    operands.map(x => {
      const size = product(x.shape.slice(axis));
      return x.data.slice(i * size, (i + 1) * size);
    }),
  );
  return nested({ shape, data: blocks.flat(2) });
}
