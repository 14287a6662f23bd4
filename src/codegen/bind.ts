// The text of `bind`: the formula over one flat vector theta, with the inputs that are not differentiated held in an
// object that the caller may refill.

import { destructure, inputChecks, lengthTest, patternOf } from './arguments.ts';
import { type Entry, lengthOf } from './entries.ts';
import type { Context, EmittedFunction } from './functions.ts';
import { WIDTH } from './functions.ts';
import { commentText, Names, property } from './names.ts';
import { item, object, typedArray } from './results.ts';
import { indent, layout } from './text.ts';

/** `bind` with its documentation. `methods` are the bound forms of those `entries` that have one, in order. */
export function bindText(
  context: Context,
  entries: readonly Entry[],
  methods: readonly EmittedFunction[],
  exported: string,
): string[] {
  const { data, own, locals } = context;
  const given = new Names(context.scope).take('data');
  const parameter = data.every(input => input.default !== undefined) ? `${given} = {}` : given;
  const held = object(data.map(({ name }) => item(name, locals.get(name)!)));
  const lines =
    data.length === 0
      ? []
      : [
          ...destructure(data, locals, given, WIDTH - 2),
          ...inputChecks(context, data),
          ...layout(`const ${own.inputs} = `, held, ';', WIDTH - 2),
        ];

  const members = [
    [`${property('inputs', data.length > 0 ? own.inputs : '{}')},`, `size: ${context.wrt.length},`],
    ...conversions(context),
    ...methods.map(({ name, parameters, lines }) => [
      `${name}(${parameters.join(', ')}) {`,
      ...indent(lines),
      '},',
    ]),
  ];
  return [
    ...documentation(context, entries),
    `${exported}function bind(${data.length > 0 ? parameter : ''}) {`,
    ...indent([...lines, 'return {', ...indent(members.flat()), '};']),
    '}',
  ];
}

/** `pack` and `unpack`, between a record and the flat vector. */
function conversions(context: Context): string[][] {
  const { wrt, own, locals } = context;
  const width = WIDTH - 6;
  const theta = new Names(context.scope).take('theta');
  const vector = typedArray(
    'Float64Array',
    wrt.map(({ name }) => locals.get(name)!),
  );
  const record = object(wrt.map(({ name }, k) => item(name, `${theta}[${k}]`)));
  const isOptional = wrt.every(input => input.default !== undefined);
  const pattern = layout('pack(', patternOf(wrt, locals), isOptional ? ' = {}) {' : ') {', WIDTH - 4);
  return [
    [...pattern, ...indent([...inputChecks(context, wrt), ...layout('return ', vector, ';', width)]), '},'],
    [
      `unpack(${theta}) {`,
      ...indent([lengthTest(own, 'theta', theta, wrt.length), ...layout('return ', record, ';', width)]),
      '},',
    ],
  ];
}

function documentation({ wrt, data }: Context, entries: readonly Entry[]): string[] {
  const names = (inputs: Context['wrt']): string => inputs.map(({ name }) => commentText(name)).join(', ');
  const lines = [
    `The formula over one flat vector theta${wrt.length > 0 ? ` = [${names(wrt)}]` : ''}; calls allocate nothing.`,
  ];
  if (data.length > 0) lines.push(`\`inputs\` holds ${names(data)}, to be changed between calls.`);
  for (const { name, bound, extra } of entries) {
    const parts = bound.flatMap(({ parameter, elements, doc }) => {
      return parameter === undefined ? [] : [`fills ${parameter}[${elements.length}] with ${doc}`];
    });
    if (parts.length === 0) continue;
    if (extra) parts.push(`${extra.boundParameter} has ${lengthOf(extra)} elements`);
    if (bound.some(({ parameter }) => parameter === undefined)) parts.push('returns the value');
    lines.push(`- ${name}: ${parts.join(', ')}`);
  }
  return ['/**', ...lines.map(line => ` * ${line}`), ' */'];
}
