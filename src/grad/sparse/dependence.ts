// Scalars as what they depend on: an algebra for ir/tensors.ts whose elements are known numbers or sets of input elements
// through which a derivative may flow. What the calculus calls constant adds nothing (floor, a comparison, the condition of
// a selection), nor does the other factor of a known zero.
//
// A set is a union that is worked out when it is settled: a sum of n terms is a chain of n unions, and to write each of
// them out would cost n^2. Settled sets are shared: a union that is no larger than one of its parts is that part.

import { factsOf, type OpName } from '../../ir/ops.ts';
import type { Algebra } from '../../ir/tensors.ts';
import type { Rules } from '../rules.ts';

/** A known number, or a set of input elements. */
export type Abstract = number | Dependence;

/** Positions of input elements. */
export class Dependence {
  /** Each once, in no order; undefined until the union is settled. */
  members: Int32Array | undefined;
  parts: readonly Dependence[];
  /** The walk that saw this last. */
  mark = 0;

  constructor(parts: readonly Dependence[], members?: Int32Array) {
    this.parts = parts;
    this.members = members;
  }
}

/** Thrown when the limit is reached. */
export class TooDenseError extends Error {
  override readonly name = 'TooDenseError';
}

/** Sets over `count` input elements. Throws `TooDenseError` beyond `limit` operations and visits of members. */
export class Dependences {
  /** Of what is not known and depends on no input element. */
  readonly nothing = new Dependence([], new Int32Array(0));
  readonly algebra: Algebra<Abstract>;

  readonly #count: number;
  readonly #isConstant: (op: OpName) => boolean;
  /** The walk that saw an element last. */
  readonly #marks: Int32Array;
  readonly #found: Int32Array;
  #walks = 0;
  #left: number;

  constructor(rules: Rules, count: number, limit: number) {
    this.#count = count;
    this.#left = limit;
    this.#marks = new Int32Array(count);
    this.#found = new Int32Array(count);
    this.#isConstant = op => rules[op].kind === 'constant';
    this.algebra = {
      constant: value => value,
      numberOf: x => (typeof x === 'number' ? x : undefined),
      apply: (op, args, order) => this.#apply(op, args, order),
      outside: () => this.nothing, // an error, or not selected
    };
  }

  /** The set of one input element. */
  only(position: number): Dependence {
    return new Dependence([], Int32Array.of(position));
  }

  /** What depends on all that these depend on, and is not known. */
  union(of: readonly Abstract[]): Dependence {
    let first: Dependence | undefined;
    let parts: Dependence[] | undefined; // if there are several
    for (const x of of) {
      if (typeof x === 'number' || x === this.nothing || x === first) continue;
      if (x.members?.length === this.#count) return x;
      if (first === undefined) first = x;
      else if (parts === undefined) parts = [first, x];
      else parts.push(x);
    }
    if (first === undefined) return this.nothing;
    return parts === undefined ? first : new Dependence(parts);
  }

  /** The same with its set written out. */
  settled(x: Abstract): Abstract {
    if (typeof x === 'number' || x.members !== undefined) return x;
    const walk = ++this.#walks;
    let found = 0;
    let largest = this.nothing;
    const stack: Dependence[] = [x];
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      if (top.mark === walk) continue;
      top.mark = walk;
      const { members, parts } = top;
      this.spend(1 + (members?.length ?? 0));
      if (members === undefined) for (const part of parts) stack.push(part);
      else {
        if (members.length > largest.members!.length) largest = top;
        for (let k = 0; k < members.length; k++) {
          if (this.#marks[members[k]] === walk) continue;
          this.#marks[members[k]] = walk;
          this.#found[found++] = members[k];
        }
      }
    }
    const isLargest = found === largest.members!.length;
    x.members = isLargest ? largest.members : this.#found.slice(0, found);
    x.parts = [];
    return isLargest ? largest : x;
  }

  spend(work: number): void {
    this.#left -= work;
    if (this.#left < 0) throw new TooDenseError();
  }

  #apply(op: OpName, args: readonly Abstract[], order?: number): Abstract {
    this.spend(args.length);
    if (args.every(isNumber)) {
      const { evaluate } = factsOf(op);
      return order === undefined ? evaluate(...args) : evaluate(...args, order);
    }
    const known = absorbed(op, args);
    if (known !== undefined) return known;
    if (op === 'select' && isNumber(args[0])) return args[args[0] ? 1 : 2];
    return this.#isConstant(op) ? this.nothing : this.union(args);
  }
}

function isNumber(x: Abstract): x is number {
  return typeof x === 'number';
}

/** The value if one operand decides it: where it is 0 or 1, no derivative flows to the other. */
function absorbed(op: OpName, [x, y]: readonly Abstract[]): number | undefined {
  switch (op) {
    case 'mul':
    case 'and':
      return x === 0 || y === 0 ? 0 : undefined;
    case 'div':
    case 'xlogy':
    case 'xlog1py':
      return x === 0 ? 0 : undefined;
    case 'or':
      return x === 1 || y === 1 ? 1 : undefined;
    case 'pow':
      return y === 0 || x === 1 ? 1 : undefined;
    default:
      return undefined;
  }
}
