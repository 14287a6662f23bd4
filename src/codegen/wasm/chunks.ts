// The instructions of one chunk of straight-line code. A value that is used once is written where it is used and stays on the
// operand stack; any other has a local from its computation to its last use in the chunk, then the local is free for the next.
// Inputs and values of earlier chunks are loaded where they are used. Invariant: locals are given out along the list of
// instructions, in which every path of control flow runs forwards, so two values never meet in one. Recursion follows single
// expressions, whose size the schedule bounds.

import { InternalError } from '../../errors.ts';
import type { Graph, Node } from '../../ir/graph.ts';
import { LIGHT } from '../branches.ts';
import { FORMS } from '../forms.ts';
import { isThere, type Leaf } from '../scalars.ts';
import type { Schedule, Sink } from '../schedule.ts';
import type { Code, Local } from './code.ts';
import { ELEMENT_BYTES, type ElementType, pushAddress, type WasmEnvironment } from './environment.ts';
import { WASM_FORMS, type WasmOperands } from './forms.ts';

/** A place in an array in memory. */
export interface ElementPlace {
  readonly array: string;
  readonly index: number;
}

/** Where the root of a sink goes, a zero if there is none: to places in an array, or out of the function. */
export type Target =
  | { readonly kind: 'store'; readonly array: string; readonly places: readonly number[] }
  | { readonly kind: 'clear'; readonly array: string; readonly length: number }
  | { readonly kind: 'return' };

export interface StoringSink extends Sink {
  readonly target: Target;
}

export interface StraightBody {
  readonly graph: Graph;
  readonly sinks: readonly StoringSink[];
  readonly schedule: Schedule;
  readonly environment: WasmEnvironment;
  readonly placeOf: (leaf: Leaf) => ElementPlace;
  /** The array that carries values from chunk to chunk. */
  readonly memory: string;
}

/** An array that a chunk reads or fills. */
interface Base {
  /** The local that holds its address. */
  readonly address: Local;
  readonly element: ElementType;
}

const NONE = -1;

/** Stores of one value in one function. */
const MOST_STORES = 500;

/** Writes the chunks of one function in turn. */
export class ChunkWriter implements WasmOperands {
  node!: Node; // set before any form looks at it
  code!: Code; // that of the chunk
  readonly environment: WasmEnvironment;

  readonly #body: StraightBody;
  /** By node id: uses in this chunk that are not written yet. */
  readonly #uses: Int32Array;
  /** By node id: the local that holds the value. */
  readonly #locals: Int32Array;
  /** By node id: what is written where an inline value is used, a call counting as more than a branch is worth. */
  readonly #weights: Uint8Array;
  readonly #bases = new Map<string, Base>();
  /** Conditions around: what is loaded under one is not there afterwards. */
  #conditions = 0;

  constructor(body: StraightBody) {
    this.#body = body;
    this.environment = body.environment;
    const size = body.schedule.chunkOf.length;
    this.#uses = new Int32Array(size);
    this.#locals = new Int32Array(size).fill(NONE);
    this.#weights = new Uint8Array(size);
  }

  write(chunk: number, code: Code): void {
    const { steps, bounds } = this.#body.schedule;
    const own = steps.subarray(bounds[chunk], bounds[chunk + 1]);
    this.code = code;
    this.#bases.clear();
    this.#prepare(own);
    for (const step of own) this.#step(step);
  }

  number(index: number): void {
    const { node } = this;
    this.#number(node.inputs[index]);
    this.node = node;
  }

  mask(index: number): void {
    const { node } = this;
    this.#push(node.inputs[index]);
    this.node = node;
  }

  isDear(index: number): boolean {
    const { id } = this.node.inputs[index];
    return this.#body.schedule.isInline[id] === 1 && this.#weights[id] > LIGHT;
  }

