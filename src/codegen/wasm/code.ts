// The body of one function while it is written: instructions in order, locals as they are asked for. What has to run
// earlier, such as what does not change in a loop, is written into a gap that was left there. Invariant: a call names its
// function as an object, whose number is known when the module is encoded (encoder.ts), so functions and imports may be
// added in any order.

import { Bytes } from './bytes.ts';
import { LANES, MEMORY, MEMORY_LANES, OPCODES, type Opcode, TYPES, type ValueType } from './opcodes.ts';

/** A function of the module, imported or of its own. */
export interface FunctionRef {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** An imported global. */
export interface GlobalRef {
  readonly index: number;
  readonly type: ValueType;
}

/** A parameter or a local of a function. */
export type Local = number;

/** The function of a call, and where in the instructions its number belongs. */
interface Call {
  readonly at: number;
  readonly target: FunctionRef;
}

/** Instructions one after the other. */
class Instructions {
  readonly bytes = new Bytes(64);
  readonly calls: Call[] = [];
}

/** A place in the instructions that is filled later. */
export type Gap = Instructions;

export class Code implements FunctionRef {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
  /** In the order in which they run. */
  readonly #parts: Instructions[] = [new Instructions()];
  /** The one that grows, and what is written into it. */
  #part = this.#parts[0];
  #bytes = this.#part.bytes;
  readonly #locals: ValueType[] = [];
  readonly #free: { [T in ValueType]?: Local[] } = {};
  readonly #unused: { [T in ValueType]?: Local[] } = {};

  constructor(params: readonly ValueType[], results: readonly ValueType[]) {
    this.params = params;
    this.results = results;
  }

  // Locals.

  /** A local of its own: one that was released, or a new one. What it holds is not known to be zero. */
  local(type: ValueType): Local {
    return this.#free[type]?.pop() ?? this.unusedLocal(type);
  }

  /** One that nothing has used since `renew`: for what is set in a gap, which instructions in between may not overwrite. */
  unusedLocal(type: ValueType): Local {
    return this.#unused[type]?.pop() ?? this.newLocal(type);
  }

  /** One that nothing has used so far. */
  newLocal(type: ValueType): Local {
    this.#locals.push(type);
    return this.params.length + this.#locals.length - 1;
  }

