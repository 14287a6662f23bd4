// A loop inside of a loop in lanes, with its own iterations in the lanes: where the outer loop counts the rows of a matrix
// and the inner one walks along them, a vector of neighbours in a row is one load, and one of neighbours in a column is
// not. Several rows go together ("unroll and jam"): what the inner loop reads or adds to whatever the row is loaded and
// stored once for all of them. If it only sums up, the rows come one after the other: that is the order of memory. A number
// of the outer loop is that of one row, in all lanes; a sum over the inner loop is put together for each row, and the sums
// of neighbouring rows make up a vector of the outer loop again.

import type { Block, Statement, Value } from '../../loops/values.ts';
import type { Code, Local } from '../code.ts';
import { strideOf } from './contents.ts';
import { NEUTRAL, operationOf, rowsToLanes, spreadLane } from './horizontal.ts';
import type { Lanes } from './lanes.ts';
import { type JamContext, type Outer, RowLoop } from './row-loop.ts';
import { copiesOf, type Spread } from './spread.ts';
import type { Count, Statements } from './statements.ts';
import { LANES_OF, type Shape } from './vector-forms.ts';
import { VectorValues } from './vector-values.ts';

/** True for an inner loop that may have its own iterations in the lanes: `lanes` is what becomes of it then. */
export function mayJam(lanes: Lanes, outer: Lanes): boolean {
  const { contents, variables, varying, loop } = lanes;
  if (!loop.body.statements.every(({ kind }) => kind === 'define' || kind === 'assign' || kind === 'store'))
    return false;
  const isAlong = contents.accesses.every(({ array, place, base, combine }) => {
    const stride = strideOf(place!, base, variables); // nothing is filled in such a loop
    const use = outer.arrays.get(array);
    if (use === 'private' || use === 'uniform') return false;
    return stride === 1 || (stride === 0 && combine === undefined);
  });
  const isOfRow = (value: Value) => !varying.has(value) && outer.varying.has(value);
  const isKnown = [...contents.values].every(value => {
    const { kind } = value.expression;
    return !isOfRow(value) || kind === 'local' || (kind === 'integer' && !contents.operands.has(value));
  });
  const isSummed = contents.assignments.every(
    ({ name }) => outer.variablesVarying.has(name) || outer.sums.has(name),
  );
  return isAlong && isKnown && isSummed;
}

/** Vectors of a row that are summed up side by side: each addition would wait for the one before it. */
const SIDE_BY_SIDE = 4;

/** Vectors that take up variables, by name. */
type Sums = ReadonlyMap<string, readonly Local[]>;

/** Writes one loop. */
export class JamLoop {
  readonly #context: JamContext;
  readonly #code: Code;
  readonly #statements: Statements;
  readonly #shape: Shape;
  readonly #lanes: Lanes;
  readonly #outer: Outer;
  readonly #rows: number;
  /** What is written now: for all rows, or several vectors of one. */
  #values!: VectorValues;
  /** A vector for each row, or for each of the vectors. */
  #sums: Sums = new Map();

  constructor(context: JamContext, shape: Shape, lanes: Lanes, outer: Outer) {
    this.#context = context;
    this.#code = context.frame.code;
    this.#statements = context.statements;
    this.#shape = shape;
    this.#lanes = lanes;
    this.#outer = outer;
    this.#rows = outer.values.copies * LANES_OF[shape];
  }

  /** Writes the loop while there are as many iterations as lanes. */
  run(count: Count, iterations: number | undefined): void {
    const { statements } = this.#lanes.loop.body;
    if (statements.some(({ kind }) => kind === 'store')) this.#allRows(count, iterations);
    else this.#rowByRow(count, iterations);
  }