  /** Counts the uses of operands and reads the addresses of arrays. */
  #prepare(steps: ArrayLike<number>): void {
    const { graph, sinks, schedule } = this.#body;
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i];
      if (step < 0) {
        const { roots, target } = sinks[~step];
        if ('array' in target) this.#base(target.array);
        for (const root of roots) this.#awaitUse(root);
        continue;
      }
      for (const operand of graph.nodes[step].inputs) this.#awaitUse(operand);
      if (schedule.slotOf[step] >= 0) this.#base(this.#body.memory);
      for (const selection of this.#selections(step)) {
        const [, whenTrue, whenFalse] = graph.nodes[selection].inputs;
        if (selection !== step) for (const side of [whenTrue, whenFalse]) this.#awaitUse(side);
        const branches = schedule.branches.get(selection)!;
        this.#prepare(branches.whenTrue);
        this.#prepare(branches.whenFalse);
      }
    }
  }

  #awaitUse(operand: Node): void {
    if (operand.op === 'const' || this.#uses[operand.id]++ > 0) return;
    if (isLeaf(operand)) this.#base(this.#body.placeOf(operand).array);
    else if (this.#body.schedule.slotOf[operand.id] >= 0) this.#base(this.#body.memory);
  }

  /** The selections that become the if statement of `step`; none if it becomes none. */
  #selections(step: number): readonly number[] {
    const { branches, followers } = this.#body.schedule;
    return branches.has(step) ? [step, ...(followers.get(step) ?? [])] : [];
  }

  #step(step: number): void {
    const { graph, sinks, schedule } = this.#body;
    if (step < 0) this.#handOut(sinks[~step]);
    else if (schedule.branches.has(step)) this.#branch(this.#selections(step).map(id => graph.nodes[id]));
    else this.#compute(graph.nodes[step]);
  }

  #compute(node: Node): void {
    const { isInline, slotOf } = this.#body.schedule;
    const { id } = node;
    if (isInline[id] === 1) {
      this.#weights[id] = this.#weigh(node);
      return;
    }
    const slot = slotOf[id];
    if (slot >= 0 && this.#uses[id] === 0) {
      this.#passOn(node, slot, () => this.#express(node));
      return;
    }
    this.#express(node);
    const local = this.#keep(node);
    this.code.set(local);
    if (slot >= 0) this.#passOn(node, slot, () => this.code.get(local));
  }

  /** Selections on one condition as one if statement. */
  #branch(nodes: readonly Node[]): void {
    const { branches } = this.#body.schedule;
    this.node = nodes[0];
    this.mask(0);
    const locals = nodes.map(node => this.#keep(node));
    const side = (operand: 1 | 2) => (): void => {
      for (const [k, node] of nodes.entries()) {
        const { whenTrue, whenFalse } = branches.get(node.id)!;
        for (const step of operand === 1 ? whenTrue : whenFalse) this.#step(step);
        this.#number(node.inputs[operand]);
        this.code.set(locals[k]);
      }
    };
    this.#conditions++;
    this.code.if(side(1), side(2));
    this.#conditions--;
  }

  /** Leaves the value of a node on the stack, from its operands. */
  #express(node: Node): void {
    this.node = node;
    const isConditional = node.op === 'select' && (this.isDear(1) || this.isDear(2));
    if (isConditional) this.#conditions++;
    WASM_FORMS[node.op](this);
    if (isConditional) this.#conditions--;
  }

  #number(operand: Node): void {
    this.#push(operand);
    if (operand.dtype === 'bool') this.code.op('f64.convert_i32_u');
  }

  /** Leaves a value on the stack: a number, or a mask as an i32. */
  #push(operand: Node): void {
    const { id } = operand;
    if (operand.op === 'const') {
      this.code.f64(operand.attrs.value);
      return;
    }
    const rest = --this.#uses[id];
    const local = this.#locals[id];
    if (local !== NONE) {
      this.code.get(local);
      if (rest > 0) return;
      this.code.release(local);
      this.#locals[id] = NONE;
      return;
    }
    if (this.#body.schedule.isInline[id] === 1) {
      this.#express(operand);
      return;
    }
    if (isLeaf(operand)) this.#loadLeaf(operand);
    else this.#loadSlot(operand);
    if (rest > 0 && this.#conditions === 0) this.code.tee(this.#keep(operand));
  }

  /** A local for a value until its last use. */
  #keep(node: Node): Local {
    const local = this.code.local(node.dtype === 'bool' ? 'i32' : 'f64');
    this.#locals[node.id] = local;
    return local;
  }

  #weigh({ op, inputs }: Node): number {
    let weight = FORMS[op].dear ? LIGHT + 1 : 1;
    for (const { id } of inputs) if (this.#body.schedule.isInline[id] === 1) weight += this.#weights[id];
    return Math.min(weight, LIGHT + 1);
  }

  #loadLeaf(leaf: Leaf): void {
    const { array, index } = this.#body.placeOf(leaf);
    const { address, element } = this.#base(array);
    this.code.get(address);
    this.code.memory(`${element}.load`, ELEMENT_BYTES[element] * index);
    if (element === 'f32') this.code.op('f64.promote_f32');
    else if (element === 'i32') this.code.op('f64.convert_i32_s');
  }

  #loadSlot({ id, op, dtype }: Node): void {
    const slot = this.#body.schedule.slotOf[id];
    if (slot < 0) throw new InternalError(`${op} ${id} is used before it is computed`);
    this.code.get(this.#base(this.#body.memory).address);
    this.code.memory(dtype === 'bool' ? 'i32.load' : 'f64.load', 8 * slot);
  }

  #passOn({ dtype }: Node, slot: number, push: () => void): void {
    this.code.get(this.#base(this.#body.memory).address);
    push();
    this.code.memory(dtype === 'bool' ? 'i32.store' : 'f64.store', 8 * slot);
  }

  #handOut({ roots: [root], target }: StoringSink): void {
    const { code } = this;
    if (target.kind === 'return') {
      this.#result(root);
      return;
    }
    const { address, element } = this.#base(target.array);
    if (target.kind === 'clear') {
      code.get(address);
      code.i32(0);
      code.i32(ELEMENT_BYTES[element] * target.length);
      code.fill();
      return;
    }
    const type = element === 'f32' ? 'f32' : 'f64'; // results are real numbers
    const value = code.local(type);
    this.#result(root);
    if (type === 'f32') code.op('f32.demote_f64');
    code.set(value);
    if (target.places.length <= MOST_STORES) storeAt(code, type, target.places, address, value);
    else {
      // One function may not become too long.
      for (let k = 0; k < target.places.length; k += MOST_STORES) {
        const stores = this.environment.encoder.function(['i32', type], []);
        storeAt(stores, type, target.places.slice(k, k + MOST_STORES), 0, 1);
        code.get(address);
        code.get(value);
        code.call(stores);
      }
    }
    code.release(value);
  }

  #result(root: Node | undefined): void {
    if (root === undefined) this.code.f64(0);
    else this.#number(root);
  }

  /** An array of this chunk; its address is read when it is asked for first, which is before all steps. */
  #base(name: string): Base {
    const known = this.#bases.get(name);
    if (known !== undefined) return known;
    const array = this.environment.array(name);
    const base = { address: this.code.local('i32'), element: array.element };
    pushAddress(this.code, array);
    this.code.set(base.address);
    this.#bases.set(name, base);
    return base;
  }
}

/** Stores of one value into an array. */
function storeAt(
  code: Code,
  type: 'f32' | 'f64',
  places: readonly number[],
  address: Local,
  value: Local,
): void {
  for (const place of places) {
    code.get(address);
    code.get(value);
    code.memory(`${type}.store`, ELEMENT_BYTES[type] * place);
  }
}

function isLeaf(node: Node): node is Leaf {
  return isThere(node) && node.op !== 'const';
}
