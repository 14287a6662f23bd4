// The texts of the formulas: files, but for one that is too long to keep, and the products, of which one size is kept.

import { readFileSync } from 'node:fs';

/**
 * @param {string} name
 * @returns {string}
 */
export function formulaText(name) {
  if (name === 'lstm-1024x14') return lstm(1024, 14);
  const size = /^product-(\d+)$/.exec(name)?.[1];
  if (size !== undefined) return formulaText('product').replaceAll('256', size);
  return readFileSync(new URL(`formulas/${name}.expr`, import.meta.url), 'utf8');
}

/**
 * The LSTM of lstm-14x1024.expr for other sizes: its steps are written out one by one, so that more of them are a longer
 * text.
 * @param {number} characters
 * @param {number} bits
 */
export function lstm(characters, bits) {
  const [head, start, step, ...rest] = formulaText('lstm-14x1024').split('\n\n');
  const declared = head
    .replace('14 characters of 1024 numbers', `${characters} characters of ${bits} numbers`)
    .replaceAll(/(: |: \d x )1024/g, `$1${bits}`)
    .replace(': 14 x 1024', `: ${characters} x ${bits}`);
  const steps = Array.from({ length: characters - 1 }, (_, t) =>
    step.replace('x[2, :]', `x[${t + 2}, :]`).replace('x[1, :]', `x[${t + 1}, :]`),
  );
  const end = rest[rest.length - 1].replace('13 * 1024', `${characters - 1} * ${bits}`);
  return [declared, start, ...steps, end].join('\n\n');
}
