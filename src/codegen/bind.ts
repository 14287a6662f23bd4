// The text of `bind`: the formula over one flat vector theta, with the inputs that are not differentiated held in an
// object that the caller may refill. Lengths are fixed here, and here is all that is ever allocated.

import { liveNodes } from '../ir/live.ts';
import { type Input, rootsOf } from '../ir/program.ts';
import { elementsIn, isStatic } from '../ir/shape.ts';
import { addSizes, nameOfSize, type Size, sizeText } from '../ir/size.ts';
import { destructure, lengthTest, patternOf, scalarChecks, tensorFrom } from './arguments.ts';
import { type Context, sizeIn, WIDTH } from './context.ts';
import { type Entry, factorsIn } from './entries.ts';
import { boundFactors } from './factors-text.ts';
import type { EmittedFunction } from './functions.ts';
import { commentText, member, Names, property, quote } from './names.ts';
import { lengthText } from './parts.ts';
import { item, object, typedArray } from './results.ts';
import { flat, indent, layout, type Tree } from './text.ts';

export interface BindRequest {
  /** The bound forms of those `entries` that have one, in order. */
  readonly methods: readonly EmittedFunction[];
  readonly entries: readonly Entry[];
  /** The statements that allocate what the methods work in. */
  readonly allocations: readonly string[];
  /** The patterns that are worked out here, and the locals that hold them. */
  readonly patterns: ReadonlyMap<string, string>;
  /** True if the functions over records go through it: they leave arrays where they are instead of copying them. */
  readonly isShared: boolean;
  /** Of functions in WebAssembly: what the object has besides, and the statements after it, in which it is `f`. */
  readonly held?: { readonly members: readonly string[]; readonly ending: (f: string) => readonly string[] };
  readonly prefix: string;
}

/** `bind` with its documentation, and what it shares with the functions over records. */
export function bindTexts(context: Context, request: BindRequest): string[][] {
  const { own, data } = context;
  const { prefix, isShared } = request;
  const takes = data.length > 0 || context.sizes.length > 0;
  const given = new Names(context.scope).take('data');
  const isOptional = data.every(input => input.default !== undefined);
  const parameter = !takes ? '' : isOptional ? `${given} = {}` : given;
  const doc = documentation(context, request);
  const tensors = data.filter(({ name, shape }) => shape.length > 0 && !context.deciding.has(name));
  if (request.held !== undefined) {
    return [
      [
        ...doc,
        `${prefix}function bind(${parameter}) {`,
        `  return ${context.use('bound')}(${takes ? given : '{}'}, true);`,
        '}',
      ],
      [
        '/**',
        ' * The same; functions over records share one, as long as sizes do not change, and do not own it. A list takes the promise',
        ' * of functions that are not there at once.',
        ' */',
        `function ${own.bound}(${isOptional ? `${given} = {}` : given}, ${own.isOwn} = false) {`,
        ...indent(bodyOf(context, request, given, false)),
        '}',
      ],
    ];
  }
  if (!isShared || tensors.length === 0) {
    const body = bodyOf(context, request, given, tensors.length > 0);
    return [[...doc, `${prefix}function bind(${parameter}) {`, ...indent(body), '}']];
  }
  const f = new Names(context.scope).take('f');
  const copies = tensors.map(({ name }) => {
    const held = member(`${f}.inputs`, name);
    return `${held} = ${held}.slice();`;
  });
  return [
    [
      ...doc,
      `${prefix}function bind(${given}) {`,
      ...indent([`const ${f} = ${context.use('bound')}(${given});`, ...copies, `return ${f};`]),
      '}',
    ],
    [
      '/** What `bind` returns, but with arrays of the right type held as they are. */',
      `function ${own.bound}(${parameter}) {`,
      ...indent(bodyOf(context, request, given, false)),
      '}',
    ],
  ];
}

/** The name under which the functions over records find it. */
export function boundName(context: Context): string {
  if (context.target === 'wasm') return context.use('bound');
  const isCopied = context.data.some(({ name, shape }) => shape.length > 0 && !context.deciding.has(name));
  return isCopied ? context.use('bound') : 'bind';
}

