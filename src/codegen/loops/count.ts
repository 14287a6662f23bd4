// How many operations a function takes when it runs: each value once for each iteration of the loops around its statement, in
// units of an addition. What kernels move when they pack their operands counts too; of a selection both sides do. It is for
// comparing versions of one function: what it says more of one is about what it takes longer.

import { factsOf } from '../../ir/ops.ts';
import type { Size } from '../../ir/size.ts';
import type { LoopVariable } from './space.ts';
import type { Block, Place, Statement, Value } from './values.ts';

/** A number that a kernel packs, or puts down, takes the time of so many additions inside of a tile. */
const MOVING = 5;

type Call = Extract<Statement, { kind: 'call' }>;

/** What a count depends on besides statements. */
export interface Counting {
  /** The number that a size stands for. */
  readonly sizeOf: (size: Size) => number;
  /** The name of the kernel of symmetric products. */
  readonly gram: string;
  /** Columns that kernels pack at a time: for each group they pack all rows again. */
  readonly packed: number;
}

/** The operations of all that is in `top`. */
export function operationsIn(top: Block, { sizeOf, gram, packed }: Counting): number {
  /** Rows of a block, on average. */
  const rowsOf = new Map<LoopVariable, number>();
  const lengthOf = (part: string | Size | Place): number => {
    if (typeof part === 'string') return 0;
    if (typeof part === 'object' && 'terms' in part) {
      const [variable] = part.terms.keys();
      return variable === undefined ? 0 : (rowsOf.get(variable) ?? 0);
    }
    return sizeOf(part);
  };
  const ofCall = (call: Call): number => {
    const [rows, ...others] = call.arguments.slice(0, 3).map(lengthOf);
    const [columns, inner] = call.name === gram ? [rows, others[0]] : others;
    const products = rows * (call.name === gram ? rows + 1 : 2 * columns) * inner;
    const packs = (columns + rows * Math.ceil(columns / packed)) * inner;
    return products + MOVING * (packs + rows * columns);
  };
  const ofBlock = ({ statements }: Block): number =>
    statements.reduce((sum, statement) => sum + ofStatement(statement), 0);
  const ofStatement = (statement: Statement): number => {
    switch (statement.kind) {
      case 'define':
        return weightOf(statement.value);
      case 'loop': {
        const size = sizeOf(statement.variable.size);
        const isTriangle = typeof statement.from !== 'number';
        return (isTriangle ? (size + 1) / 2 : size - (statement.from as number)) * ofBlock(statement.body);
      }
      case 'blocks': {
        const { size, count } = statement.rows;
        const blocks = Math.max(1, Math.ceil(sizeOf(size) / sizeOf(count.size)));
        rowsOf.set(count, sizeOf(size) / blocks);
        return blocks * ofBlock(statement.body);
      }
      case 'rows':
        return rowsOf.get(statement.rows.count)! * ofBlock(statement.body); // set by the blocks around
      case 'fill':
        return 0;
      case 'store':
      case 'assign':
        return statement.combine === '=' ? 0 : 1;
      case 'if':
        return (
          ofBlock(statement.then) + (statement.otherwise === undefined ? 0 : ofBlock(statement.otherwise))
        );
      case 'call':
        return ofCall(statement);
      default:
        return 0;
    }
  };
  return ofBlock(top);
}

function weightOf({ expression, uses }: Value): number {
  if (uses === 0) return 0;
  switch (expression.kind) {
    case 'apply':
      return factsOf(expression.node.op).cost ?? 1;
    case 'choose':
      return 1;
    case 'times':
    case 'sum':
      return expression.operands.length - 1;
    default:
      return 0;
  }
}
