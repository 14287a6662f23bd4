// Functions over records in a large module: they go through `bind`, so that a long formula is there once.

import { type Aside, asideOf, checksOf, pathsOf } from './arguments.ts';
import { type Block, blocksOf, type Entry, type Result } from './entries.ts';
import { type Context, type EmittedFunction, recordParameters, WIDTH } from './functions.ts';
import { Names } from './names.ts';
import { item, object, typedArray } from './results.ts';
import { flat, layout, type Tree } from './text.ts';

/** `grad({ x, y })` through `bind`, whose functions are `methods`: in large modules, so that the formula is there once. */
export function recordThroughBound(
  context: Context,
  entries: readonly Entry[],
  entry: Entry,
  methods: readonly EmittedFunction[],
): EmittedFunction {
  const { own, wrt } = context;
  const width = WIDTH - 2;
  const scope = new Names(context.scope);
  const bound = scope.take('f');
  const theta = scope.take('theta');
  const aside = entry.extra && asideOf(scope, entry.extra, entry.extra.parameter, 'record');
  const lines = aside ? checksOf(own, aside) : [];
  const given = context.program.inputs.length > 0 ? own.inputs : '';
  lines.push(`const ${bound} = bind(${given});`, `const ${theta} = ${bound}.pack(${given});`);

  const names = new Map<Block, string>();
  const shown = new Set(blocksOf(entry.result));
  const missing = new Set(shown);
  let operations = 0;
  for (const { name, bound: blocks, extra } of [entry, ...entries]) {
    if (!blocks.some(block => missing.has(block)) || (extra && extra !== entry.extra)) continue;
    operations += methods.find(method => method.name === name)!.operations;
    const filled = blocks.filter(block => block.parameter !== undefined);
    for (const block of blocks) {
      names.set(block, block.parameter === undefined ? 'value' : scope.take(block.parameter));
      missing.delete(block);
    }
    for (const block of filled) {
      lines.push(`const ${names.get(block)} = new Float64Array(${block.elements.length});`);
    }
    const direction = aside && extra ? [flatAside(aside)] : [];
    const call = `${bound}.${name}(${[theta, ...direction, ...filled.map(block => names.get(block))].join(', ')});`;
    const returned = blocks.find(block => block.parameter === undefined && shown.has(block));
    lines.push(returned === undefined ? call : `const value = ${call}`);
  }
  const tree = treeThroughBound(
    entry.result,
    wrt.map(({ name }) => name),
    bound,
    names,
  );
  return {
    name: entry.name,
    parameters: recordParameters(context, aside),
    lines: [...lines, ...layout('return ', tree, ';', width)],
    chunks: [],
    slots: 0,
    operations,
  };
}

/** The flat array that a bound form takes in place of the record `aside`. */
function flatAside(aside: Aside): string {
  const { extra, parameter } = aside;
  const isArray = extra.isBare && !extra.parts[0].isScalar;
  return isArray ? parameter : flat(typedArray('Float64Array', pathsOf(aside)));
}

/** The literal that builds `result` from filled arrays; `unpack` makes the records over all of `wrt`. */
function treeThroughBound(
  result: Result,
  wrt: readonly string[],
  bound: string,
  names: ReadonlyMap<Block, string>,
): Tree {
  switch (result.kind) {
    case 'number':
      return result.block.parameter === undefined
        ? names.get(result.block)!
        : `${names.get(result.block)}[${result.at}]`;
    case 'array': {
      const name = names.get(result.block)!;
      const isWhole = result.at.length === result.block.elements.length;
      return isWhole
        ? name
        : typedArray(
            'Float64Array',
            result.at.map(at => `${name}[${at}]`),
          );
    }
    case 'sparse':
      return object([item('values', names.get(result.block)!), { prefix: '...', tree: result.pattern.name }]);
    case 'record': {
      const start = runOf(result, wrt);
      if (start === undefined) {
        return object(
          result.fields.map(([name, field]) => item(name, treeThroughBound(field, wrt, bound, names))),
        );
      }
      const name = names.get(start.block)!;
      const isWhole = start.block.elements.length === wrt.length;
      return `${bound}.unpack(${isWhole ? name : `${name}.subarray(${start.at}, ${start.at + wrt.length})`})`;
    }
    default:
      return result satisfies never;
  }
}

/** Where the numbers of a record over all of `wrt` stand in a row, or undefined. */
function runOf(
  result: Result,
  wrt: readonly string[],
): { readonly block: Block; readonly at: number } | undefined {
  if (result.kind !== 'record' || result.fields.length !== wrt.length) return undefined;
  const [first] = result.fields[0] ?? [];
  const start = result.fields[0]?.[1];
  if (first === undefined || start?.kind !== 'number') return undefined;
  const isRun = result.fields.every(([name, field], k) => {
    return (
      name === wrt[k] && field.kind === 'number' && field.block === start.block && field.at === start.at + k
    );
  });
  return isRun ? start : undefined;
}