function bodyOf(
  context: Context,
  { entries, methods, allocations, patterns, held }: BindRequest,
  given: string,
  isCopied: boolean,
): string[] {
  const { own, data, wrt } = context;
  const factors = factorsIn(entries);
  const sizes = context.sizes.map(name => item(name, context.sizeName(name)));
  const members = [
    [`${property('inputs', data.length > 0 ? own.inputs : '{}')},`],
    sizes.length > 0 ? layout('sizes: ', object(sizes), ',', WIDTH - 4) : [],
    [`size: ${sizeIn(context, wrt.length)},`],
    Array.from(patterns, ([name, local]) => `${property(name, local)},`),
    ...conversions(context),
    ...(factors === undefined ? [] : boundFactors(context, factors, WIDTH - 4)),
    ...methods.map(({ name, parameters, lines }) => [
      `${name}(${parameters.join(', ')}) {`,
      ...indent(lines),
      '},',
    ]),
    ...(held === undefined ? [] : [held.members]),
  ];
  const f = held && new Names(context.scope).take('f');
  return [
    ...sizesTaken(context, given),
    ...dataTaken(context, given, isCopied),
    ...lengthChecks(context),
    ...allocations,
    f === undefined ? 'return {' : `const ${f} = {`,
    ...indent(members.flat()),
    '};',
    ...(f === undefined ? [] : held!.ending(f)),
  ];
}

/** `const { n } = sizesOf(['n'], data, { y: ['n'], X: ['n', 20] });` */
function sizesTaken(context: Context, given: string): string[] {
  const { program, sizes, sizeName, use } = context;
  if (sizes.length === 0) return [];
  // The fewer axes an array has, the plainer is what it says of a size.
  const shapes = program.inputs
    .filter(({ shape }) => !isStatic(shape) && shape.every(isTold))
    .toSorted((p, q) => p.shape.length - q.shape.length)
    .map(({ name, shape }) => item(name, list(shape.map(dimensionText))));
  const inputs = sizes.filter(size => program.inputs.some(({ name }) => name === size));
  const args: Tree[] = [list(sizes.map(quote)), given, object(shapes)];
  if (inputs.length > 0) args.push(list(inputs.map(quote)));
  const call = { open: `${use('sizesOf')}(`, items: args.map(tree => ({ prefix: '', tree })), close: ')' };
  const locals = object(sizes.map(name => ({ prefix: '', tree: property(name, sizeName(name)) })));
  return layout(`const ${flat(locals)} = `, call, ';', WIDTH - 2);
}

function list(texts: readonly string[]): Tree {
  return { open: '[', items: texts.map(tree => ({ prefix: '', tree })), close: ']' };
}

/** A caller tells a size by the length of an axis that is just that. */
function isTold(size: Size): boolean {
  return typeof size === 'number' || nameOfSize(size) !== undefined;
}

function dimensionText(size: Size): string {
  return typeof size === 'number' ? String(size) : quote(sizeText(size));
}

/** The data in locals, checked, and in the object that `bind` shows. */
function dataTaken(context: Context, given: string, isCopied: boolean): string[] {
  const { data, own, locals, deciding } = context;
  if (data.length === 0) return [];
  const scalars = data.filter(({ shape }) => shape.length === 0);
  const tensors = data.filter(({ shape }) => shape.length > 0);
  const shown = data.filter(({ name }) => !deciding.has(name));
  const held = object(shown.map(({ name }) => item(name, locals.get(name)!)));
  return [
    ...(scalars.length > 0 ? destructure(scalars, locals, given, WIDTH - 2) : []),
    ...scalarChecks(context, scalars),
    ...tensors.map(input => {
      const values = tensorFrom(context, input, member(given, input.name), { isMeasured: true });
      const isOwn = isCopied || deciding.has(input.name); // a pattern is made of what the caller has now
      return `const ${locals.get(input.name)} = ${values}${isOwn ? '.slice()' : ''};`;
    }),
    ...layout(`${context.target === 'wasm' ? 'let' : 'const'} ${own.inputs} = `, held, ';', WIDTH - 2),
  ];
}

/** Lengths that the formula takes to be equal, and those that might be negative. */
function lengthChecks(context: Context): string[] {
  const { program, use } = context;
  const size = (length: Size) => sizeIn(context, length);
  const equal = Array.from(program.graph.constraints.values(), ({ left, right }) => {
    const text = (length: Size) => quote(typeof length === 'number' ? '' : `${sizeText(length)} = `);
    return `${use('sameSize')}(${text(left)}, ${size(left)}, ${text(right)}, ${size(right)});`;
  });
  const doubtful = new Map<string, Size>();
  for (const { shape } of context.sizes.length === 0 ? [] : liveNodes(rootsOf(program))) {
    for (const length of shape) {
      const isDoubtful = typeof length !== 'number' && length.monomials.some(part => part.coefficient < 0);
      if (isDoubtful) doubtful.set(length.text, length);
    }
  }
  const negative = Array.from(doubtful, ([text, length]) => {
    const message = `${quote(`the length ${text} is `)} + (${size(length)})`;
    return `if (${size(length)} < 0) throw new RangeError(${message});`;
  });
  return [...equal, ...negative];
}

