// The comments of an emitted module: what each function takes and gives, with shapes.

import { type Shape, shapeText } from '../ir/shape.ts';
import type { Context } from './context.ts';
import { extraType, gradientType, inputsType, isLikeWrt, typeOf } from './declarations.ts';
import type { Entry } from './entries.ts';
import { numberText } from './forms.ts';
import { commentText } from './names.ts';
import type { Result } from './parts.ts';

/** Wider types than this are left to the declarations. */
const WIDEST_TYPE = 70;
/** Longer lists of shapes are left to the reader. */
const LONGEST_SHAPES = 100;

/** The comment above a function over records. */
export function documentation(context: Context, { summary, result, extra }: Entry): string[] {
  const { program } = context;
  const hasTypes = hasTensorInputs(context);
  const lines = [commentText(summary)];
  if (program.inputs.length > 0) {
    lines.push(`@param {${hasTypes ? 'Inputs' : short(inputsType(program.inputs))}} inputs`);
  }
  if (extra) {
    const shapes = extra.parts.map(({ name, shape }) => [extra.isBare ? '' : name, shape] as const);
    const shape = hasTypes ? described(shapes) : '';
    lines.push(`@param {${short(extraType(extra))}} ${extra.parameter}${shape}`);
  }
  const type = typeOf(context, result, part => hasTypes && isLikeWrt(context, part));
  lines.push(`@returns {${short(type)}}${hasTypes ? described(shapesIn(context, result)) : ''}`);
  return ['/**', ...lines.map(line => ` * ${line}`), ' */'];
}

/** The comments that say what the inputs are, where they are not all scalars. */
export function typeComments(context: Context): string[] {
  if (!hasTensorInputs(context)) return [];
  const { program, sizes, wrt } = context;
  const inputs = program.inputs.map(({ name, shape, dtype, doc, default: value }) => {
    const words = [
      ...(shape.length > 0 ? [shapeText(shape)] : []),
      ...(dtype === 'int' ? ['integer'] : []),
      ...(doc === undefined ? [] : [doc]),
    ];
    const key = value === undefined ? name : `[${name}=${numberText(value)}]`;
    return ['@property', shape.length === 0 ? '{number}' : '{Tensor}', key, words.join(', ')].join(' ');
  });
  const comments = [
    [
      'A tensor: a flat list or typed array in row-major order, or nested lists.',
      '@typedef {ArrayLike<number> | readonly Tensor[]} Tensor',
    ],
    [
      'The inputs of the formula.',
      '@typedef {object} Inputs',
      ...inputs,
      ...sizes.map(name => `@property {number} [${name}] a size, if no array tells it`),
    ],
    ...(wrt.items.length > 0
      ? [['A number or a flat array for each of them.', `@typedef {${gradientType(context)}} Gradient`]]
      : []),
  ];
  return comments.map(lines =>
    ['/**', ...lines.map(line => ` * ${commentText(line).trim()}`), ' */'].join('\n'),
  );
}

function hasTensorInputs({ program }: Context): boolean {
  return program.inputs.some(({ shape }) => shape.length > 0);
}

function short(type: string): string {
  return type.length <= WIDEST_TYPE ? commentText(type) : 'object';
}

type Shapes = readonly (readonly [path: string, shape: Shape])[];

/** ` w: 20, b: 3`, as far as that is short. */
function described(shapes: Shapes): string {
  const texts = shapes
    .filter(([, shape]) => shape.length > 0)
    .map(([path, shape]) => `${path === '' ? '' : `${path}: `}${shapeText(shape)}`);
  const text = texts.join(', ');
  return text === '' || text.length > LONGEST_SHAPES ? '' : ` ${commentText(text)}`;
}

/** The tensors in a result, but for records like the inputs. */
function shapesIn(context: Context, result: Result, path = ''): Shapes {
  if (result.kind === 'array' || result.kind === 'strided') return [[path, result.shape]];
  if (result.kind !== 'record' || isLikeWrt(context, result)) return [];
  return result.fields.flatMap(([name, field]) =>
    shapesIn(context, field, path === '' ? name : `${path}.${name}`),
  );
}
