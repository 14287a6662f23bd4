// A loop over the rows that make up the lanes of a loop around, one row after the other: what the lanes hold goes through
// memory, where it stands lane by lane.

import { LoopVariable, variableIndex } from '../../loops/space.ts';
import { Block, type Combine, type Value } from '../../loops/values.ts';
import type { Code, Gap, Local } from '../code.ts';
import type { VectorMath } from '../math/vector-math.ts';
import type { Frame } from './frame.ts';
import { addLanes, OPERATION, operationOf } from './horizontal.ts';
import type { Lanes } from './lanes.ts';
import type { Scratch } from './scratch.ts';
import { VECTOR } from './spread.ts';
import type { Count, Statements } from './statements.ts';
import { LANES_OF, type Shape } from './vector-forms.ts';
import type { VectorValues } from './vector-values.ts';

export interface JamContext {
  readonly frame: Frame;
  readonly statements: Statements;
  readonly math: VectorMath;
  readonly scratch: Scratch;
}

/** The loop around. */
export interface Outer {
  readonly lanes: Lanes;
  readonly values: VectorValues;
  /** Combines a variable with a vector in a local. */
  readonly accumulate: (name: string, combine: Combine, copy: number, vector: Local) => void;
}

export class RowLoop {
  readonly #context: JamContext;
  readonly #code: Code;
  readonly #shape: Shape;
  readonly #outer: Outer;
  readonly #body: Block;
  readonly #rows: number;
  readonly #row: LoopVariable;
  /** Before the loop: where vectors of the loop around are put into memory. */
  readonly #before: Gap;
  /** Arrays with a number for each row, by the key of what it is. */
  readonly #arrays = new Map<string, string>();

  /** `body` is that of the loop along a row. */
  constructor(context: JamContext, shape: Shape, outer: Outer, body: Block) {
    this.#context = context;
    this.#code = context.frame.code;
    this.#shape = shape;
    this.#outer = outer;
    this.#rows = outer.values.copies * LANES_OF[shape];
    this.#row = new LoopVariable(this.#rows);
    this.#body = new Block(body.parent, this.#row);
    this.#before = this.#code.gap();
  }

  /** Writes the loop; `count` is what the loop along a row counts, which begins anew in each row. */
  run(count: Count, write: (row: LoopVariable) => void): void {
    const code = this.#code;
    const { statements, scratch } = this.#context;
    const [counter] = count.counters; // an inner loop has one
    const [start, row] = [code.local('i32'), code.local('i32')];
    code.get(counter);
    code.set(start);
    code.i32(0);
    code.set(row);
    statements.values.places.bind(this.#row, row);
    const rows: Count = {
      variables: [this.#row],
      counters: [row],
      limit: less => code.i32(this.#rows - less),
    };
    statements.repeat(rows, this.#body, 1, true, () => {
      code.get(start);
      code.set(counter);
      write(this.#row);
    });
    code.release(start);
    code.release(row);
    for (const [name, combine] of this.#put) this.#take(name, combine);
    for (const array of this.#arrays.values()) scratch.release(array, this.#rows);
  }

  readonly #put = new Map<string, Combine>();

  /** Puts together what vectors have summed up of a variable in this row. */
  put(name: string, combine: Combine, vectors: readonly Local[]): void {
    const code = this.#code;
    const is64 = this.#shape === 'f64x2';
    this.#put.set(name, combine);
    const { places } = this.#context.statements.values;
    const offset = places.address(this.#element(`sum ${name}`));
    for (const [k, vector] of vectors.entries()) {
      code.get(vector);
      if (k > 0) code.op(operationOf(this.#shape, combine));
    }
    if (combine === 'or') {
      // A mask is all bits of a lane.
      const any = code.local('i32');
      code.op('v128.any_true');
      code.set(any);
      code.i32(0);
      code.get(any);
      code.op('i32.sub');
      if (is64) code.op('i64.extend_i32_s');
      code.memory(is64 ? 'i64.store' : 'i32.store', offset);
      code.release(any);
      return;
    }
    addLanes(code, this.#shape, OPERATION[combine]);
    if (!is64) code.op('f32.demote_f64');
    code.memory(is64 ? 'f64.store' : 'f32.store', offset);
  }

  /** Leaves a value of the loop around, that of this row, in all lanes. */
  spread(value: Value, isMask: boolean): void {
    const { values } = this.#outer;
    const code = this.#code;
    const { expression } = value;
    // A variable does not change while the loop runs.
    const key = `${isMask} ${expression.kind === 'local' ? expression.name : value.id}`;
    const isNew = !this.#arrays.has(key);
    const element = this.#element(key);
    if (isNew) {
      code.into(this.#before, () => {
        for (let copy = 0; copy < values.copies; copy++) {
          this.#context.frame.address(element.array);
          if (isMask) values.mask(value, copy);
          else values.number(value, copy);
          code.memory('v128.store', VECTOR * copy);
        }
      });
    }
    const { places } = this.#context.statements.values;
    places.hoist(`row ${key}`, [], 'v128', () => {
      const offset = places.address(element);
      code.memory(this.#shape === 'f64x2' ? 'v128.load64_splat' : 'v128.load32_splat', offset);
    });
  }

  /** Combines a variable of the loop around with what all rows have summed up. */
  #take(name: string, combine: Combine): void {
    const code = this.#code;
    const { array } = this.#element(`sum ${name}`);
    const vector = code.local('v128');
    for (let copy = 0; copy < this.#outer.values.copies; copy++) {
      this.#context.frame.address(array);
      code.memory('v128.load', VECTOR * copy);
      code.set(vector);
      this.#outer.accumulate(name, combine, copy, vector);
    }
    code.release(vector);
  }

  /** The element of this row. */
  #element(key: string) {
    let array = this.#arrays.get(key);
    if (array === undefined) {
      array = this.#context.scratch.take(this.#rows);
      this.#arrays.set(key, array);
    }
    return { array, place: variableIndex<Value>(this.#row), base: undefined };
  }
}
