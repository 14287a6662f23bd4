// All that a block and the blocks inside of it do: which elements they read and change, which variables, which values they
// compute. What decides about vectors (lanes.ts, cost.ts) looks here and not at statements.

import { addSizes, type Size } from '../../../ir/size.ts';
import type { LoopVariable } from '../../loops/space.ts';
import {
  type Block,
  type Combine,
  operandsOf,
  type Place,
  partsOf,
  type Statement,
  type Value,
} from '../../loops/values.ts';

/** An element, or all of an array, that is read or changed. */
export interface Access {
  readonly array: string;
  /** Absent for an array that is filled, or handed to a kernel. */
  readonly place: Place | undefined;
  readonly base: Value | undefined;
  /** Absent for a load. */
  readonly combine: Combine | undefined;
  /** What is stored. */
  readonly value: Value | undefined;
  /** The conditions under which a store is reached. */
  readonly guards: readonly Value[];
}

export interface Assignment {
  readonly name: string;
  readonly combine: Combine;
  readonly value: Value;
  readonly guards: readonly Value[];
}

export class Contents {
  readonly statements: Statement[] = [];
  /** Values that are computed here, in an order in which parts come first where they have statements. */
  readonly values = new Set<Value>();
  readonly accesses: Access[] = [];
  readonly assignments: Assignment[] = [];
  /** Variables that are declared here. */
  readonly declared = new Set<string>();
  /** Variables that are read here. */
  readonly read = new Set<string>();
  readonly conditions: Value[] = [];
  /** Values that something is computed from, or that are stored: as numbers, not as places. */
  readonly operands = new Set<Value>();
  readonly #root: Block;

  constructor(root: Block, result?: Value) {
    this.#root = root;
    this.#collect(root, []);
    if (result !== undefined) this.#visit(result);
  }

  #collect({ statements }: Block, guards: readonly Value[]): void {
    for (const statement of statements) {
      this.statements.push(statement);
      switch (statement.kind) {
        case 'define':
          if (statement.value.uses > 0) this.#visit(statement.value);
          break;
        case 'store': {
          const { array, place, base, combine, value } = statement;
          this.#visitAll([value, ...placeParts(place, base)]);
          this.accesses.push({ array, place, base, combine, value, guards });
          this.operands.add(value);
          break;
        }
        case 'fill':
          this.accesses.push({
            array: statement.array,
            place: undefined,
            base: undefined,
            combine: '=',
            value: undefined,
            guards,
          });
          break;
        case 'let':
          this.declared.add(statement.name);
          break;
        case 'assign':
          this.#visit(statement.value);
          this.operands.add(statement.value);
          this.assignments.push({ ...statement, guards });
          break;
        case 'if':
          this.#visit(statement.condition);
          this.conditions.push(statement.condition);
          this.#collect(statement.then, [...guards, statement.condition]);
          if (statement.otherwise !== undefined)
            this.#collect(statement.otherwise, [...guards, statement.condition]);
          break;
        case 'call':
          for (const part of statement.arguments) {
            if (typeof part === 'string')
              this.accesses.push({ ...NOWHERE, array: part, combine: '=', guards });
          }
          break;
        case 'return':
          this.#visit(statement.value);
          break;
        default:
          this.#collect(statement.body, guards);
      }
    }
  }

  #visitAll(values: readonly Value[]): void {
    for (const value of values) this.#visit(value);
  }

  #visit(value: Value): void {
    if (this.values.has(value) || !value.block.isWithin(this.#root)) return;
    this.#visitAll(partsOf(value));
    this.values.add(value);
    const { expression } = value;
    for (const operand of operandsOf(expression)) this.operands.add(operand);
    if (expression.kind === 'load') {
      const { array, place, base } = expression;
      this.accesses.push({ ...NOWHERE, array, place, base });
    } else if (expression.kind === 'local') this.read.add(expression.name);
    else if (expression.kind === 'better') this.read.add(expression.at).add(expression.best);
  }
}

const NOWHERE = {
  place: undefined,
  base: undefined,
  combine: undefined,
  value: undefined,
  guards: [],
} as const;

function placeParts({ dynamic }: Place, base: Value | undefined): Value[] {
  const parts = dynamic.map(({ value }) => value);
  return base === undefined ? parts : [...parts, base];
}

/** By how much a place grows with the variables of a loop. */
export function strideOf(
  { terms, dynamic }: Place,
  base: Value | undefined,
  variables: readonly LoopVariable[],
): Size {
  let stride: Size = 0;
  for (const variable of variables) stride = addSizes(stride, terms.get(variable) ?? 0);
  const inside = [...dynamic.map(({ value }) => value), ...(base === undefined ? [] : [base])];
  for (const { expression } of inside) {
    // A looked-up place does not grow evenly: whoever asks has made sure that it does not depend on the variables.
    if (expression.kind === 'integer')
      stride = addSizes(stride, strideOf(expression.place, undefined, variables));
  }
  return stride;
}
