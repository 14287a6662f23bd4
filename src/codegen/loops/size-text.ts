// Sizes in JavaScript: integer polynomials of named sizes.

import { monomialsOf, type Size } from '../../ir/size.ts';
import { ADDITIVE, MULTIPLICATIVE, WORD } from '../forms.ts';

/** A piece of an expression, and how strongly it binds (the precedences of forms.ts). */
export interface Text {
  readonly text: string;
  readonly level: number;
}

/** A size in JavaScript, named sizes by the locals that hold them. */
export function sizeExpression(size: Size, nameOf: (name: string) => string): Text {
  if (typeof size === 'number') return { text: String(size), level: size < 0 ? MULTIPLICATIVE : WORD };
  let text = '';
  for (const { coefficient, atoms } of monomialsOf(size)) {
    const magnitude = Math.abs(coefficient);
    const factors = atoms.map(atom =>
      typeof atom === 'string'
        ? nameOf(atom)
        : `Math.floor((${sizeExpression(atom.numerator, nameOf).text}) / ${atom.divisor})`,
    );
    if (magnitude !== 1 || factors.length === 0) factors.unshift(String(magnitude));
    const product = factors.join(' * ');
    if (text === '') text = coefficient < 0 ? `-${product}` : product;
    else text += coefficient < 0 ? ` - ${product}` : ` + ${product}`;
  }
  const [first] = size.monomials;
  if (size.monomials.length > 1) return { text, level: ADDITIVE };
  return { text, level: first.atoms.length === 1 && first.coefficient === 1 ? WORD : MULTIPLICATIVE };
}