  /** From here on, locals that are free count as unused: gaps that are to be filled come later. */
  renew(): void {
    for (const type of Object.keys(this.#free) as ValueType[]) {
      this.#unused[type] = [...(this.#unused[type] ?? []), ...this.#free[type]!.splice(0)];
    }
  }

  /** Gives a local back. */
  release(local: Local): void {
    const type = this.#locals[local - this.params.length];
    const free = this.#free[type];
    if (free === undefined) this.#free[type] = [local];
    else free.push(local);
  }

  /** How many locals there are, parameters among them: there may be 50,000. */
  get locals(): number {
    return this.params.length + this.#locals.length;
  }

  /** Bytes of the instructions so far: there may be 7,654,321. */
  get size(): number {
    return this.#parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  // Gaps.

  /** Leaves a gap here. */
  gap(): Gap {
    const gap = new Instructions();
    this.#part = new Instructions();
    this.#bytes = this.#part.bytes;
    this.#parts.push(gap, this.#part);
    return gap;
  }

  /** Adds what `write` writes to a gap, which is not the one that is being filled. */
  into(gap: Gap, write: () => void): void {
    const outer = this.#part;
    this.#part = gap;
    this.#bytes = gap.bytes;
    write();
    this.#part = outer;
    this.#bytes = outer.bytes;
  }

  get(local: Local): void {
    this.#indexed(0x20, local);
  }

  set(local: Local): void {
    this.#indexed(0x21, local);
  }

  /** Sets a local and leaves its value on the stack. */
  tee(local: Local): void {
    this.#indexed(0x22, local);
  }

  global(global: GlobalRef): void {
    this.#indexed(0x23, global.index);
  }

  // Constants.

  i32(value: number): void {
    this.#bytes.byte(0x41);
    this.#bytes.signed(value);
  }

  i64(value: bigint): void {
    this.#bytes.byte(0x42);
    this.#bytes.signed64(value);
  }

  f32(value: number): void {
    this.#bytes.byte(0x43);
    this.#bytes.f32(value);
  }

  f64(value: number): void {
    this.#bytes.byte(0x44);
    this.#bytes.f64(value);
  }

  /** The same number in all lanes. */
  splat(shape: 'f32x4' | 'f64x2', value: number): void {
    this.#opcode(0xfd00 + 12);
    const write = shape === 'f32x4' ? () => this.#bytes.f32(value) : () => this.#bytes.f64(value);
    for (let lane = shape === 'f32x4' ? 4 : 2; lane > 0; lane--) write();
  }

  /** The same integer of 64 (two lanes) or 32 bits (four) in all lanes. */
  splatBits(shape: 'i32x4' | 'i64x2', bits: bigint): void {
    this.#opcode(0xfd00 + 12);
    const size = shape === 'i32x4' ? 4 : 8;
    for (let at = 0; at < 16; at++)
      this.#bytes.byte(Number((BigInt.asUintN(8 * size, bits) >> BigInt(8 * (at % size))) & 0xffn));
  }

  /** A vector of these sixteen bytes. */
  constant(bytes: readonly number[]): void {
    this.#opcode(0xfd00 + 12);
    this.#bytes.append(bytes);
  }

  // Instructions.

  op(opcode: Opcode): void {
    this.#opcode(OPCODES[opcode]);
  }

  /** A load or a store at the address on the stack plus `offset` bytes. */
  memory(opcode: keyof typeof MEMORY, offset = 0): void {
    const [code, align] = MEMORY[opcode];
    this.#opcode(code);
    this.#bytes.byte(align > 3 ? 3 : align); // vectors of numbers stand at multiples of a number
    this.#bytes.unsigned(offset);
  }

  /** The same of one lane. */
  memoryLane(opcode: keyof typeof MEMORY_LANES, lane: number, offset = 0): void {
    const [code, align] = MEMORY_LANES[opcode];
    this.#opcode(code);
    this.#bytes.byte(align);
    this.#bytes.unsigned(offset);
    this.#bytes.byte(lane);
  }

  /** memory.fill: takes the address, the byte and the number of bytes from the stack. */
  fill(): void {
    this.#opcode(0xfc00 + 11);
    this.#bytes.byte(0);
  }

  lane(opcode: keyof typeof LANES, lane: number): void {
    this.#opcode(LANES[opcode]);
    this.#bytes.byte(lane);
  }

  /** i8x16.shuffle: sixteen numbers of bytes, those of the second operand from 16 on. */
  shuffle(bytes: readonly number[]): void {
    this.#opcode(0xfd00 + 13);
    this.#bytes.append(bytes);
  }

  call(target: FunctionRef): void {
    this.#bytes.byte(0x10);
    this.#part.calls.push({ at: this.#bytes.length, target });
  }

  // Structure. Depths of branches count from the innermost, 0.

  block(write: () => void): void {
    this.#nested(0x02, undefined, write);
  }

  /** A branch to it goes to its beginning. */
  loop(write: () => void): void {
    this.#nested(0x03, undefined, write);
  }

  /** Takes the condition from the stack; with a `result` both sides leave a value of that type. */
  if(then: () => void, otherwise?: () => void, result?: ValueType): void {
    this.#bytes.byte(0x04);
    this.#bytes.byte(result === undefined ? 0x40 : TYPES[result]);
    then();
    if (otherwise !== undefined) {
      this.#bytes.byte(0x05);
      otherwise();
    }
    this.#bytes.byte(0x0b);
  }

  br(depth: number): void {
    this.#indexed(0x0c, depth);
  }

  brIf(depth: number): void {
    this.#indexed(0x0d, depth);
  }

  // Encoding.

  /** Writes the function with its locals and its length, as the code section has it. */
  encode(target: Bytes, indexOf: (ref: FunctionRef) => number): void {
    const body = new Bytes(this.size + 64);
    const runs: [count: number, type: ValueType][] = [];
    for (const type of this.#locals) {
      const run = runs.at(-1);
      if (run?.[1] === type) run[0]++;
      else runs.push([1, type]);
    }
    body.unsigned(runs.length);
    for (const [count, type] of runs) {
      body.unsigned(count);
      body.byte(TYPES[type]);
    }
    for (const { bytes, calls } of this.#parts) {
      const instructions = bytes.written;
      let from = 0;
      for (const { at, target: callee } of calls) {
        body.append(instructions.subarray(from, at));
        body.unsigned(indexOf(callee));
        from = at;
      }
      body.append(instructions.subarray(from));
    }
    body.byte(0x0b);
    target.unsigned(body.length);
    target.append(body.written);
  }

  /** The functions that it calls. */
  callees(): Iterable<FunctionRef> {
    return new Set(this.#parts.flatMap(({ calls }) => calls.map(({ target }) => target)));
  }

  #opcode(code: number): void {
    if (code > 0xff) {
      this.#bytes.byte(code >> 8);
      this.#bytes.unsigned(code & 0xff);
    } else this.#bytes.byte(code);
  }

  #indexed(code: number, index: number): void {
    this.#bytes.byte(code);
    this.#bytes.unsigned(index);
  }

  #nested(code: number, result: ValueType | undefined, write: () => void): void {
    this.#bytes.byte(code);
    this.#bytes.byte(result === undefined ? 0x40 : TYPES[result]);
    write();
    this.#bytes.byte(0x0b);
  }
}
