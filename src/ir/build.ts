// Builders: the only way to append nodes, used alike by the front end, the calculus and the rewrites. They fold
// constants and the identities that are exact in IEEE arithmetic; everything else is a rewrite with a name.
//
// A builder belongs to one graph. `const { add, mul } = builder(graph)` makes formulas read as formulas.

import type { Graph, Node } from './graph.ts';
import { factsOf, OPS, type OpName } from './ops.ts';

/** A node, or a number that stands for the constant. */
export type Operand = Node | number;

type OrderOp = 'polygamma' | 'phi' | 'sphericalBessel';
type PlainOp = Exclude<OpName, 'const' | 'input' | OrderOp>;
type Operands<A> = A extends 1
  ? [x: Operand]
  : A extends 2
    ? [x: Operand, y: Operand]
    : A extends 3
      ? [condition: Operand, x: Operand, y: Operand]
      : Operand[];

/** One function for every operation, plus the constructors of leaves. */
export type Builder = {
  readonly [O in PlainOp]: (...inputs: Operands<(typeof OPS)[O]['arity']>) => Node;
} & {
  readonly [O in OrderOp]: (order: number, x: Operand) => Node;
} & {
  readonly graph: Graph;
  readonly constant: (value: number) => Node;
  /** Rebuilds `node` (of this or another graph) over `inputs` of this graph. */
  readonly rebuild: (node: Node, inputs: readonly Node[]) => Node;
  /** The node of any operation by name: constants folded, identities applied. */
  readonly make: (op: OpName, inputs: readonly Node[], order?: number) => Node;
};

/** The value of a constant node, or undefined. */
export function constantOf(node: Node): number | undefined {
  return node.op === 'const' ? node.attrs.value : undefined;
}

export function isConstant(node: Node, value: number): boolean {
  return node.op === 'const' && Object.is(node.attrs.value, value);
}

/** True for 0 and -0. */
export function isZero(node: Node): boolean {
  return node.op === 'const' && node.attrs.value === 0;
}

/**
 * The builders of `graph`. `settle` may replace each node they make by one that is equal in meaning: a rewriting engine
 * hooks in here, so that whatever is built is rewritten as it is built.
 */
