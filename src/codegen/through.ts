// Functions over records that go through `bind`: in large modules, so that a long formula is there once, and wherever the
// formula takes loops, whose arrays `bind` allocates.

import { sameShape } from '../ir/shape.ts';
import { addSizes, multiplySizes, type Size, sameSize } from '../ir/size.ts';
import { isTensor, lengthTest, placeOf, tensorFrom } from './arguments.ts';
import { boundName, filled } from './bind.ts';
import { type Context, sizeIn, WIDTH } from './context.ts';
import { type Entry, type Extra, type ExtraPart, isConstantPattern } from './entries.ts';
import { type EmittedFunction, recordParameters } from './functions.ts';
import { Names, property, quote } from './names.ts';
import { type Block, blocksOf, type Result } from './parts.ts';
import { item, object, typedArray } from './results.ts';
import { flat, layout, type Tree } from './text.ts';

/** `grad({ x, y })` through `bind`, whose functions are `methods`. */
export function recordThroughBound(
  module: Context,
  entries: readonly Entry[],
  entry: Entry,
  methods: readonly EmittedFunction[],
): EmittedFunction {
  const sizes = new Set<string>();
  const sizeName = (name: string): string => {
    sizes.add(name);
    return module.sizeName(name);
  };
  const context = { ...module, sizeName };
  const { own, array } = context;
  const scope = new Names(context.scope);
  const bound = scope.take('f');
  const theta = scope.take('theta');
  const { extra } = entry;
  const aside = extra && { extra, parameter: scope.take(extra.parameter) };
  const direction = aside && directionOf(context, scope, aside);
  const given = context.program.inputs.length > 0 ? own.inputs : '';
  const binding = `const ${bound} = ${boundName(context)}(${given});`;
  const lines = [`const ${theta} = ${bound}.pack(${given});`];

  const names = new Map<Block, string>();
  const shown = new Set(blocksOf(entry.result));
  const missing = new Set(shown);
  let operations = 0;
  for (const { name, bound: blocks, extra: own } of [entry, ...entries]) {
    if (!blocks.some(block => missing.has(block)) || (own && own !== extra)) continue;
    operations += methods.find(method => method.name === name)!.operations;
    const filled = blocks.filter(block => block.parameter !== undefined);
    for (const block of blocks) {
      names.set(block, block.parameter === undefined ? 'value' : scope.take(block.parameter));
      missing.delete(block);
    }
    for (const block of filled) {
      const pattern = patternIn(bound, block);
      const length = pattern === undefined ? sizeIn(context, block.length) : `${pattern}.rowIndex.length`;
      lines.push(`const ${names.get(block)} = new ${array}(${length});`);
    }
    const args = [
      theta,
      ...(own && direction ? [direction.argument] : []),
      ...filled.map(block => names.get(block)),
    ];
    const call = `${bound}.${name}(${args.join(', ')});`;
    const returned = blocks.find(block => block.parameter === undefined && shown.has(block));
    lines.push(returned === undefined ? call : `const value = ${call}`);
  }
  const tree = treeThroughBound(context, entry.result, bound, names);
  lines.push(...layout('return ', tree, ';', WIDTH - 2));

  const checks = direction?.lines ?? [];
  const locals = object(
    [...sizes].map(name => ({ prefix: '', tree: property(name, module.sizeName(name)) })),
  );
  const start =
    sizes.size === 0
      ? [...checks, binding]
      : [binding, ...layout('const ', locals, ` = ${bound}.sizes;`, WIDTH - 2), ...checks];
  return {
    name: entry.name,
    parameters: recordParameters(context, aside),
    lines: [...start, ...lines],
    chunks: [],
    slots: 0,
    operations,
  };
}

interface Direction {
  /** Statements that check the parts and put them together. */
  readonly lines: readonly string[];
  /** The flat array that a bound form takes in place of the record. */
  readonly argument: string;
}

