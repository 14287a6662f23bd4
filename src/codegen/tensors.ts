// The module of a program with tensors. Its formula is written once, in the functions that `bind` returns, which work on
// flat arrays and whose workspace `bind` allocates; the functions over records go through them.

import { constantOf } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { scalarsOf } from '../ir/literal.ts';
import { liveNodes } from '../ir/live.ts';
import { type Input, inputsByRole, type Program, rootsOf, sizesOf } from '../ir/program.ts';
import { elementsIn, SCALAR } from '../ir/shape.ts';
import { addSizes, multiplySizes, namesIn, type Size, sizeText } from '../ir/size.ts';
import { FORMS, numberText } from './forms.ts';
import { fuse } from './loops/fuse.ts';
import { Lowering } from './loops/lower.ts';
import { dropDeadStores, plan } from './loops/memory.ts';
import { LoopPrinter, sizeExpression } from './loops/print.ts';
import { PANEL_ROWS, productText } from './loops/product.ts';
import { constantIndex, stridesOf } from './loops/space.ts';
import { isLeaf, unitsOf } from './loops/units.ts';
import type { ArrayRef } from './loops/values.ts';
import { commentText, keyOf, member, Names, property, quote } from './names.ts';
import { item, object } from './results.ts';
import { SPECIAL } from './special.ts';
import { type Method, methodsOf, type Result, type Section } from './tensor-entries.ts';
import { helpersText } from './tensor-helpers.ts';
import { fill, indent, layout, wrap } from './text.ts';

export type Precision = 'f64' | 'f32';

/** Columns of a line at the top level. */
const WIDTH = 100;

/** True if the module of `program` is made here: something in it is no scalar. */
export function hasTensors(program: Program): boolean {
  return (
    program.inputs.some(({ shape }) => shape.length > 0) ||
    liveNodes(rootsOf(program)).some(({ shape }) => shape !== SCALAR)
  );
}

export interface TensorModule {
  readonly sections: readonly string[];
  readonly exported: readonly string[];
  readonly methods: readonly Method[];
  readonly operations: Readonly<Record<string, number>>;
}

/** The functions of the module of `program`, without its `meta`; `prefix` is `export ` or nothing. */
export function tensorModule(program: Program, precision: Precision, prefix: string): TensorModule {
  const writer = new Writer(program, precision);
  return writer.module(prefix);
}

/** Names of the module's own. */
type OwnNames = Readonly<Record<(typeof OWN)[number], string>>;
const OWN = [
  'flat',
  'lengthsOf',
  'number',
  'integer',
  'fit',
  'position',
  'product',
  'panel',
  'wrongLength',
  'inputs',
  'given',
  'block',
  'size',
  'sizesOf',
  'agree',
] as const;

class Writer {
  readonly #program: Program;
  readonly #array: 'Float64Array' | 'Float32Array';
  readonly #methods: readonly Method[];
  readonly #scope = new Names();
  readonly #own: OwnNames;
  readonly #locals: ReadonlyMap<string, string>;
  readonly #sizeNames: ReadonlyMap<string, string>;
  readonly #wrt: readonly Input[];
  readonly #data: readonly Input[];
  readonly #offsets = new Map<string, Size>();
  readonly #total: Size;
  readonly #constants = new Map<Node, string>();
  readonly #used = new Set<string>();
  readonly #workspace = new Map<string, { readonly length: Size }>();
  readonly #panels: Size[] = [];

