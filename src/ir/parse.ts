// Reads the text form of a program (see print.ts for how it looks and for its law). Nodes are made as written, by the
// raw constructors of the graph: nothing is folded. Everything written is checked, nothing is trusted: types, arities
// and masks against the operations, names against the declarations. Every mistake is a diagnostic with a span in the
// `.ir` text; a line makes at most one, and what only follows from a line that failed is not reported again.
//
// The source of the program is the formula that the text carries along (its name and the lines after `|`), not the
// `.ir` text: show diagnostics thrown here over the `.ir` text, later ones over `program.source`.

import { type Diagnostic, type Span, SymgradError } from '../errors.ts';
import { Cursor, Failure } from './cursor.ts';
import { type Attrs, Graph, GraphLimitError, type InputNode, type Node } from './graph.ts';
import { type AttrName, factsOf, isOpName, type OpName } from './ops.ts';
import { parseSize } from './parse-size.ts';
import { lineStartsOf, offsetOf } from './position.ts';
import { ATTR_FORMS, BARE_ATTRS, typeText } from './print.ts';
import {
  type Derivative,
  type DerivativeKind,
  type HigherKind,
  type Input,
  isHigherKind,
  nodeOf,
  type Output,
  type Program,
} from './program.ts';
import { elementsIn, SCALAR, type Shape, sameShape } from './shape.ts';
import { ShapeError } from './shapes.ts';
import { type Size, SizeLimitError, sizeText } from './size.ts';
import { applicationProblem, isOpen, resultType, shapeAtPath, type Type } from './verify.ts';

/** What the parser may be told besides the text. */
export interface ParseIrOptions {
  /** Name of the source if the text gives none. Default `program.ir`. */
  readonly name?: string;
  /** Limit on the size of the graph. */
  readonly maxNodes?: number;
}

/**
 * The program that `text` describes, in time linear in its length. Throws `SymgradError` with codes `ir-syntax`,
 * `ir-operation` (there is no such operation), `ir-operands` (it does not take these), `ir-type`, `ir-undefined`,
 * `ir-redefined`, `ir-path` (a key of a derivative) and `ir-limit`. Spans are offsets in `text`.
 */
export function parseIr(text: string, options: ParseIrOptions = {}): Program {
  return new Parser(text, options).parse();
}

const MAX_ERRORS = 20;

/** As many as numpy has. */
const MOST_AXES = 64;

const KINDS: Readonly<Record<Exclude<DerivativeKind, HigherKind>, true>> = {
  grad: true,
  jacobian: true,
  hessian: true,
  hvp: true,
  jvp: true,
  vjp: true,
  gaussNewton: true,
};

/** The parts of a text, in the order they must come. A line moves on to its part and never back. */
const PARTS = ['program', 'source', 'declarations', 'nodes', 'derivative'] as const;
type Part = (typeof PARTS)[number];

class Parser {
  readonly #cursor: Cursor;
  readonly #graph: Graph;
  readonly #fallbackName: string;
  #name: string | undefined;
  #part: Part = 'program';
  /** After a mistake that leaves nothing to be understood. */
  #stopped = false;
  readonly #diagnostics: Diagnostic[] = [];

  readonly #sourceLines: string[] = [];
  #starts: readonly number[] | undefined;

  /** Declarations in order; `node` follows with the line of the node. */
  readonly #inputs = new Map<string, Omit<Input, 'node'>>();
  readonly #wrt = new Map<string, Shape>();
  /** Nodes by the number the text gives them; null for a line that failed. */
  readonly #nodes = new Map<number, Node | null>();
  readonly #inputNodes = new Map<string, InputNode>();
  readonly #outputs = new Map<string, Output>();
  readonly #derivatives = new Map<DerivativeKind, Derivative>();
  /** Input nodes that are not declared, with their places: some derivative has to list them. */
  readonly #strangers = new Map<InputNode, Span>();

  constructor(text: string, { name = 'program.ir', maxNodes }: ParseIrOptions) {
    this.#cursor = new Cursor(text);
    this.#graph = new Graph(maxNodes);
    this.#fallbackName = name;
  }