export function builder(graph: Graph, settle: (node: Node) => Node = node => node): Builder {
  const constant = (value: number): Node => graph.constant(value);
  const toNode = (x: Operand): Node => (typeof x === 'number' ? graph.constant(x) : x);

  const make = (op: OpName, inputs: readonly Node[], order?: number): Node => {
    const folded = fold(op, inputs, order);
    if (folded !== undefined) return graph.constant(folded);
    return (
      identity(op, inputs) ?? settle(graph.intern(op, inputs, order === undefined ? undefined : { order }))
    );
  };

  /** Exact identities: the law holds bit for bit, but for the sign of a zero in x + 0. */
  const identity = (op: OpName, inputs: readonly Node[]): Node | undefined => {
    const [x, y, z] = inputs;
    switch (op) {
      case 'add': // x + 0 -> x; x + x -> 2 x; x + -y -> x - y
        if (isZero(x)) return y;
        if (isZero(y)) return x;
        if (x === y) return make('mul', [constant(2), x]);
        if (y.op === 'neg') return make('sub', [x, y.inputs[0]]);
        if (x.op === 'neg') return make('sub', [y, x.inputs[0]]);
        return undefined;
      case 'sub': // x - 0 -> x; 0 - x -> -x; x - -y -> x + y
        if (isZero(y)) return x;
        if (isZero(x)) return make('neg', [y]);
        if (y.op === 'neg') return make('add', [x, y.inputs[0]]);
        return undefined;
      case 'mul': // x * 1 -> x; x * -1 -> -x; -x * -y -> x * y
        if (isConstant(x, 1)) return y;
        if (isConstant(y, 1)) return x;
        if (isConstant(x, -1)) return make('neg', [y]);
        if (isConstant(y, -1)) return make('neg', [x]);
        if (x.op === 'neg' && y.op === 'neg') return make('mul', [x.inputs[0], y.inputs[0]]);
        return undefined;
      case 'div': // x / 1 -> x; x / -1 -> -x; -x / -y -> x / y
        if (isConstant(y, 1)) return x;
        if (isConstant(y, -1)) return make('neg', [x]);
        if (x.op === 'neg' && y.op === 'neg') return make('div', [x.inputs[0], y.inputs[0]]);
        return undefined;
      case 'neg': // -(-x) -> x
        return x.op === 'neg' ? x.inputs[0] : undefined;
      case 'pow': // x^0 -> 1; x^1 -> x; 1^y -> 1 for finite y
        if (isZero(y)) return constant(1);
        if (isConstant(y, 1)) return x;
        return undefined;
      case 'max':
      case 'min':
      case 'logsumexp': // of one value -> the value
        return inputs.length === 1 ? x : undefined;
      case 'hypot': // of one value -> its absolute value
        return inputs.length === 1 ? make('abs', [x]) : undefined;
      case 'select': {
        // c ? x : x -> x; true ? x : y -> x; !c ? x : y -> c ? y : x
        if (y === z) return y;
        if (x.op === 'const') return x.attrs.value ? y : z;
        if (x.op === 'not') return make('select', [x.inputs[0], z, y]);
        return undefined;
      }
      case 'and': // true and p -> p; false and p -> false; p and p -> p; p and not p -> false
        if (x.op === 'const') return x.attrs.value ? y : x;
        if (y.op === 'const') return y.attrs.value ? x : y;
        if (x === y) return x;
        return opposite(x, y) ? constant(0) : undefined;
      case 'or': // true or p -> true; false or p -> p; p or p -> p; p or not p -> true
        if (x.op === 'const') return x.attrs.value ? x : y;
        if (y.op === 'const') return y.attrs.value ? y : x;
        if (x === y) return x;
        return opposite(x, y) ? constant(1) : undefined;
      case 'not':
        return x.op === 'not' ? x.inputs[0] : undefined;
      default:
        return undefined;
    }
  };

  const rebuild = (node: Node, inputs: readonly Node[]): Node => {
    switch (node.op) {
      case 'const':
        return constant(node.attrs.value);
      case 'input':
        return graph.input(node.attrs.name, node.dtype);
      default:
        return make(node.op, inputs, node.attrs?.order);
    }
  };

  const table: Record<string, unknown> = { graph, constant, make, rebuild };
  for (const op of Object.keys(OPS) as OpName[]) {
    const { attr, arity } = factsOf(op);
    if (attr === 'order') table[op] = (order: number, x: Operand) => make(op, [toNode(x)], order);
    else if (arity === 1) table[op] = (x: Operand) => make(op, [toNode(x)]);
    else if (arity === 2) table[op] = (x: Operand, y: Operand) => make(op, [toNode(x), toNode(y)]);
    else if (attr === undefined) table[op] = (...inputs: Operand[]) => make(op, inputs.map(toNode));
  }
  return table as Builder;
}

/** The value of `op` over constants, or undefined if an input is not constant. */
function fold(op: OpName, inputs: readonly Node[], order: number | undefined): number | undefined {
  for (let i = inputs.length - 1; i >= 0; i--) if (inputs[i].op !== 'const') return undefined;
  if (inputs.length === 0) return undefined;
  const values = inputs.map(input => (input as { attrs: { value: number } }).attrs.value);
  return order === undefined ? factsOf(op).evaluate(...values) : factsOf(op).evaluate(...values, order);
}

/** True if exactly one of the two masks holds, whatever the inputs: p and not p. */
export function opposite(p: Node, q: Node): boolean {
  return (p.op === 'not' && p.inputs[0] === q) || (q.op === 'not' && q.inputs[0] === p);
}
