// One function body, printed bottom-up in the order of the schedule: a value that is used once waits as text until its
// user takes it, every other becomes a `const`. Each node is looked at once; nesting is bounded, so that neither this
// printer nor the parser of a JavaScript engine recurses deeply.

import { InternalError } from '../errors.ts';
import type { Graph, Node } from '../ir/graph.ts';
import {
  ANY,
  CONDITIONAL,
  constantPrecedence,
  FORMS,
  numberText,
  type Operands,
  UNARY,
  WORD,
} from './forms.ts';
import type { Names } from './names.ts';
import type { Leaf } from './scalars.ts';
import type { Schedule, Sink } from './schedule.ts';
import { indent, wrap } from './text.ts';

/** A statement that hands values out. */
export interface PrintedSink extends Sink {
  /** The lines of the statement around the texts of the roots. */
  readonly print: (text: (index: number) => string) => readonly string[];
}

export interface Body {
  readonly graph: Graph;
  readonly sinks: readonly PrintedSink[];
  readonly schedule: Schedule;
  /** The local that holds an input, or an element of one. */
  readonly local: (leaf: Leaf) => string;
  /** The array that carries values from chunk to chunk. */
  readonly memory: string;
  /** Columns that a line may take. */
  readonly width: number;
}

/** The statements of one chunk, and what they read. */
export interface Printed {
  readonly lines: readonly string[];
  readonly inputs: readonly Leaf[];
  /** Values of earlier chunks: `t7 = w[3]`. */
  readonly loads: readonly string[];
}

/** Prints the chunks of one function in turn; `scope` makes the names of each. */
export class BodyPrinter implements Operands {
  node!: Node; // set before any form looks at it

  readonly #body: Body;
  /** Ids of the values that this chunk has a text for, in the order they came; another chunk has to read them anew. */
  #known: number[] = [];
  #texts: string[] = [];
  #levels: number[] = [];
  /** By node id: where it stands among the known values, if it is one of them. */
  readonly #places: Int32Array;
  #scope!: Names;
  #inputs: Leaf[] = [];
  #loads: string[] = [];
  #lines: string[] = [];
  /** Nesting of blocks, and what has to be declared before the outermost one. */
  #nesting = 0;
  #declarations: string[] = [];

  constructor(body: Body) {
    this.#body = body;
    this.#places = new Int32Array(body.graph.nodes.length);
  }

  chunk(chunk: number, scope: Names): Printed {
    const { schedule, sinks } = this.#body;
    this.#known = [];
    this.#texts = [];
    this.#levels = [];
    this.#scope = scope;
    this.#inputs = [];
    this.#loads = [];
    this.#lines = [];
    for (let i = schedule.bounds[chunk]; i < schedule.bounds[chunk + 1]; i++) {
      const step = schedule.steps[i];
      if (step >= 0) this.#compute(this.#body.graph.nodes[step]);
      else this.#handOut(sinks[~step]);
    }
    return { lines: this.#lines, inputs: this.#inputs, loads: this.#loads };
  }

  text(index: number, least: number): string {
    const operand = this.node.inputs[index];
    return this.#fit(operand, operand.dtype === 'bool', least);
  }

  mask(index: number, least: number): string {
    return this.#fit(this.node.inputs[index], false, least);
  }

  precedence(index: number): number {
    const operand = this.node.inputs[index];
    const place = this.#settle(operand);
    return operand.dtype === 'bool' ? CONDITIONAL : this.#levels[place];
  }

  #compute(node: Node): void {
    const { schedule, memory } = this.#body;
    const { id } = node;
    if (schedule.branches.has(id)) {
      const followers = schedule.followers.get(id) ?? [];
      this.#branch([node, ...followers.map(follower => this.#body.graph.nodes[follower])]);
      return;
    }
    const text = this.#express(node);
    if (schedule.isInline[id] === 1) return;
    const slot = schedule.slotOf[id];
    if (slot >= 0 && schedule.localUses[id] === 0) {
      this.#write(`${memory}[${slot}] = ${text};`);
      return;
    }
    const name = this.#nameOf(node);
    if (schedule.escapes[id] === 1)
      this.#declarations.push(`${name} = ${node.dtype === 'bool' ? 'false' : '0'}`);
    this.#write(`${schedule.escapes[id] === 1 ? '' : 'const '}${name} = ${text};`);
    if (slot >= 0) this.#write(`${memory}[${slot}] = ${name};`);
    this.#keep(node, name, WORD);
  }