/** The second argument of a function as the bound form takes it. */
function directionOf(
  context: Context,
  scope: Names,
  aside: { readonly extra: Extra; readonly parameter: string },
): Direction {
  const { extra, parameter } = aside;
  const place = (part: ExtraPart) => placeOf(aside, part);
  const scalars = extra.parts.filter(({ shape }) => shape.length === 0);
  const numbers = scalars.map(
    part => `${context.use('number')}(${quote(place(part).text)}, ${place(part).path});`,
  );
  const [first] = extra.parts;
  if (extra.isBare && first.shape.length > 0) {
    if (isTensor(first)) {
      return { lines: [], argument: tensorFrom(context, first, parameter, { text: extra.parameter }) };
    }
    const length = sizeIn(context, extra.length);
    return { lines: [lengthTest(context, extra.parameter, parameter, length, '?.')], argument: parameter };
  }
  if (scalars.length === extra.parts.length) {
    const paths = extra.parts.map(part => place(part).path);
    return { lines: numbers, argument: flat(typedArray(context.array, paths)) };
  }
  const array = scope.take(extra.boundParameter);
  const fills = filled(
    context,
    array,
    extra.parts,
    part => place(part).path,
    part => place(part).text,
  );
  const length = sizeIn(context, extra.length);
  return {
    lines: [...numbers, `const ${array} = new ${context.array}(${length});`, ...fills],
    argument: array,
  };
}

/** The literal that builds `result` from filled arrays; `unpack` makes the records over all of `wrt`. */
function treeThroughBound(
  context: Context,
  result: Result,
  bound: string,
  names: ReadonlyMap<Block, string>,
): Tree {
  switch (result.kind) {
    case 'number':
      return result.block.parameter === undefined
        ? names.get(result.block)!
        : `${names.get(result.block)}[${sizeIn(context, result.at)}]`;
    case 'array':
      return arrayThroughBound(context, result, names.get(result.block)!);
    case 'strided': {
      const list = (sizes: readonly Size[]) => `[${sizes.map(size => sizeIn(context, size)).join(', ')}]`;
      const { block, at, lengths, strides } = result;
      const args = [names.get(block)!, sizeIn(context, at), list(lengths), list(strides)];
      return `${context.use('strided')}(${args.join(', ')})`;
    }
    case 'sparse':
      return object([
        item('values', names.get(result.block)!),
        {
          prefix: '...',
          tree: isConstantPattern(result.pattern) ? result.pattern.name : `${bound}.${result.pattern.name}`,
        },
      ]);
    case 'factors':
      return `${bound}.unpackFactors(${names.get(result.block)})`;
    case 'record': {
      const start = runOf(context, result);
      if (start === undefined) {
        return object(
          result.fields.map(([name, field]) => item(name, treeThroughBound(context, field, bound, names))),
        );
      }
      const name = names.get(start.block)!;
      const isWhole = sameSize(start.block.length, context.wrt.length);
      const [from, to] = [start.at, addSizes(start.at, context.wrt.length)];
      const row = `${name}.subarray(${sizeIn(context, from)}, ${sizeIn(context, to)})`;
      return `${bound}.unpack(${isWhole ? name : row})`;
    }
    default:
      return result satisfies never;
  }
}

/** The pattern that tells the length of a block which no size tells. */
function patternIn(bound: string, { sparsity }: Block): string | undefined {
  if (sparsity === undefined || sparsity.nonzeros !== undefined) return undefined;
  return isConstantPattern(sparsity) ? sparsity.name : `${bound}.${sparsity.name}`;
}

function arrayThroughBound(
  context: Context,
  { block, at, rows, columns, width }: Extract<Result, { kind: 'array' }>,
  name: string,
): string {
  const length = multiplySizes(rows, columns);
  if (sameSize(length, block.length)) return name;
  if (rows === 1) {
    return `${name}.slice(${sizeIn(context, at)}, ${sizeIn(context, addSizes(at, length))})`;
  }
  const sizes = [at, rows, columns, width].map(size => sizeIn(context, size));
  return `${context.use('block')}(${[name, ...sizes].join(', ')})`;
}

/** Where the values of a record like `wrt` stand in a row, or undefined. */
function runOf({ wrt }: Context, result: Result): { readonly block: Block; readonly at: Size } | undefined {
  if (result.kind !== 'record' || result.fields.length !== wrt.items.length) return undefined;
  const [, first] = result.fields[0] ?? [];
  if (first?.kind !== 'number' && first?.kind !== 'array') return undefined;
  const { block, at } = first;
  const isRun = result.fields.every(([name, field], k) => {
    const { name: expected, shape, offset } = wrt.items[k];
    if (name !== expected || (field.kind !== 'number' && field.kind !== 'array')) return false;
    const isAlike =
      field.kind === 'number' ? shape.length === 0 : field.rows === 1 && sameShape(field.shape, shape);
    return isAlike && field.block === block && sameSize(field.at, addSizes(at, offset));
  });
  return isRun ? { block, at } : undefined;
}