  constructor(program: Program, precision: Precision) {
    this.#program = program;
    this.#array = precision === 'f32' ? 'Float32Array' : 'Float64Array';
    const { variables, data } = inputsByRole(program);
    this.#wrt = variables;
    this.#data = data;
    this.#methods = methodsOf(program);
    for (const name of ['meta', 'bind', ...this.#methods.map(({ name }) => name), ...this.#records()]) {
      this.#scope.take(name);
    }
    for (const name of helperNames(program)) this.#scope.take(name);
    this.#sizeNames = new Map(sizesOf(program).map(name => [name, this.#scope.take(name)]));
    this.#locals = new Map(program.inputs.map(({ name }) => [name, this.#scope.take(name)]));
    const named = new Set(program.graph.names.values());
    this.#own = Object.fromEntries(OWN.map(name => [name, this.#scope.take(name, named)])) as OwnNames;
    let total: Size = 0;
    for (const { name, shape } of this.#wrt) {
      this.#offsets.set(name, total);
      total = addSizes(total, elementsIn(shape));
    }
    this.#total = total;
  }

  /** The functions over records: all methods, and `grad`, which has no bound form. */
  #records(): string[] {
    return this.#methods.flatMap(({ records }) => records.map(({ name }) => name));
  }

  module(prefix: string): TensorModule {
    const bodies = this.#methods.map(method => this.#method(method));
    const bind = this.#bind(prefix, bodies);
    const records = this.#methods.flatMap(method =>
      method.records.map(record => this.#record(prefix, method, record)),
    );
    const constants = [...this.#constants].map(([node, name]) => this.#constantText(node, name));
    const helpers = helpersText(this.#own, this.#used, this.#array, this.#program);
    const special = helperNames(this.#program).map(name => SPECIAL[name].text.trimEnd());
    const product = this.#used.has('product') ? [productText(this.#own.product)] : [];
    return {
      sections: [...records, bind, ...constants, ...product, ...helpers, ...special],
      exported: ['meta', ...this.#records(), 'bind'],
      methods: this.#methods,
      operations: Object.fromEntries(bodies.map(({ name, operations }) => [name, operations])),
    };
  }

  // The functions of bind.

  #method(method: Method): { name: string; lines: string[]; operations: number } {
    const { name, parameters, sections, returned } = method;
    const scope = new Names(this.#scope);
    const theta = scope.take('theta');
    const names = parameters.map(({ name: wanted }) => scope.take(wanted));
    const arrayOf = new Map(parameters.map(({ name: wanted }, k) => [wanted, names[k]]));
    const roots: Node[] = [];
    const results = new Map<Node, ArrayRef>();
    const copies: { node: Node; to: ArrayRef }[] = [];
    const puts: { node: Node; to: ArrayRef; index: number[] }[] = [];
    for (const section of sections) {
      const { node } = section;
      if (node === undefined) continue;
      const to: ArrayRef = {
        name: arrayOf.get(section.parameter)!,
        offset: section.offset,
        strides: section.strides,
      };
      const scalars =
        node.op === 'concat' || node.op === 'reshape' || node.shape === SCALAR
          ? scalarsOf(this.#program.graph, node)
          : undefined;
      if (scalars !== undefined) {
        for (const [k, scalar] of scalars.entries()) {
          puts.push({ node: scalar, to, index: unflatten(k, node.shape as readonly number[]) });
          roots.push(scalar);
        }
      } else if (isLeaf(node) || results.has(node) || isConstantFill(node)) {
        copies.push({ node, to });
      } else {
        results.set(node, to);
        roots.push(node);
      }
    }
    if (returned !== undefined) roots.push(returned);
    const { units, stored } = unitsOf(roots);
    const nest = fuse(units, new Set(results.keys()));

    const buffers = new Map<string, Size>();
    const lowering = new Lowering(nest, stored, {
      names: scope,
      leaf: node => this.#leaf(node, method, theta, arrayOf),
      buffer: (wanted, length) => {
        const local = scope.take(wanted);
        buffers.set(local, length);
        return local;
      },
      results,
      nameOf: node => this.#nameOf(node),
      product: inner => {
        this.#used.add('product');
        this.#panels.push(inner);
        return { name: this.#own.product, panel: this.#own.panel };
      },
    });
    lowering.run();
    for (const { node, to } of copies) lowering.copy(node, to);
    for (const { node, to, index } of puts) {
      lowering.put(
        to,
        index.map(at => constantIndex(at)),
        lowering.scalar(node),
      );
    }
    const result = returned && lowering.use(lowering.scalar(returned));
    dropDeadStores(lowering.top, buffers);
    const renamed = plan(lowering.top, buffers, this.#workspace, wanted => this.#scope.take(wanted));
    const printer = new LoopPrinter({
      names: scope,
      sizeName: size => this.#sizeNames.get(size) ?? size,
      position: () => {
        this.#used.add('position');
        return this.#own.position;
      },
      width: WIDTH - 8,
      arrayName: array => renamed.get(array) ?? array,
    });
    const body = printer.block(lowering.top);
    const end = result === undefined ? [] : wrap(`return ${printer.value(result)};`, WIDTH - 8);
    const lines = [
      ...this.#checks(method, theta, names),
      ...this.#reads(method, [...body, ...end]),
      ...this.#clears(sections, arrayOf),
      ...body,
      ...(method.mirror === undefined ? [] : this.#mirror(arrayOf.get(method.mirror)!)),
      ...end,
    ];
    const operations = liveNodes(roots).filter(node => !isLeaf(node)).length;
    return {
      name,
      lines: [`${name}(${[theta, ...names].join(', ')}) {`, ...indent(lines), '},'],
      operations,
    };
  }

  #nameOf(node: Node): string | undefined {
    return this.#program.graph.names.get(node);
  }

  #leaf(
    node: Node,
    { extra }: Method,
    theta: string,
    arrayOf: ReadonlyMap<string, string>,
  ): ArrayRef | string {
    if (node.op === 'array') {
      let name = this.#constants.get(node);
      if (name === undefined) {
        name = this.#scope.take(this.#nameOf(node) ?? 'constants');
        this.#constants.set(node, name);
      }
      return { name, offset: 0, strides: stridesOf(node.shape) };
    }
    if (node.op !== 'input') throw new TypeError(`${node.op} is no leaf in memory`);
    const { name } = node.attrs;
    const offset = this.#offsets.get(name);
    const strides = stridesOf(node.shape);
    if (offset !== undefined) return { name: theta, offset, strides };
    const part = extra?.parts.find(each => each.input === name);
    if (part !== undefined)
      return { name: arrayOf.get(extra!.boundParameter)!, offset: part.offset, strides };
    const local = this.#locals.get(name)!;
    return node.shape === SCALAR ? local : { name: local, offset: 0, strides };
  }

  #checks({ parameters }: Method, theta: string, names: readonly string[]): string[] {
    this.#used.add('wrongLength');
    const check = (text: string, array: string, length: Size) =>
      `if (${array}.length !== ${this.#size(length)}) ${this.#own.wrongLength}(${quote(text)}, ${array}, ${this.#size(length)});`;
    return [
      check('theta', theta, this.#total),
      ...parameters.map(({ name, length }, k) => check(name, names[k], length)),
    ];
  }

  /** The data that a body mentions, from the object that the caller may refill. */
  #reads(_: Method, body: readonly string[]): string[] {
    const text = body.join('\n');
    const used = this.#data.filter(({ name }) => mentions(text, this.#locals.get(name)!));
    if (used.length === 0) return [];
    const pattern = object(
      used.map(({ name }) => ({ prefix: '', tree: property(name, this.#locals.get(name)!) })),
    );
    return layout('const ', pattern, ` = ${this.#own.inputs};`, WIDTH - 8);
  }

  /** Arrays of which some parts are identically zero. */
  #clears(sections: readonly Section[], arrayOf: ReadonlyMap<string, string>): string[] {
    const cleared = new Set(
      sections.filter(({ node }) => node === undefined).map(({ parameter }) => parameter),
    );
    return [...cleared].map(parameter => `${arrayOf.get(parameter)}.fill(0);`);
  }

  /** The lower triangle of a symmetric matrix from the upper one. */
  #mirror(matrix: string): string[] {
    const size = this.#size(this.#total);
    const stride = /^[\w$]+$/.test(size) ? size : `(${size})`;
    return [
      `for (let i = 1; i < ${size}; i++) {`,
      `  for (let j = 0; j < i; j++) ${matrix}[i * ${stride} + j] = ${matrix}[j * ${stride} + i];`,
      '}',
    ];
  }

  // bind.

  #bind(prefix: string, bodies: readonly { readonly lines: string[] }[]): string {
    const { given } = this.#own;
    const isOptional = this.#data.every(input => input.default !== undefined) && this.#sizeNames.size === 0;
    const parameter =
      this.#data.length === 0 && this.#sizeNames.size === 0 ? '' : isOptional ? `${given} = {}` : given;
    const lines = [
      `${prefix}function bind(${parameter}) {`,
      ...indent([
        ...this.#taken(),
        ...this.#sizeChecks(),
        ...this.#allocations(),
        'return {',
        ...indent([
          `${property('inputs', this.#data.length > 0 ? this.#own.inputs : '{}')},`,
          `size: ${this.#size(this.#total)},`,
          ...this.#lengths(),
          ...this.#conversions(),
          ...bodies.flatMap(({ lines }) => lines),
        ]),
        '};',
      ]),
      '}',
    ];
    return [...this.#documentation(), ...lines].join('\n');
  }

  #documentation(): string[] {
    const names = this.#wrt.map(({ name }) => commentText(name)).join(', ');
    const lines = [
      `The formula over one flat vector theta${names === '' ? '' : ` = [${names}]`}; allocates here, then never.`,
    ];
    if (this.#data.length > 0) {
      const data = this.#data.map(({ name }) => commentText(name)).join(', ');
      lines.push(`\`inputs\` holds copies of ${data}, to be refilled between calls.`);
    }
    for (const { name, parameters, isNumber } of this.#methods) {
      const parts = parameters.map(
        ({ name: parameter, length, doc }) => `${parameter}[${commentText(sizeText(length))}] ${doc}`,
      );
      if (isNumber) parts.push('returns the value');
      lines.push(`- ${name}: ${parts.join(', ')}`);
    }
    return ['/**', ...lines.map(line => ` * ${line}`), ' */'];
  }

  /** Sizes from the arrays, the arrays as flat copies, scalars checked. */
  #taken(): string[] {
    const { given, number, integer, sizesOf: sizes } = this.#own;
    const lines: string[] = [];
    const tensors = this.#program.inputs.filter(({ shape }) => shape.length > 0);
    if (this.#sizeNames.size > 0) {
      this.#used.add('sizesOf');
      const names = [...this.#sizeNames].map(([name, local]) => property(name, local));
      const shapes = object(
        tensors.map(({ name, shape }) => ({
          prefix: `${keyOf(name)}: `,
          tree: `[${shape.map(size => (typeof size === 'number' ? size : quote(sizeText(size)))).join(', ')}]`,
        })),
      );
      lines.push(...layout(`const { ${names.join(', ')} } = ${sizes}(${given}, `, shapes, ');', WIDTH - 2));
    }
    for (const { name, shape, dtype, default: value } of this.#data) {
      const local = this.#locals.get(name)!;
      const source = member(given, name);
      if (shape.length === 0) {
        lines.push(
          value === undefined
            ? `const ${local} = ${source};`
            : `const ${local} = ${source} ?? ${numberText(value)};`,
          `${dtype === 'int' ? integer : number}(${quote(name)}, ${local});`,
        );
        this.#used.add(dtype === 'int' ? 'integer' : 'number');
        continue;
      }
      this.#used.add('flat').add('fit');
      const type = dtype === 'int' ? 'Int32Array' : this.#array;
      const length = this.#size(elementsIn(shape));
      const filled = value === undefined ? '' : ` ?? new ${type}(${length}).fill(${numberText(value)})`;
      lines.push(
        `const ${local} = ${this.#own.fit}(${quote(name)}, ${source}${filled}, [${shape.map(size => this.#size(size)).join(', ')}], ${type});`,
      );
    }
    if (this.#data.length > 0) {
      const held = object(this.#data.map(({ name }) => item(name, this.#locals.get(name)!)));
      lines.push(...layout(`const ${this.#own.inputs} = `, held, ';', WIDTH - 2));
    }
    return lines;
  }

  /** Lengths that the formula takes to be equal, and those that must not be negative. */
  #sizeChecks(): string[] {
    const lines: string[] = [];
    for (const { left, right } of this.#program.graph.constraints.values()) {
      this.#used.add('agree');
      lines.push(
        `${this.#own.agree}(${quote(sizeText(left))}, ${this.#size(left)}, ${quote(sizeText(right))}, ${this.#size(right)});`,
      );
    }
    const seen = new Set<string>();
    for (const { shape } of liveNodes(rootsOf(this.#program))) {
      for (const size of shape) {
        if (
          typeof size === 'number' ||
          seen.has(size.text) ||
          size.monomials.every(({ coefficient }) => coefficient > 0)
        )
          continue;
        seen.add(size.text);
        this.#used.add('agree');
        lines.push(
          `${this.#own.agree}(${quote(size.text)}, ${this.#size(size)}, '0 or more', Math.max(0, ${this.#size(size)}));`,
        );
      }
    }
    return lines;
  }

  #allocations(): string[] {
    const lines = [...this.#workspace].map(
      ([name, { length }]) => `const ${name} = new ${this.#array}(${this.#size(length)});`,
    );
    if (this.#panels.length > 0) {
      const longest = [...new Set(this.#panels.map(size => this.#size(size)))];
      const length = longest.length === 1 ? longest[0] : `Math.max(${longest.join(', ')})`;
      lines.push(
        `const ${this.#own.panel} = new ${this.#array}(${PANEL_ROWS} * ${/^[\w$]+$|^Math/.test(length) ? length : `(${length})`});`,
      );
    }
    return lines;
  }

  /** Of a formula that is no number: how long the arrays are that its functions fill. */
  #lengths(): string[] {
    const value = this.#methods.find(({ name }) => name === 'value')!;
    return value.isNumber ? [] : [`length: ${this.#size(value.parameters[0].length)},`];
  }

  #conversions(): string[] {
    const scope = new Names(this.#scope);
    const theta = scope.take('theta');
    const record = scope.take('record');
    const packed: string[] = [];
    for (const { name, shape, default: value } of this.#wrt) {
      const source = member(record, name);
      const at = this.#size(this.#offsets.get(name)!);
      if (shape.length === 0) {
        this.#used.add('number');
        const text = value === undefined ? source : `${source} ?? ${numberText(value)}`;
        packed.push(`${theta}[${at}] = ${this.#own.number}(${quote(name)}, ${text});`);
        continue;
      }
      this.#used.add('flat').add('fit');
      const length = this.#size(elementsIn(shape));
      const filled =
        value === undefined ? '' : ` ?? new ${this.#array}(${length}).fill(${numberText(value)})`;
      packed.push(
        `${theta}.set(${this.#own.fit}(${quote(name)}, ${source}${filled}, [${shape.map(size => this.#size(size)).join(', ')}], ${this.#array}), ${at});`,
      );
    }
    const isOptional = this.#wrt.every(input => input.default !== undefined);
    const unpacked = object(
      this.#wrt.map(({ name, shape }) => {
        const at = this.#offsets.get(name)!;
        const tree =
          shape.length === 0
            ? `${theta}[${this.#size(at)}]`
            : `${theta}.slice(${this.#size(at)}, ${this.#size(addSizes(at, elementsIn(shape)))})`;
        return item(name, tree);
      }),
    );
    return [
      `pack(${record}${isOptional ? ' = {}' : ''}) {`,
      ...indent([
        `const ${theta} = new ${this.#array}(${this.#size(this.#total)});`,
        ...packed,
        `return ${theta};`,
      ]),
      '},',
      `unpack(${theta}) {`,
      ...indent([
        `if (${theta}.length !== ${this.#size(this.#total)}) ${this.#own.wrongLength}('theta', ${theta}, ${this.#size(this.#total)});`,
        ...layout('return ', unpacked, ';', WIDTH - 8),
      ]),
      '},',
      ...this.#unpackers(),
    ];
  }

  /** Records of blocks from flat results, for the functions over records and whoever else wants them. */
  #unpackers(): string[] {
    const lines: string[] = [];
    const done = new Set<string>();
    for (const { records } of this.#methods) {
      for (const { result } of records) this.#unpacker(result, lines, done);
    }
    return lines;
  }

  #unpacker(result: Result, lines: string[], done: Set<string>): void {
    if (result.kind === 'record') {
      for (const [, field] of result.fields) this.#unpacker(field, lines, done);
      return;
    }
    if (result.kind === 'number' || result.kind === 'theta' || done.has(result.unpack)) return;
    done.add(result.unpack);
    const matrix = 'flat';
    const scope = new Names(this.#scope);
    const array = scope.take(matrix);
    const rows = result.rows;
    const columns = result.columns;
    const width = columns === undefined ? undefined : this.#total;
    const cell = (row: Section, column: Input | undefined): string => {
      const at = this.#size(row.offset);
      const count = this.#size(elementsIn(row.shape));
      if (column === undefined) {
        return row.shape.length === 0
          ? `${array}[${at}]`
          : `${array}.slice(${at}, ${this.#size(addSizes(row.offset, elementsIn(row.shape)))})`;
      }
      const from = this.#offsets.get(column.name)!;
      if (row.shape.length === 0 && column.shape.length === 0) {
        return `${array}[${this.#size(addSizes(multiplySizes(row.offset, this.#total), from))}]`;
      }
      this.#used.add('block');
      return `${this.#own.block}(${array}, ${this.#size(width!)}, ${at}, ${count}, ${this.#size(from)}, ${this.#size(elementsIn(column.shape))})`;
    };
    const fields = rows.map(row => {
      if (columns === undefined) return [row.name, cell(row, undefined)] as const;
      return [row.name, object(columns.map(column => item(column.name, cell(row, column))))] as const;
    });
    const tree = result.isBare ? fields[0][1] : object(fields.map(([name, field]) => item(name, field)));
    lines.push(`${result.unpack}(${array}) {`, ...indent(layout('return ', tree, ';', WIDTH - 8)), '},');
  }

  // Functions over records.

  #record(prefix: string, method: Method, record: Method['records'][number]): string {
    const scope = new Names(this.#scope);
    const { inputs } = this.#own;
    const f = scope.take('f');
    const second = record.extra && method.extra ? scope.take(method.extra.parameter) : undefined;
    const parameters = [inputs, ...(second === undefined ? [] : [second])];
    const isOptional =
      this.#program.inputs.every(input => input.default !== undefined) && this.#sizeNames.size === 0;
    const lines = [
      `const ${f} = bind(${this.#data.length === 0 && this.#sizeNames.size === 0 ? '' : inputs});`,
    ];
    const theta = scope.take('theta');
    const names = new Map<string, string>();
    const run = ({ name, parameters, isNumber }: Method, args: readonly string[]) => {
      const filled = parameters.filter(parameter => parameter.isFilled);
      for (const { name: wanted, length } of filled) {
        names.set(wanted, scope.take(wanted));
        lines.push(`const ${names.get(wanted)} = new ${this.#array}(${this.#lengthFrom(f, length)});`);
      }
      const call = `${f}.${name}(${[...args, ...filled.map(({ name: wanted }) => names.get(wanted))].join(', ')});`;
      lines.push(isNumber && record.needsValue ? `const value = ${call}` : call);
    };
    const givesValue = method.isNumber || method.parameters.some(({ name }) => name === 'y');
    const isTwice = record.needsValue && !givesValue;
    if (isTwice) lines.push(`const ${theta} = ${f}.pack(${inputs});`);
    const at = isTwice ? theta : `${f}.pack(${inputs})`;
    if (isTwice) run(this.#methods[0], [at]);
    run(method, second === undefined ? [at] : [at, this.#packedExtra(method, second, f)]);
    const tree = this.#resultTree(record.result, f, names);
    const doc = ['/**', ` * ${commentText(record.summary)}`, ' */'];
    return [
      ...doc,
      `${prefix}function ${record.name}(${parameters.map((p, k) => (k === 0 && isOptional ? `${p} = {}` : p)).join(', ')}) {`,
      ...indent([...lines, ...layout('return ', tree, ';', WIDTH - 2)]),
      '}',
    ].join('\n');
  }

  /** A length outside of bind, where the named sizes are not known. */
  #lengthFrom(f: string, length: Size): string {
    if (typeof length === 'number') return String(length);
    const value = this.#methods[0];
    const total = sizeText(this.#total);
    const text = sizeText(length);
    if (text === total) return `${f}.size`;
    if (text === sizeText(multiplySizes(this.#total, this.#total))) return `${f}.size * ${f}.size`;
    const outputs = value.isNumber ? 1 : value.parameters[0].length;
    if (text === sizeText(outputs)) return `${f}.length`;
    if (text === sizeText(multiplySizes(outputs, this.#total)))
      return value.isNumber ? `${f}.size` : `${f}.length * ${f}.size`;
    throw new TypeError(`no name for the length ${text}`);
  }

  /** The flat array of a second argument: tangents are like inputs, cotangents like outputs. */
  #packedExtra({ extra }: Method, second: string, f: string): string {
    const { parts, isBare, kind } = extra!;
    if (kind === 'tangents') return `${f}.pack(${second})`;
    this.#used.add('flat').add('wrongLength');
    const isNumber = parts.length === 1 && parts[0].shape.length === 0;
    const values = parts.map(({ name }) => (isBare ? second : member(second, name)));
    if (isNumber) return `[${values[0]}]`;
    return `${this.#own.flat}(${quote(extra!.parameter)}, [${values.join(', ')}].flat(), ${this.#array}).values`;
  }

  #resultTree(
    result: Result,
    f: string,
    names: ReadonlyMap<string, string>,
  ): ReturnType<typeof object> | string {
    switch (result.kind) {
      case 'number':
        return 'value';
      case 'theta':
        return `${f}.unpack(${names.get(result.parameter)})`;
      case 'record':
        return object(result.fields.map(([name, field]) => item(name, this.#resultTree(field, f, names))));
      case 'blocks':
        return `${f}.${result.unpack}(${names.get(result.parameter)})`;
      default:
        return result satisfies never;
    }
  }

  #constantText(node: Node, name: string): string {
    const { values } = (node as Extract<Node, { op: 'array' }>).attrs;
    const texts = values.map(numberText);
    const lines = fill(texts, WIDTH - 2);
    return lines.length === 1
      ? `const ${name} = new ${this.#array}([${lines[0]}]);`
      : [`const ${name} = new ${this.#array}([`, ...indent(lines), ']);'].join('\n');
  }

  #size(size: Size): string {
    return sizeExpression(size, name => this.#sizeNames.get(name) ?? name).text;
  }
}

/** A constant everywhere: it has no unit of its own. */
function isConstantFill(node: Node): boolean {
  return node.op === 'broadcast' && constantOf(node.inputs[0]) !== undefined;
}

/** True if `text` has the identifier `name`. */
function mentions(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const [before, after] = [text[at - 1] ?? ' ', text[at + name.length] ?? ' '];
    if (!/[\p{ID_Continue}$.]/u.test(before) && !/[\p{ID_Continue}$]/u.test(after)) return true;
  }
  return false;
}

function unflatten(position: number, shape: readonly number[]): number[] {
  let rest = position;
  return stridesOf(shape).map(stride => {
    const at = Math.floor(rest / (stride as number));
    rest -= at * (stride as number);
    return at;
  });
}

/** The special functions that the text calls and what they use, each after what it uses. */
function helperNames(program: Program): string[] {
  const names: string[] = [];
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    SPECIAL[name].uses.forEach(visit);
    names.push(name);
  };
  for (const node of liveNodes(rootsOf(program))) {
    const { helper } = FORMS[node.op];
    if (helper !== undefined) visit(helper(node));
  }
  return names;
}

/** Named sizes that a text of sizes mentions. */
export function sizesIn(sizes: readonly Size[]): string[] {
  return [...new Set(sizes.flatMap(namesIn))];
}