  /** Selections on one condition as an if statement, so that no side is computed in vain. */
  #branch(nodes: readonly Node[]): void {
    const { branches, escapes } = this.#body.schedule;
    const outer = this.#lines;
    this.node = nodes[0];
    const condition = this.mask(0, ANY);
    const names = nodes.map(node => this.#nameOf(node));
    for (const [k, node] of nodes.entries()) this.#keep(node, names[k], WORD);
    // `let t = 0;` instead of an else that has nothing to compute
    const isShort = nodes.every(node => {
      this.node = node;
      if (escapes[node.id] === 1 || branches.get(node.id)!.whenFalse.length > 0) return false;
      return this.precedence(2) >= UNARY;
    });
    const starts = nodes.map((node, k) => {
      this.node = node;
      return isShort ? `${names[k]} = ${this.text(2, ANY)}` : names[k];
    });

    this.#nesting++;
    const sides = [1, 2].map(operand => {
      this.#lines = [];
      if (operand === 2 && isShort) return [];
      for (const [k, node] of nodes.entries()) {
        const { whenTrue, whenFalse } = branches.get(node.id)!;
        for (const id of operand === 1 ? whenTrue : whenFalse) this.#compute(this.#body.graph.nodes[id]);
        this.node = node;
        this.#write(`${names[k]} = ${this.text(operand, ANY)};`);
      }
      return indent(this.#lines);
    });
    this.#nesting--;

    this.#lines = outer;
    for (const [k, node] of nodes.entries())
      if (escapes[node.id] === 1) this.#declarations.push(`${names[k]} = 0`);
    if (this.#nesting === 0 && this.#declarations.length > 0) {
      this.#write(`let ${this.#declarations.join(', ')};`);
      this.#declarations = [];
    }
    const own = starts.filter((_, k) => escapes[nodes[k].id] === 0);
    if (own.length > 0) this.#write(`let ${own.join(', ')};`);
    const [then, otherwise] = sides;
    this.#lines.push(`if (${condition}) {`, ...then, ...(isShort ? [] : ['} else {', ...otherwise]), '}');
  }

  /** The name that the source gave to a value, as far as the schedule keeps names, or a new one. */
  #nameOf(node: Node): string {
    const given = this.#body.schedule.keepsNames ? this.#body.graph.names.get(node) : undefined;
    return given === undefined ? this.#scope.temporary() : this.#scope.take(given);
  }

  /** The text of a node from its operands, kept for its users. */
  #express(node: Node): string {
    const { precedence, print } = FORMS[node.op];
    this.node = node;
    const text = print(this);
    this.#keep(node, text, typeof precedence === 'number' ? precedence : precedence(this));
    return text;
  }

  #handOut(sink: PrintedSink): void {
    const text = (index: number): string => {
      const root = sink.roots[index];
      return this.#fit(root, root.dtype === 'bool', ANY);
    };
    for (const line of sink.print(text)) this.#write(line);
  }

  #fit(operand: Node, asNumber: boolean, least: number): string {
    const place = this.#settle(operand);
    const text = this.#texts[place];
    const level = this.#levels[place];
    if (asNumber) {
      const number = `${level <= CONDITIONAL ? `(${text})` : text} ? 1 : 0`;
      return least > CONDITIONAL ? `(${number})` : number;
    }
    return level < least ? `(${text})` : text;
  }

  /** The place of the text for `node` in this chunk; a value from outside of it is read first. */
  #settle(node: Node): number {
    const { id } = node;
    const place = this.#places[id];
    if (this.#known[place] === id) return place;
    if (node.op === 'const') {
      const { value } = node.attrs;
      return this.#keep(node, numberText(value), constantPrecedence(value));
    }
    if (node.op === 'input' || node.op === 'element') {
      this.#inputs.push(node);
      return this.#keep(node, this.#body.local(node), WORD);
    }
    const slot = this.#body.schedule.slotOf[id];
    if (slot < 0) throw new InternalError(`${node.op} ${id} is used before it is computed`);
    const name = this.#scope.temporary();
    this.#loads.push(`${name} = ${this.#body.memory}[${slot}]`);
    return this.#keep(node, name, WORD);
  }

  #keep({ id }: Node, text: string, level: number): number {
    let place = this.#places[id];
    if (this.#known[place] !== id) {
      place = this.#known.length;
      this.#places[id] = place;
    }
    this.#known[place] = id;
    this.#texts[place] = text;
    this.#levels[place] = level;
    return place;
  }

  #write(line: string): void {
    const width = this.#body.width - 2 * this.#nesting;
    if (line.length <= width) this.#lines.push(line);
    else for (const part of wrap(line, width)) this.#lines.push(part);
  }
}
