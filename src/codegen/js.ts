// One function body, printed bottom-up in the order of the schedule: a value that is used once waits as text until its
// user takes it, every other becomes a `const`. Each node is looked at once; nesting is bounded, so that neither this
// printer nor the parser of a JavaScript engine recurses deeply.

import type { Graph, InputNode, Node } from '../ir/graph.ts';
import { ANY, CONDITIONAL, constantPrecedence, FORMS, numberText, type Operands, WORD } from './forms.ts';
import type { Names } from './names.ts';
import type { Schedule, Sink } from './schedule.ts';
import { wrap } from './text.ts';

/** A value waits to be inlined only while its text is short and shallow. */
const LONGEST_INLINE = 160;
const DEEPEST_INLINE = 30;
/** In larger functions a name from the source does not keep a value of its own line: each costs bytecode. */
const LARGEST_NAMED = 500;

export interface Body {
  readonly graph: Graph;
  readonly sinks: readonly Sink[];
  readonly schedule: Schedule;
  /** The local that holds an input. */
  readonly local: (input: InputNode) => string;
  /** The array that carries values from chunk to chunk. */
  readonly memory: string;
  /** Columns that a line may take. */
  readonly width: number;
}

/** The statements of one chunk, and what they read. */
export interface Printed {
  readonly lines: readonly string[];
  readonly inputs: readonly InputNode[];
  /** Values of earlier chunks: `t7 = w[3]`. */
  readonly loads: readonly string[];
}

/** Prints the chunks of one function in turn; `scope` makes the names of each. */
export class BodyPrinter implements Operands {
  node!: Node; // set before any form looks at it

  readonly #body: Body;
  readonly #texts: string[];
  readonly #levels: Uint8Array;
  readonly #depths: Uint8Array;
  /** The chunk for which a text was made; another chunk has to read the value anew. */
  readonly #stamps: Int32Array;
  #chunk = -1;
  #scope!: Names;
  #inputs: InputNode[] = [];
  #loads: string[] = [];
  #lines: string[] = [];
  #depth = 0;

  constructor(body: Body) {
    const size = body.graph.nodes.length;
    this.#body = body;
    this.#texts = new Array(size);
    this.#levels = new Uint8Array(size);
    this.#depths = new Uint8Array(size);
    this.#stamps = new Int32Array(size).fill(-1);
  }

  chunk(chunk: number, scope: Names): Printed {
    const { schedule, sinks } = this.#body;
    this.#chunk = chunk;
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
    this.#settle(operand);
    return operand.dtype === 'bool' ? CONDITIONAL : this.#levels[operand.id];
  }

  #compute(node: Node): void {
    const { schedule, graph, memory } = this.#body;
    const { id } = node;
    const text = this.#express(node);
    const slot = schedule.slotOf[id];
    const uses = schedule.localUses[id];
    const given = schedule.operations <= LARGEST_NAMED ? graph.names.get(node) : undefined;
    if (slot < 0 && uses === 1 && given === undefined && this.#depth < DEEPEST_INLINE) {
      if (text.length <= LONGEST_INLINE) return;
    }
    if (uses === 0 && slot >= 0) {
      this.#write(`${memory}[${slot}] = ${text};`);
      return;
    }
    const name = given === undefined ? this.#scope.temporary() : this.#scope.take(given);
    this.#write(`const ${name} = ${text};`);
    if (slot >= 0) this.#write(`${memory}[${slot}] = ${name};`);
    this.#keep(node, name, WORD, 0);
  }

  /** The text of a node from its operands, kept for its users. */
  #express(node: Node): string {
    const { precedence, print } = FORMS[node.op];
    this.node = node;
    this.#depth = 0;
    const text = print(this);
    const depth = this.#depth + 1;
    this.#keep(node, text, typeof precedence === 'number' ? precedence : precedence(this), depth);
    this.#depth = depth;
    return text;
  }

  #handOut(sink: Sink): void {
    const text = (index: number): string => {
      const root = sink.roots[index];
      return this.#fit(root, root.dtype === 'bool', ANY);
    };
    for (const line of sink.print(text)) this.#write(line);
  }

  #fit(operand: Node, asNumber: boolean, least: number): string {
    this.#settle(operand);
    const { id } = operand;
    const text = this.#texts[id];
    if (this.#depths[id] > this.#depth) this.#depth = this.#depths[id];
    if (asNumber) {
      const number = `${this.#levels[id] <= CONDITIONAL ? `(${text})` : text} ? 1 : 0`;
      return least > CONDITIONAL ? `(${number})` : number;
    }
    return this.#levels[id] < least ? `(${text})` : text;
  }

  /** Makes sure that there is a text for `node` in this chunk. */
  #settle(node: Node): void {
    const { id } = node;
    if (this.#stamps[id] === this.#chunk) return;
    if (node.op === 'const') {
      const { value } = node.attrs;
      this.#keep(node, numberText(value), constantPrecedence(value), 0);
    } else if (node.op === 'input') {
      this.#inputs.push(node);
      this.#keep(node, this.#body.local(node), WORD, 0);
    } else {
      const name = this.#scope.temporary();
      this.#loads.push(`${name} = ${this.#body.memory}[${this.#body.schedule.slotOf[id]}]`);
      this.#keep(node, name, WORD, 0);
    }
  }

  #keep(node: Node, text: string, level: number, depth: number): void {
    this.#texts[node.id] = text;
    this.#levels[node.id] = level;
    this.#depths[node.id] = depth;
    this.#stamps[node.id] = this.#chunk;
  }

  #write(line: string): void {
    if (line.length <= this.#body.width) this.#lines.push(line);
    else this.#lines.push(...wrap(line, this.#body.width));
  }
}
