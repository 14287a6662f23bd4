// Reads sizes as print.ts writes them: `n`, `20`, `2*n*d - 1`, `floor((n - 1)/2)`. Any sum of products is read, and brought
// into normal form; a size has a limit, so that a text cannot make one that takes long.

import type { Cursor } from './cursor.ts';
import { divideSize, monomialsOf, multiplySizes, namedSize, normal, type Size } from './size.ts';

const MOST_PARTS = 200;

/** The size at the cursor. Fails with codes `ir-syntax` and `ir-limit` (more than 200 names, numbers and quotients). */
export function parseSize(cursor: Cursor): Size {
  let parts = 0;

  const sum = (): Size => {
    const terms = [product(cursor.take('-') ? -1 : 1)];
    for (;;) {
      if (cursor.take('+')) terms.push(product(1));
      else if (cursor.take('-')) terms.push(product(-1));
      else return checked(normal(terms.flatMap(monomialsOf)));
    }
  };

  const product = (sign: number): Size => {
    let size: Size = sign;
    do size = multiplySizes(size, factor());
    while (cursor.take('*'));
    return checked(size);
  };

  const factor = (): Size => {
    if (++parts > MOST_PARTS) cursor.fail('ir-limit', `a size of more than ${MOST_PARTS} parts`);
    const number = cursor.takeNatural();
    if (number !== undefined) return number;
    const quoted = cursor.takeString();
    if (quoted === '') cursor.expected('a size', cursor.lastSpan);
    const name = quoted ?? cursor.takeName() ?? cursor.expected('a size');
    return quoted === undefined && name === 'floor' && cursor.take('(') ? quotient() : namedSize(name);
  };

  const quotient = (): Size => {
    cursor.expect('(');
    const numerator = sum();
    cursor.expect(')');
    cursor.expect('/');
    const divisor = cursor.expectNatural();
    if (divisor === 0) cursor.fail('ir-syntax', 'a size is divided by 0');
    cursor.expect(')');
    return divideSize(numerator, divisor);
  };

  const checked = (size: Size): Size => {
    const isSafe = monomialsOf(size).every(({ coefficient }) => Number.isSafeInteger(coefficient));
    return isSafe ? size : cursor.fail('ir-syntax', 'too large a number');
  };

  return sum();
}
