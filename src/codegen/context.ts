// What the texts of a module share: who is called what, where each variable stands in theta, and which helpers are used.

import { type Input, inputsByRole, type Program, sizesOf } from '../ir/program.ts';
import type { Size } from '../ir/size.ts';
import { sizeExpression } from './loops/size-text.ts';
import { Names } from './names.ts';
import { type Placed, placed } from './parts.ts';

/** Columns of a line at the top level. */
export const WIDTH = 100;

/** `f64` arrays hold doubles, `f32` arrays floats; sums are doubles in both. */
export type Precision = 'f64' | 'f32';

/** The language of the functions that compute. */
export type Target = 'js' | 'wasm';

export interface Context {
  readonly program: Program;
  /** Inputs in the order of theta. */
  readonly wrt: Placed<Input>;
  /** The other inputs. */
  readonly data: readonly Input[];
  /** Those of them that `bind` makes the pattern of a sparse matrix from: they stay as they are. */
  readonly deciding: ReadonlySet<string>;
  /** The names of the module; each function opens a scope inside. */
  readonly scope: Names;
  /** The local that holds an input of the formula, the same in every function. */
  readonly locals: ReadonlyMap<string, string>;
  /** The named sizes. */
  readonly sizes: readonly string[];
  /** The local that holds a named size. */
  readonly sizeName: (name: string) => string;
  readonly own: OwnNames;
  /** Marks a helper as used and gives its name. */
  readonly use: (helper: OwnName) => string;
  readonly used: ReadonlySet<OwnName>;
  /** The type of the module's arrays. */
  readonly array: 'Float64Array' | 'Float32Array';
  readonly target: Target;
}

/** Names of the module's own: helpers, what they share, the locals of `bind`. */
const OWN = [
  'check',
  'number',
  'integer',
  'sizesOf',
  'lengthsOf',
  'wrongSize',
  'tensor',
  'numbers',
  'list',
  'sameSize',
  'position',
  'block',
  'strided',
  'symmetrise',
  'product',
  'pack',
  'put',
  'gram',
  'weigh',
  'add',
  'wrongLength',
  'memory',
  'inputs',
  'bound',
  'panel',
  'compress',
] as const;

/** Those of a module whose functions are in WebAssembly. */
const OWN_WASM = [
  'binary',
  'compiled',
  'bytesOf',
  'instance',
  'memoryOf',
  'places',
  'tooLarge',
  'shared',
  'isOwn',
  'take',
  'give',
] as const;
export type OwnName = (typeof OWN)[number] | (typeof OWN_WASM)[number];
export type OwnNames = Readonly<Record<OwnName, string>>;

/** Names, the `fixed` ones first: inputs keep their name where they can, names of the module's own give way. */
export function contextOf(
  program: Program,
  fixed: readonly string[],
  precision: Precision,
  deciding: Iterable<string> = [],
  target: Target = 'js',
): Context {
  const scope = new Names();
  for (const name of fixed) scope.take(name);
  const locals = new Map(program.inputs.map(({ name }) => [name, scope.take(name)]));
  const sizes = sizesOf(program);
  const sizeNames = new Map(sizes.map(name => [name, scope.take(name)]));
  const given = new Set(program.graph.names.values());
  const ownNames = target === 'wasm' ? [...OWN, ...OWN_WASM] : OWN;
  const own = Object.fromEntries(ownNames.map(name => [name, scope.take(name, given)])) as OwnNames;
  const { variables, data } = inputsByRole(program);
  const used = new Set<OwnName>();
  return {
    program,
    wrt: placed(variables),
    data,
    deciding: new Set(deciding),
    scope,
    locals,
    sizes,
    sizeName: name => sizeNames.get(name) ?? name,
    own,
    use: helper => {
      used.add(helper);
      return own[helper];
    },
    used,
    array: precision === 'f32' ? 'Float32Array' : 'Float64Array',
    target,
  };
}

/** A size in the locals of the module, where an argument may stand. */
export function sizeIn({ sizeName }: Pick<Context, 'sizeName'>, size: Size): string {
  return sizeExpression(size, sizeName).text;
}
