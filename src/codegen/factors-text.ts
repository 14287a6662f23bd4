// The factors of a Hessian in the text of a module: what `meta` says of them, the literal that hands them out, and their
// type. The two lists go in step: the k-th term of a block in `meta` describes the k-th that is handed out.

import { elementsIn } from '../ir/shape.ts';
import { addSizes, type Size, sizeText } from '../ir/size.ts';
import { type Context, sizeIn } from './context.ts';
import { type FactoredTerm, type Factors, KINDS, type Source, type TermKind } from './factors.ts';
import { member, Names, quote } from './names.ts';
import { item, object } from './results.ts';
import { layout, type Tree } from './text.ts';

/** What `meta` says of a Hessian that is handed out as factors. */
export interface MetaStructured {
  readonly form: 'structured';
  /** By the input of the rows, then by that of the columns: terms, whose sum is the block. */
  readonly blocks: Readonly<Record<string, Readonly<Record<string, readonly MetaTerm[]>>>>;
}

/**
 * A term: at each index of `shape` the product of the factors there is added to the element of the block at `coordinates`,
 * which are one for each axis of the rows, then of the columns.
 */
export interface MetaTerm {
  readonly kind: TermKind;
  readonly shape: MetaShape;
  readonly coordinates: readonly MetaCoordinate[];
  readonly factors: readonly (MetaSource & {
    /** The axes of `shape` that are those of the factor, in their order. */
    readonly axes: readonly number[];
  })[];
  /** The arrays that coordinates are looked up in. */
  readonly indices?: readonly MetaSource[];
}

type MetaShape = readonly (number | string)[];

/** The element at index k along `axis` stands at start + step k; with `indices[index]`, where that says, counted from 1. */
export interface MetaCoordinate {
  readonly axis?: number;
  readonly start: number | string;
  readonly step: number;
  readonly index?: number;
}

/** An array: an input, or what stands at `offset` of the flat array of all that is stored. */
export interface MetaSource {
  readonly input?: string;
  readonly offset?: number | string;
}

export function metaOfFactors({ cells }: Factors): MetaStructured {
  const rows = new Map<string, [string, readonly MetaTerm[]][]>();
  for (const { row, column, terms } of cells) {
    const own = rows.get(row) ?? [];
    rows.set(row, [...own, [column, terms.map(metaOfTerm)]]);
  }
  const blocks = Array.from(rows, ([row, columns]) => [row, Object.fromEntries(columns)] as const);
  return { form: 'structured', blocks: Object.fromEntries(blocks) };
}

function metaOfTerm({ kind, shape, coordinates, factors, indices }: FactoredTerm): MetaTerm {
  let looked = 0;
  return {
    kind,
    shape: shape.map(textOf),
    coordinates: coordinates.map(({ axis, start, step, index }) => ({
      ...(axis !== undefined && { axis }),
      start: textOf(start),
      step,
      ...(index !== undefined && { index: looked++ }),
    })),
    factors: factors.map(({ axes, ...source }) => ({
      ...metaOfSource(source),
      axes: axes.filter(axis => axis !== undefined),
    })),
    ...(indices.length > 0 && { indices: indices.map(metaOfSource) }),
  };
}

function metaOfSource({ input, at }: Source): MetaSource {
  return input === undefined ? { offset: textOf(at) } : { input };
}

function textOf(size: Size): number | string {
  return typeof size === 'number' ? size : sizeText(size);
}

/** The record of lists of terms; `arrayOf` gives the text of an array. */
export function treeOfFactors({ cells }: Factors, arrayOf: (source: Source) => Tree): Tree {
  const list = (trees: readonly Tree[]): Tree => {
    return { open: '[', items: trees.map(tree => ({ prefix: '', tree })), close: ']' };
  };
  const rows = new Map<string, ReturnType<typeof item>[]>();
  for (const { row, column, terms } of cells) {
    const trees = terms.map(({ kind, factors, indices }) =>
      object([
        item('kind', quote(kind)),
        item('factors', list(factors.map(arrayOf))),
        ...(indices.length > 0 ? [item('indices', list(indices.map(arrayOf)))] : []),
      ]),
    );
    rows.set(row, [...(rows.get(row) ?? []), item(column, list(trees))]);
  }
  return object(Array.from(rows, ([row, columns]) => item(row, object(columns))));
}

/** The elements of an array. */
export function lengthOf({ node }: Source): Size {
  return elementsIn(node.shape);
}

/** The members of what `bind` returns that belong to factors. */
export function boundFactors(context: Context, factors: Factors, width: number): string[][] {
  const { locals, own, deciding } = context;
  const flat = new Names(context.scope).take('F');
  const arrayOf = (source: Source): string => {
    const { input, at } = source;
    if (input === undefined) {
      const [from, to] = [at, addSizes(at, lengthOf(source))].map(size => sizeIn(context, size));
      return `${flat}.subarray(${from}, ${to})`;
    }
    return deciding.has(input) ? locals.get(input)! : member(own.inputs, input);
  };
  return [
    [`factorsSize: ${sizeIn(context, factors.length)},`],
    [
      `unpackFactors(${flat}) {`,
      ...layout('return ', treeOfFactors(factors, arrayOf), ';', width - 2).map(line => `  ${line}`),
      '},',
    ],
  ];
}

/** The type of terms, for comments and declarations. */
export const TERM_TYPE = 'HessianTerm';

const TERM_DOC = [
  'A term: at each index of its `shape` (meta.hessian) the product of the factors there is added to the block, at its',
  '`coordinates`. Factors that are data are the arrays themselves.',
  ...Object.entries(KINDS).map(([kind, doc]) => `- ${kind}: ${doc}`),
];

/** The comment that explains terms in a module. */
export function termComment({ array }: Context): string {
  const type = `{{ kind: string; factors: ${array}[]; indices?: ArrayLike<number>[] }}`;
  return ['/**', ...TERM_DOC.map(line => ` * ${line}`), ` * @typedef ${type} ${TERM_TYPE}`, ' */'].join('\n');
}

/** The declaration of terms. */
export function termDeclaration({ array }: Context): string[] {
  const kinds = Object.keys(KINDS).map(quote).join(' | ');
  return [
    ...['/**', ...TERM_DOC.map(line => ` * ${line}`), ' */'],
    `export interface ${TERM_TYPE} {`,
    `  readonly kind: ${kinds};`,
    `  readonly factors: readonly ${array}[];`,
    '  /** What coordinates are looked up in, counted from 1. */',
    '  readonly indices?: readonly ArrayLike<number>[];',
    '}',
  ];
}

/** The type of what `meta` says. */
export const META_OF_FACTORS: readonly string[] = [
  'readonly hessian: {',
  "  readonly form: 'structured';",
  '  readonly blocks: Readonly<Record<string, Readonly<Record<string, readonly {',
  `    readonly kind: ${TERM_TYPE}['kind'];`,
  '    /** The lengths of all axes. */',
  '    readonly shape: readonly (number | string)[];',
  '    /** For each axis of the rows, then of the columns: the element at k along `axis` stands at start + step k, or where `index` says. */',
  '    readonly coordinates: readonly { readonly axis?: number; readonly start: number | string; readonly step: number; readonly index?: number }[];',
  '    /** The axes of each factor, and where it is found: an input, or at an offset of the array of stored factors. */',
  '    readonly factors: readonly { readonly input?: string; readonly offset?: number | string; readonly axes: readonly number[] }[];',
  '    readonly indices?: readonly { readonly input?: string; readonly offset?: number | string }[];',
  '  }[]>>>>;',
  '};',
];
