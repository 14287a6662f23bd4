// What has to hold of a program and of what is asked for before derivatives are taken. What does not is the user's mistake.

import { SymgradError } from '../errors.ts';
import { HIGHEST_ORDER, inputsByRole, type Program, sizesOf } from '../ir/program.ts';
import { elementsIn } from '../ir/shape.ts';
import { addSizes, type Size } from '../ir/size.ts';

/** The names, if each is an input that may be differentiated. */
export function checkedWrt(program: Program, wrt: readonly string[]): readonly string[] {
  for (const name of wrt) {
    const input = program.inputs.find(each => each.name === name);
    if (input === undefined) throw mistake('unknown-wrt', `there is no input called ${name}`);
    if (input.dtype === 'int') throw mistake('int-wrt', `${name} is an index input: it has no derivative`);
  }
  return wrt;
}

/** True if the program has one scalar output. */
export function isScalar({ outputs }: Program): boolean {
  return outputs.length === 1 && outputs[0].shape.length === 0;
}

/** No more derivatives of one order are handed out than this. */
const MOST_ENTRIES = 20_000;

/**
 * Derivatives of `order` and below can be handed out.
 * @throws SymgradError `invalid-order`, `order-of-several`, `order-too-large`.
 */
export function checkOrder(program: Program, order: number): void {
  checkedOrder(order);
  if (!isScalar(program)) throw notScalar(program, 'order-of-several', `derivatives of order ${order} need`);
  const { variables } = inputsByRole(program);
  const size = variables.reduce((sum: Size, { shape }) => addSizes(sum, elementsIn(shape)), 0);
  // Of sizes that are not known each is at least 1.
  const least = typeof size === 'number' ? size : variables.length;
  if (order >= 3) refuseMany(order, least ** order);
}

/** @throws SymgradError `order-too-large` if there are too many derivatives of an order. */
export function refuseMany(order: number, count: number): void {
  if (count <= MOST_ENTRIES) return;
  const [found, limit] = [count, MOST_ENTRIES].map(each => each.toLocaleString('en-US'));
  throw mistake(
    'order-too-large',
    `there are ${found} derivatives of order ${order}, and the limit is ${limit}`,
    `name fewer inputs in --wrt: by ${Math.floor(MOST_ENTRIES ** (1 / order))} numbers it is possible`,
  );
}

/**
 * The order, if there may be derivatives of it.
 * @throws SymgradError `invalid-order`.
 */
export function checkedOrder(order: number): number {
  if (Number.isInteger(order) && order >= 1 && order <= HIGHEST_ORDER) return order;
  throw mistake(
    'invalid-order',
    `there are no derivatives of order ${order}`,
    `an order is an integer from 1 to ${HIGHEST_ORDER}`,
  );
}

/**
 * The limit on the workspace, for sizes of the program that are numbers.
 * @throws SymgradError `invalid-option`, `unknown-size`.
 */
export function limitOf(
  program: Program,
  bytes: number,
  at: Readonly<Record<string, number>> = {},
): { readonly bytes: number; readonly at: ReadonlyMap<string, number> } {
  if (!(bytes >= 0)) throw mistake('invalid-option', `a memory of ${bytes} bytes does not exist`);
  const sizes = sizesOf(program);
  for (const [name, size] of Object.entries(at)) {
    if (!sizes.includes(name)) {
      const known = sizes.length === 0 ? 'it has none' : `it has ${sizes.join(', ')}`;
      throw mistake('unknown-size', `the formula has no size called ${name}`, known);
    }
    if (!Number.isSafeInteger(size) || size < 0)
      throw mistake('invalid-option', `the size ${name} cannot be ${size}`);
  }
  return { bytes, at: new Map(Object.entries(at)) };
}

/** What is said of `needs`, which ends in a verb, if there is not one scalar output. */
export function notScalar({ outputs }: Program, code: string, needs: string): SymgradError {
  const names = outputs.map(output => output.name).join(', ');
  const what = outputs.length === 1 ? `${names} is a tensor` : `there are several: ${names}`;
  return mistake(
    code,
    `${needs} one scalar output, but ${what}`,
    outputs.length > 1
      ? 'choose one with an @output line; if it is a tensor, take the sum of its elements, or one of them'
      : 'make a scalar of it: the sum of its elements, sum(...), or one of them',
  );
}

/** A mistake that has no place in the text. */
export function mistake(code: string, message: string, ...hints: string[]): SymgradError {
  return new SymgradError({ severity: 'error', code, message, hints });
}
