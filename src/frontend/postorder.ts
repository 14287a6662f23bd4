// A tree as the list of its nodes in the order of evaluation: operands before operators, left before right. The list
// is made with a stack of its own, since a sum of 100,000 terms is a tree of that depth.

import type { Ast, FunctionNode } from './ast.ts';
import { FUNCTIONS } from './functions.ts';
import { constantsIn } from './literals.ts';
import { refusalOf } from './refused.ts';

export interface Tape {
  /** An index comes after the array that it is an index of, and before the positions in it. */
  readonly nodes: readonly Ast[];
  /** Nodes that are not always evaluated, so that they may not assign: in a branch, or in an operand that mathjs may skip. */
  readonly conditional: ReadonlySet<Ast>;
  /** For nodes inside of an index, the axis of the innermost one: what `end` means there. */
  readonly axes: ReadonlyMap<Ast, number>;
}

/**
 * The nodes to evaluate for `root`, in order. Parentheses are left out; so is what is inside of a node that is refused
 * as it stands, or of a function definition.
 */
export function postorder(root: Ast): Tape {
  const nodes: Ast[] = [];
  let skippable = NOTHING;
  let axes = NOWHERE;
  // Preorder with the last operand first is postorder backwards.
  const pending: Ast[] = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (node.type !== 'Parenthesis') nodes.push(node);
    const operands = operandsOf(node);
    const always = skippable.has(node) ? 0 : alwaysEvaluated(node);
    const axis = axes.get(node);
    const isIndexing = node.type === 'Accessor' && operands.length > 0;
    for (let i = 0; i < operands.length; i++) {
      const own = isIndexing && i > 1 ? i - 2 : axis;
      if (own !== undefined) axes = (axes === NOWHERE ? new Map<Ast, number>() : axes).set(operands[i], own);
      if (i >= always) skippable = (skippable === NOTHING ? new Set<Ast>() : skippable).add(operands[i]);
      pending.push(operands[i]);
    }
  }
  return { nodes: nodes.reverse(), conditional: skippable, axes };
}

const NOTHING: Set<Ast> = new Set();
const NOWHERE: Map<Ast, number> = new Map();
const NONE: readonly Ast[] = [];

/** The values that a node is computed from. */
export function operandsOf(node: Ast): readonly Ast[] {
  if (refusalOf(node) !== undefined) return NONE;
  switch (node.type) {
    case 'Operator':
      return percentageOf(node) ?? node.args;
    case 'Function':
      return operandsOfCall(node);
    case 'Accessor':
      return [node.object, node.index, ...node.index.dimensions];
    case 'Range':
      return node.step === undefined ? [node.start, node.end] : [node.start, node.step, node.end];
    case 'Relational':
      return node.params;
    case 'Conditional':
      return [node.condition, node.trueExpr, node.falseExpr];
    case 'Array':
      return constantsIn(node) === undefined ? node.items : NONE;
    case 'Parenthesis':
      return [node.content];
    case 'Assignment':
      return node.object.type === 'Symbol' && node.index === undefined ? [node.value] : NONE;
    default:
      return NONE;
  }
}

/**
 * The arguments of a call that are values: strings are options where there are any, the function of `map` is called, not
 * evaluated, and the index of `subset` is taken apart.
 */
export function operandsOfCall({ fn, args }: FunctionNode): readonly Ast[] {
  const name = fn.type === 'Symbol' ? fn.name.text : '';
  const last = args.at(-1);
  if (last === undefined) return args;
  if (name === 'map' && (last.type === 'Symbol' || last.type === 'FunctionAssignment'))
    return args.slice(0, -1);
  if (
    name === 'subset' &&
    last.type === 'Function' &&
    last.fn.type === 'Symbol' &&
    last.fn.name.text === 'index'
  ) {
    return [...args.slice(0, -1), ...last.args];
  }
  return FUNCTIONS.get(name)?.texts ? args.filter(argument => textOf(argument) === undefined) : args;
}

/** The text of a string. */
export function textOf(node: Ast): string | undefined {
  return node.type === 'Constant' && typeof node.value === 'string' ? node.value : undefined;
}

/**
 * `x` and `5%` of `x + 5%`, which mathjs parses as `x + x * 5%` with one node in both places: a chain of those is a
 * small graph and a tree of exponential size.
 */
export function percentageOf(node: Ast): readonly [base: Ast, percentage: Ast] | undefined {
  if (node.type !== 'Operator' || node.args.length !== 2) return undefined;
  const [base, part] = node.args;
  if (part.type !== 'Operator' || part.args.length !== 2 || part.args[0] !== base) return undefined;
  return [base, part.args[1]];
}

/** How many of the operands mathjs evaluates whatever their values are. */
function alwaysEvaluated(node: Ast): number {
  switch (node.type) {
    case 'Conditional':
      return 1;
    case 'Relational':
      return 2;
    case 'Operator':
      return node.fn === 'and' || node.fn === 'or' ? 1 : 2;
    default:
      return Number.POSITIVE_INFINITY;
  }
}