  parse(): Program {
    while (!this.#stopped && this.#diagnostics.length < MAX_ERRORS && !this.#cursor.atEnd()) {
      this.#attempt(() => this.#line());
      this.#cursor.nextLine();
    }
    if (this.#diagnostics.length === 0) this.#attempt(() => this.#finish());
    const [first, ...rest] = this.#diagnostics;
    if (first !== undefined) throw new SymgradError([first, ...rest]);
    return {
      source: { name: this.#name ?? this.#fallbackName, text: this.#sourceLines.join('\n') },
      graph: this.#graph,
      inputs: Array.from(this.#inputs.values(), input => ({ ...input, node: this.#inputNode(input) })),
      outputs: [...this.#outputs.values()],
      wrt: [...this.#wrt.keys()],
      derivatives: [...this.#derivatives.values()],
      diagnostics: [],
    };
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (failure) {
      if (failure instanceof SizeLimitError) {
        this.#attempt(() => this.#cursor.fail('ir-limit', failure.message));
      } else if (!(failure instanceof Failure)) throw failure;
      else if (failure.diagnostic !== undefined) this.#diagnostics.push(failure.diagnostic);
    }
  }

  /** Ends the line over a name that is not known, which may be the fault of a line that failed before. */
  #unknown(code: string, message: string, span?: Span): never {
    if (this.#diagnostics.length > 0) throw new Failure();
    return this.#cursor.fail(code, message, span);
  }

  #line(): void {
    const cursor: Cursor = this.#cursor;
    if (cursor.seesEndOfLine()) return;
    if (this.#part === 'program') this.#header();
    else if (cursor.take('|')) this.#sourceLine();
    else if (cursor.sees('%')) this.#nodeLine();
    else this.#statement();
    cursor.expectEndOfLine();
  }

  #header(): void {
    if (!this.#cursor.takeWord('program')) {
      this.#stopped = true;
      this.#cursor.expected('`program`');
    }
    this.#name = this.#cursor.takeString();
    this.#part = 'source';
  }

  #sourceLine(): void {
    if (this.#part !== 'source') this.#cursor.fail('ir-syntax', 'the source follows the `program` line');
    this.#sourceLines.push(this.#cursor.takeRest());
  }

  #statement(): void {
    const cursor: Cursor = this.#cursor;
    const keyword = cursor.takeName();
    switch (keyword) {
      case 'input':
        this.#enter('declarations');
        this.#declaration();
        break;
      case 'wrt':
        this.#enter('declarations');
        this.#variables();
        break;
      case 'require':
        this.#enter('declarations');
        this.#constraint();
        break;
      case 'return':
        if (this.#part === 'derivative') {
          this.#derivative();
        } else {
          this.#enter('nodes');
          this.#output();
        }
        break;
      case 'derivative':
        if (this.#part === 'derivative') cursor.fail('ir-redefined', 'a second `derivative`');
        this.#enter('derivative');
        break;
      default:
        cursor.expected(
          'a node, `input`, `wrt`, `require`, `return` or `derivative`',
          keyword === undefined ? undefined : cursor.lastSpan,
        );
    }
  }

  #enter(part: Part): void {
    if (PARTS.indexOf(part) < PARTS.indexOf(this.#part)) {
      this.#cursor.fail(
        'ir-syntax',
        `${part} come before ${this.#part === 'nodes' ? 'nodes' : '`derivative`'}`,
      );
    }
    this.#part = part;
  }

  /** `input NAME [: TYPE] [= NUMBER] ["doc"] [SPAN]` */
  #declaration(): void {
    const cursor: Cursor = this.#cursor;
    const name = cursor.expectName();
    if (this.#inputs.has(name)) cursor.fail('ir-redefined', `a second input ${name}`);
    if (name.includes('.')) cursor.fail('ir-syntax', 'the name of an input has no dot');
    const type = this.#type();
    if (type.dtype === 'bool') cursor.fail('ir-type', `an input is real or int, not ${describe(type)}`);
    const value = cursor.take('=') ? cursor.expectNumber() : undefined;
    const doc = cursor.takeString();
    const span = this.#span();
    this.#inputs.set(name, {
      name,
      ...type,
      ...(value !== undefined && { default: value }),
      ...(doc !== undefined && { doc }),
      ...(span !== undefined && { span }),
    });
  }

  /** `wrt NAME, NAME` */
  #variables(): void {
    const cursor: Cursor = this.#cursor;
    do {
      const name = cursor.expectName();
      const input = this.#inputs.get(name);
      if (input === undefined) this.#unknown('ir-undefined', `there is no input ${name} above`);
      if (input.dtype !== 'real') cursor.fail('ir-type', `${name} is ${input.dtype}, not differentiable`);
      if (this.#wrt.has(name)) cursor.fail('ir-redefined', `${name} twice`);
      this.#wrt.set(name, input.shape);
    } while (cursor.take(','));
  }

  /** `require SIZE = SIZE [SPAN]` */
  #constraint(): void {
    const cursor: Cursor = this.#cursor;
    const left = parseSize(cursor);
    cursor.expect('=');
    const right = parseSize(cursor);
    if (!isOpen(left, right)) cursor.fail('ir-type', 'a constraint can be true and can be false');
    const { constraints } = this.#graph;
    const known = constraints.size;
    this.#graph.require(left, right, this.#span());
    if (constraints.size === known)
      cursor.fail('ir-redefined', `${sizeText(left)} = ${sizeText(right)} twice`);
  }

  /** `%N [: TYPE] = OP %N... [ATTRIBUTE...] [as NAME] [SPAN]` */
  #nodeLine(): void {
    const cursor: Cursor = this.#cursor;
    const number = cursor.takeId()!;
    if (this.#nodes.has(number)) cursor.fail('ir-redefined', `a second %${number}`);
    this.#nodes.set(number, null);
    if (this.#part !== 'derivative') this.#enter('nodes');

    const type = this.#type();
    cursor.expect('=');
    const op = cursor.expectName();
    if (!isOpName(op)) cursor.fail('ir-operation', `there is no operation ${op}`);
    const opSpan = cursor.lastSpan;
    const inputs = [...this.#operands()];
    const attrs = this.#attrs(op, type);
    const attrsSpan = cursor.lastSpan;
    const problem = applicationProblem(op, inputs, attrs);
    if (problem !== undefined) cursor.fail('ir-operands', problem.message, opSpan);
    const expected = this.#resultType(op, inputs, attrs, type, opSpan);
    if (!sameType(type, expected)) {
      cursor.fail('ir-type', `%${number} is ${describe(expected)}, not ${describe(type)}`, opSpan);
    }
    const name = cursor.takeWord('as') ? cursor.expectName() : undefined;
    const node = this.#make(op, inputs, attrs, type, this.#span());
    if (node.op === 'input') this.#meet(node, type, attrsSpan);
    if (name !== undefined && !this.#graph.names.has(node)) this.#graph.names.set(node, name);
    this.#nodes.set(number, node);
  }

  #resultType(op: OpName, inputs: readonly Node[], attrs: Attrs, declared: Type, span: Span): Type {
    try {
      return resultType(op, inputs, attrs, declared, () => {});
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      return this.#cursor.fail('ir-operands', error.message, span);
    }
  }

  #make(op: OpName, inputs: readonly Node[], attrs: Attrs, type: Type, span: Span | undefined): Node {
    this.#graph.at(span);
    try {
      return this.#graph.intern(op, inputs, attrs, type.dtype, type.shape);
    } catch (error) {
      if (!(error instanceof GraphLimitError)) throw error;
      this.#stopped = true;
      return this.#cursor.fail('ir-limit', `${error.message}: the limit on the size of a graph`);
    }
  }

  /** An input node agrees with its declaration, or waits for the derivative that lists it. */
  #meet(node: InputNode, type: Type, span: Span): void {
    const cursor: Cursor = this.#cursor;
    const { name } = node.attrs;
    const declared: Type | undefined = this.#inputs.get(name) ?? this.#inputNodes.get(name);
    if (declared === undefined) {
      if (this.#part !== 'derivative')
        this.#unknown('ir-undefined', `the input ${name} is not declared`, span);
      this.#strangers.set(node, span);
    } else if (!sameType(declared, type)) {
      cursor.fail('ir-type', `the input ${name} is ${describe(declared)}, not ${describe(type)}`, span);
    }
    this.#inputNodes.set(name, node);
  }

  /** `return NAME [: SHAPE] = %N... [SPAN]` */
  #output(): void {
    const cursor: Cursor = this.#cursor;
    const name = cursor.expectName();
    if (this.#outputs.has(name)) cursor.fail('ir-redefined', `a second output ${name}`);
    if (name.includes('.')) cursor.fail('ir-syntax', 'the name of an output has no dot');
    const { dtype, shape } = this.#type();
    if (dtype !== 'real') cursor.fail('ir-type', `an output is real, not ${dtype}`);
    cursor.expect('=');
    const elements: Node[] = [];
    for (const element of this.#operands()) elements.push(this.#expectNumber(element));
    const node = nodeOf({ name, shape, elements });
    if (node === undefined) this.#expectElements(name, shape, elements);
    else if (!sameShape(node.shape, shape)) {
      cursor.fail(
        'ir-type',
        `${name} is ${describe({ dtype, shape })}, not ${describe({ dtype, shape: node.shape })}`,
      );
    }
    const span = this.#span();
    this.#outputs.set(name, { name, shape, elements, ...(span !== undefined && { span }) });
  }

  /** An output that is not one node is the list of its elements. */
  #expectElements(name: string, shape: Shape, elements: readonly Node[]): void {
    const cursor: Cursor = this.#cursor;
    const count = elementsIn(shape);
    if (elements.length !== count) {
      const wanted = `${sizeText(count)} element${count === 1 ? '' : 's'}`;
      cursor.fail('ir-type', `${name} has ${wanted}, not ${elements.length}`);
    }
    if (elements.some(element => element.shape.length > 0)) {
      cursor.fail('ir-type', `${name} is one node or a list of scalars`);
    }
  }

  /** `return [sparse | structured] KIND[(%N...)] PATH=%N...` */
  #derivative(): void {
    const cursor: Cursor = this.#cursor;
    const form = (['sparse', 'structured'] as const).find(word => cursor.takeWord(word)) ?? 'dense';
    const kind = cursor.expectName();
    if (!isKind(kind)) {
      cursor.expected(`a derivative: ${Object.keys(KINDS).join(', ')}`, cursor.lastSpan);
    }
    if (this.#derivatives.has(kind)) cursor.fail('ir-redefined', `a second ${kind}`);
    const inputs = new Set<InputNode>();
    if (cursor.take('(')) {
      for (const node of this.#operands()) {
        if (node.op !== 'input' || this.#inputs.has(node.attrs.name) || inputs.has(node)) {
          cursor.fail('ir-operands', `an input of ${kind} is an input node of its own, listed once`);
        }
        inputs.add(node);
        this.#strangers.delete(node);
      }
      cursor.expect(')');
    }
    const values = new Map<string, Node>();
    while (!cursor.seesEndOfLine()) {
      const path = cursor.expectName();
      const shape = shapeAtPath(kind, path, this.#wrt, this.#outputs);
      if (shape === undefined) cursor.fail('ir-path', `${path} is no path of a ${kind}`);
      if (values.has(path)) cursor.fail('ir-redefined', `${path} twice`);
      cursor.expect('=');
      const node = this.#operand() ?? cursor.expected('a node, e.g. %0');
      if (!sameShape(node.shape, shape)) {
        const [wanted, found] = [shape, node.shape].map(each => describe({ dtype: 'real', shape: each }));
        cursor.fail('ir-type', `${path} is ${wanted}, not ${found}`);
      }
      values.set(path, this.#expectNumber(node));
    }
    this.#derivatives.set(kind, { kind, form, values, inputs: [...inputs] });
  }

  #expectNumber(node: Node): Node {
    return node.dtype === 'bool' ? this.#cursor.fail('ir-type', 'a result is a number, not a mask') : node;
  }

  /** One by one, so that the cursor stands behind the operand that is being looked at. */
  *#operands(): Generator<Node> {
    for (let node = this.#operand(); node !== undefined; node = this.#operand()) yield node;
  }

  #operand(): Node | undefined {
    const number = this.#cursor.takeId();
    if (number === undefined) return undefined;
    const node = this.#nodes.get(number);
    if (node === undefined) this.#cursor.fail('ir-undefined', `there is no %${number} above`);
    if (node === null) this.#unknown('ir-undefined', `%${number} is not made yet`);
    return node;
  }

  #attrs(op: OpName, type: Type): Attrs {
    const { attrs } = factsOf(op);
    if (attrs === undefined) return undefined;
    // What each operation carries is checked by the laws: here it is a record of whatever was written.
    return Object.fromEntries(attrs.map(key => [key, this.#attr(op, key, type)])) as unknown as Attrs;
  }

  #attr(op: OpName, key: AttrName, { shape }: Type): unknown {
    const cursor: Cursor = this.#cursor;
    const form = ATTR_FORMS[key];
    if (form === 'type') return shape;
    if (form === 'flag') return cursor.takeWord(key);
    if (!BARE_ATTRS.has(key)) {
      if (!cursor.takeWord(key)) cursor.expected(`the ${key} of ${op}, e.g. ${key}=${EXAMPLES[form]}`);
      cursor.expect('=');
    }
    switch (form) {
      case 'number':
        return cursor.expectNumber();
      case 'numbers':
        return this.#list(() => cursor.expectNumber());
      case 'name':
        return cursor.expectName();
      case 'integer':
        return cursor.expectInteger();
      case 'integers':
        return this.#list(() => cursor.expectInteger());
      case 'size':
        return parseSize(cursor);
      case 'subscripts':
        return cursor.expectSubscripts();
      default:
        return form satisfies never;
    }
  }

  #list<T>(item: () => T): T[] {
    const cursor: Cursor = this.#cursor;
    const items: T[] = [];
    cursor.expect('[');
    if (cursor.take(']')) return items;
    do items.push(item());
    while (cursor.take(','));
    cursor.expect(']');
    return items;
  }

  /** `: DTYPE`, `: [3, n]` or `: int[3, n]`; nothing is a real scalar. */
  #type(): Type {
    const cursor: Cursor = this.#cursor;
    if (!cursor.take(':')) return { dtype: 'real', shape: SCALAR };
    const dtype = cursor.takeName() ?? 'real';
    if (dtype !== 'real' && dtype !== 'int' && dtype !== 'bool') {
      cursor.expected('a type: real, int, bool or a shape, e.g. [3]', cursor.lastSpan);
    }
    if (!cursor.sees('[')) return { dtype, shape: SCALAR };
    const shape = this.#list(() => this.#length());
    if (shape.length > MOST_AXES) cursor.fail('ir-limit', `more than ${MOST_AXES} axes`);
    return { dtype, shape };
  }

  #length(): Size {
    const cursor: Cursor = this.#cursor;
    const size = parseSize(cursor);
    if (typeof size === 'number' && size < 0) cursor.fail('ir-type', 'a length is a natural number');
    return size;
  }