  #allRows(count: Count, iterations: number | undefined): void {
    this.#sums = this.#accumulators(this.#rows);
    this.#values = this.#spread({
      copies: this.#rows,
      copyVariables: this.#outer.lanes.variables,
      copyStep: 1,
      differs: value => this.#outer.lanes.varying.has(value),
      ofCopy: (value, isMask, row) => this.#ofRow(value, isMask, row),
    });
    this.#repeat(count, LANES_OF[this.#shape], iterations !== undefined);
    const lanes = LANES_OF[this.#shape];
    for (const [name, locals] of this.#sums) {
      const combine = this.#lanes.sums.get(name)!; // that is where the names are from
      for (let copy = 0; copy < this.#outer.values.copies; copy++) {
        const rows = locals.slice(copy * lanes, (copy + 1) * lanes);
        rowsToLanes(this.#code, this.#shape, operationOf(this.#shape, combine), rows);
        this.#code.set(rows[0]);
        this.#outer.accumulate(name, combine, copy, rows[0]);
      }
    }
    this.#release(this.#sums);
  }

  #rowByRow(count: Count, iterations: number | undefined): void {
    const { sums, variables, varying, loop } = this.#lanes;
    const lanes = LANES_OF[this.#shape];
    const groups = copiesOf(SIDE_BY_SIDE, lanes, iterations);
    this.#sums = this.#accumulators(Math.max(...groups));
    const rows = new RowLoop(this.#context, this.#shape, this.#outer, loop.body);
    rows.run(count, by => {
      this.#clear(this.#sums);
      let left = iterations;
      for (const copies of groups) {
        if (left !== undefined && left < copies * lanes) continue;
        this.#values = this.#spread({
          copies,
          copyVariables: variables,
          copyStep: lanes,
          shift: { variables: this.#outer.lanes.variables, by },
          differs: value => varying.has(value),
          ofCopy: (value, isMask) => rows.spread(value, isMask),
        });
        this.#repeat(count, copies * lanes, left !== undefined);
        if (left !== undefined) left %= copies * lanes;
      }
      for (const [name, combine] of sums) rows.put(name, combine, this.#sums.get(name)!);
    });
    this.#release(this.#sums);
  }

  #spread(
    spread: Pick<Spread, 'copies' | 'copyVariables' | 'copyStep' | 'shift' | 'differs' | 'ofCopy'>,
  ): VectorValues {
    const room = { left: 0 };
    const isSingle = (value: Value) =>
      !this.#lanes.varying.has(value) && !this.#outer.lanes.varying.has(value);
    const fixed = { shape: this.#shape, lanes: this.#lanes, room, isSingle, sideBySide: () => undefined };
    const { frame, math } = this.#context;
    return new VectorValues(frame, this.#statements.values, math, { ...fixed, ...spread });
  }

  #repeat(count: Count, step: number, isSure: boolean): void {
    const { body } = this.#lanes.loop;
    this.#statements.repeat(count, body, step, isSure, () => this.#block(body));
  }

  /** So many vectors for each variable that is summed up, cleared. */
  #accumulators(count: number): Sums {
    const vectors = () => Array.from({ length: count }, () => this.#code.local('v128'));
    const sums = new Map(Array.from(this.#lanes.sums.keys(), name => [name, vectors()]));
    this.#clear(sums);
    return sums;
  }

  #clear(sums: Sums): void {
    for (const [name, locals] of sums) {
      for (const local of locals) {
        this.#code.splat(this.#shape, NEUTRAL[this.#lanes.sums.get(name)!]);
        this.#code.set(local);
      }
    }
  }

  #release(sums: Sums): void {
    for (const local of [...sums.values()].flat()) this.#code.release(local);
  }

  #block({ statements }: Block): void {
    for (const statement of statements) this.#write(statement);
    for (const statement of statements) {
      if (statement.kind === 'define') this.#values.forget(statement.value);
    }
  }

  #write(statement: Statement): void {
    switch (statement.kind) {
      case 'define':
        this.#values.define(statement.value);
        return;
      case 'assign':
        this.#assign(statement);
        return;
      case 'store':
        this.#store(statement);
        return;
      default:
        throw new TypeError(`${statement.kind} along rows`); // refused by jamOf
    }
  }

  #assign({ name, combine, value }: Extract<Statement, { kind: 'assign' }>): void {
    const code = this.#code;
    const locals = this.#sums.get(name)!; // all that is changed is a sum
    this.#values.sharing([value], () => {
      this.#eachRow(row => {
        code.get(locals[row]);
        if (combine === 'or') this.#values.mask(value, row);
        else this.#values.number(value, row);
        code.op(operationOf(this.#shape, combine));
        code.set(locals[row]);
      });
    });
  }

  #store(statement: Extract<Statement, { kind: 'store' }>): void {
    const code = this.#code;
    const { array, combine, value } = statement;
    const operation = operationOf(this.#shape, combine);
    const vector = code.local('v128');
    this.#values.sharing([value], () => {
      if (this.#outer.lanes.arrays.get(array) === 'sums') {
        this.#values.memory.load(statement, 0);
        this.#eachRow(row => {
          this.#values.number(value, row);
          code.op(operation);
        });
        code.set(vector);
        this.#values.memory.store(statement, 0, vector);
        return;
      }
      this.#eachRow(row => {
        if (combine !== '=') this.#values.memory.load(statement, row);
        this.#values.number(value, row);
        if (combine !== '=') code.op(operation);
        code.set(vector);
        this.#values.memory.store(statement, row, vector);
      });
    });
    code.release(vector);
  }

  /** Leaves a number of the outer loop, that of one row. A variable does not change while the inner loop runs. */
  #ofRow(value: Value, isMask: boolean, row: number): void {
    const lanes = LANES_OF[this.#shape];
    const { expression } = value;
    const isVariable = expression.kind === 'local';
    const key = `row ${row} ${isMask} ${isVariable ? expression.name : `(${value.id})`}`;
    this.#statements.values.places.hoist(key, isVariable ? [] : [value], 'v128', () => {
      const copy = Math.floor(row / lanes);
      if (isMask) this.#outer.values.mask(value, copy);
      else this.#outer.values.number(value, copy);
      spreadLane(this.#code, this.#shape, row % lanes);
    });
  }

  #eachRow<T>(write: (row: number) => T): T[] {
    return Array.from({ length: this.#values.copies }, (_, row) => write(row));
  }
}