/** `pack` and `unpack`, between a record and the flat vector. */
function conversions(context: Context): string[][] {
  const { wrt, locals, array } = context;
  const scope = new Names(context.scope);
  const theta = scope.take('theta');
  const isOptional = wrt.items.every(input => input.default !== undefined);
  const pattern = layout('pack(', patternOf(wrt.items, locals), isOptional ? ' = {}) {' : ') {', WIDTH - 4);
  const size = sizeIn(context, wrt.length);
  return [
    [...pattern, ...indent([...scalarChecks(context, wrt.items), ...packed(context, theta)]), '},'],
    [
      `unpack(${theta}) {`,
      ...indent([
        lengthTest(context, 'theta', theta, size),
        ...layout('return ', unpacked(context, theta), ';', WIDTH - 6),
      ]),
      '},',
    ],
  ];

  function packed(context: Context, theta: string): string[] {
    if (wrt.items.every(({ shape }) => shape.length === 0)) {
      const values = wrt.items.map(({ name }) => locals.get(name)!);
      return layout('return ', typedArray(array, values), ';', WIDTH - 6);
    }
    return [
      `const ${theta} = new ${array}(${size});`,
      ...filled(context, theta, wrt.items, ({ name }) => locals.get(name)!),
      `return ${theta};`,
    ];
  }
}

/** Statements that put values, scalars and tensors, to their places in a flat array. */
export function filled<T extends Parameters<typeof tensorFrom>[1] & { readonly offset: Size }>(
  context: Context,
  array: string,
  values: readonly T[],
  source: (value: T) => string,
  textOf: (value: T) => string = value => value.name,
): string[] {
  return values.map(value => {
    const at = sizeIn(context, value.offset);
    return value.shape.length === 0
      ? `${array}[${at}] = ${source(value)};`
      : `${array}.set(${tensorFrom(context, value, source(value), { text: textOf(value) })}, ${at});`;
  });
}

function unpacked(context: Context, theta: string): ReturnType<typeof object> {
  return object(
    context.wrt.items.map(({ name, shape, offset }) => {
      const from = sizeIn(context, offset);
      const to = sizeIn(context, addSizes(offset, elementsIn(shape)));
      return item(name, shape.length === 0 ? `${theta}[${from}]` : `${theta}.slice(${from}, ${to})`);
    }),
  );
}

function documentation(context: Context, { entries, held }: BindRequest): string[] {
  const { wrt, data, sizes, deciding } = context;
  const names = (inputs: readonly Input[]): string => inputs.map(({ name }) => commentText(name)).join(', ');
  const size = (length: Size) => commentText(sizeText(length));
  const what = `one flat vector theta${wrt.items.length > 0 ? ` = [${names(wrt.items)}]` : ''}`;
  const lines = [`The formula over ${what}; calls allocate nothing.`];
  const shown = data.filter(({ name }) => !deciding.has(name));
  const fixed = data.filter(({ name }) => deciding.has(name));
  if (shown.length > 0) lines.push(`\`inputs\` holds ${names(shown)}, to be changed between calls.`);
  if (fixed.length > 0)
    lines.push(`The pattern of nonzero elements is made of ${names(fixed)}, which stay as they are.`);
  if (sizes.length > 0) {
    const list = sizes.map(commentText).join(', ');
    lines.push(
      `${sizes.length === 1 ? `The size ${list} is that` : `The sizes ${list} are those`} of the arrays, or given by name.`,
    );
  }
  for (const { name, bound, extra } of entries) {
    const parts = bound.flatMap(block => {
      const { parameter, doc } = block;
      return parameter === undefined
        ? []
        : [`fills ${parameter}[${commentText(lengthText(block))}] with ${doc}`];
    });
    if (parts.length === 0) continue;
    if (extra) parts.push(`${extra.boundParameter} has ${size(extra.length)} elements`);
    if (bound.some(({ parameter }) => parameter === undefined)) parts.push('returns the value');
    lines.push(`- ${name}: ${parts.join(', ')}`);
  }
  if (held !== undefined)
    lines.push('`views` are arrays over its memory; passed as arguments of these names they are not copied.');
  if (factorsIn(entries) !== undefined)
    lines.push(
      '- unpackFactors: the record of terms whose stored factors are views of F[factorsSize]',
      'What only the dense Hessian takes is allocated when it is called first.',
    );
  return ['/**', ...lines.map(line => ` * ${line}`), ' */'];
}