  #span(): Span | undefined {
    const cursor: Cursor = this.#cursor;
    if (!cursor.take('@')) return undefined;
    const line = cursor.expectNatural();
    cursor.expect(':');
    const column = cursor.expectNatural();
    cursor.expect('+');
    const length = cursor.expectNatural();
    this.#starts ??= lineStartsOf(this.#sourceLines.join('\n'));
    const start = offsetOf({ line, column }, this.#starts);
    if (start === undefined || column < 1 || !Number.isSafeInteger(start + length)) {
      cursor.fail('ir-syntax', 'no place of the source');
    }
    return { start, end: start + length };
  }

  #finish(): void {
    if (this.#part === 'program') this.#cursor.expected('`program`');
    if (this.#outputs.size === 0) this.#cursor.expected('`return`: a program has an output');
    for (const [node, span] of this.#strangers) {
      this.#cursor.fail('ir-undefined', `the input ${node.attrs.name} is not declared`, span);
    }
    // Declared inputs whose node the text leaves out.
    this.#graph.at(undefined);
    for (const input of this.#inputs.values()) this.#inputNode(input);
  }

  #inputNode({ name, dtype, shape }: Omit<Input, 'node'>): InputNode {
    const known = this.#inputNodes.get(name);
    if (known !== undefined) return known;
    const node = this.#make('input', [], { name }, { dtype, shape }, undefined) as InputNode;
    this.#inputNodes.set(name, node);
    return node;
  }
}

/** What an attribute may look like, for messages. */
const EXAMPLES = {
  number: '1',
  numbers: '[1]',
  name: 'x',
  integer: '1',
  integers: '[0]',
  size: 'n',
  subscripts: 'ab,b->a',
};

function isKind(text: string): text is DerivativeKind {
  return Object.hasOwn(KINDS, text) || isHigherKind(text);
}

function sameType(a: Type, b: Type): boolean {
  return a.dtype === b.dtype && sameShape(a.shape, b.shape);
}

function describe({ dtype, shape }: Type): string {
  return typeText(dtype, shape).slice(2) || 'real';
}
