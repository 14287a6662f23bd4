// One formula as two modules, JavaScript and WebAssembly, and what they give side by side. JavaScript is the oracle here:
// other tests hold it against closed forms.

import { type CompileOptions, compile } from '../../../src/index.ts';
import { type EmittedExports, load } from '../../load.ts';

export interface Twins {
  readonly js: EmittedExports;
  readonly wasm: EmittedExports;
}

export async function twins(text: string, options: CompileOptions = {}): Promise<Twins> {
  const [js, wasm] = (['js', 'wasm'] as const).map(target =>
    load(compile(text, { ...options, target }).code),
  );
  return { js: await js, wasm: await wasm };
}

export interface Closeness {
  /** Of finite numbers, relative to the largest of their array. Default 0: equal. */
  readonly tolerance?: number;
  /** The least number that it is relative to. Default 0. */
  readonly floor?: number;
  /** Makes it relative to each number by itself. */
  readonly isElementwise?: boolean;
  /** Whether 0 and -0 are one. Default false. */
  readonly hasOneZero?: boolean;
}

/**
 * Where two results differ, or undefined: numbers, arrays and records of them. NaN equals NaN, an infinity itself, and
 * neither is ever close to something else.
 */
export function difference(
  actual: unknown,
  wanted: unknown,
  closeness: Closeness = {},
  path = '',
): string | undefined {
  if (typeof wanted === 'number' && typeof actual === 'number')
    return isSame(actual, wanted, Math.abs(wanted), closeness)
      ? undefined
      : `${path}: ${text(actual)} instead of ${text(wanted)}`;
  if (ArrayBuffer.isView(wanted) && ArrayBuffer.isView(actual)) {
    const [x, y] = [actual, wanted].map(each => each as Float64Array); // or another kind of numbers
    if (Object.getPrototypeOf(x) !== Object.getPrototypeOf(y) || x.length !== y.length)
      return `${path}: another kind of array, ${Object.prototype.toString.call(x)} of ${x.length}`;
    let largest = 0;
    for (let i = 0; i < y.length; i++) if (Number.isFinite(y[i])) largest = Math.max(largest, Math.abs(y[i]));
    for (let i = 0; i < y.length; i++)
      if (!isSame(x[i], y[i], largest, closeness))
        return `${path}[${i}]: ${text(x[i])} instead of ${text(y[i])}`;
    return undefined;
  }
  if (typeof wanted === 'object' && wanted !== null && typeof actual === 'object' && actual !== null) {
    const [x, y] = [actual, wanted] as [object, object];
    const [keys, others] = [Object.keys(x), Object.keys(y)];
    if (keys.join() !== others.join()) return `${path}: ${keys.join()} instead of ${others.join()}`;
    for (const [key, each] of Object.entries(y)) {
      const found = difference(Object(x)[key], each, closeness, `${path}.${key}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return actual === wanted ? undefined : `${path}: ${actual} instead of ${wanted}`;
}

function isSame(x: number, y: number, largest: number, closeness: Closeness): boolean {
  const { tolerance = 0, floor = 0, isElementwise = false, hasOneZero = false } = closeness;
  if (Object.is(x, y)) return true;
  if (x === 0 && y === 0) return hasOneZero;
  const scale = Math.max(floor, isElementwise ? Math.abs(y) : largest);
  return Number.isFinite(x) && Number.isFinite(y) && Math.abs(x - y) <= tolerance * scale;
}

function text(x: number): string {
  return Object.is(x, -0) ? '-0' : String(x);
}

/** What a call gives, or the message of what it throws. */
export function outcome(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return `${error}`;
  }
}
