// A tree as the list of its nodes in the order of evaluation: operands before operators, left before right. The list
// is made with a stack of its own, since a sum of 100,000 terms is a tree of that depth.

import type { Ast } from './ast.ts';
import { refusalOf } from './refused.ts';

export interface Tape {
  readonly nodes: readonly Ast[];
  /** Nodes that are not always evaluated, so that they may not assign: in a branch, or in an operand that mathjs may skip. */
  readonly conditional: ReadonlySet<Ast>;
}

/**
 * The nodes to evaluate for `root`, in order. Parentheses are left out; so is what is inside of a node that is refused
 * as it stands, or of a function definition.
 */
export function postorder(root: Ast): Tape {
  const nodes: Ast[] = [];
  let skippable = NOTHING;
  // Preorder with the last operand first is postorder backwards.
  const pending: Ast[] = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (node.type !== 'Parenthesis') nodes.push(node);
    const operands = operandsOf(node);
    const always = skippable.has(node) ? 0 : alwaysEvaluated(node);
    for (let i = 0; i < operands.length; i++) {
      if (i >= always) skippable = (skippable === NOTHING ? new Set<Ast>() : skippable).add(operands[i]);
      pending.push(operands[i]);
    }
  }
  return { nodes: nodes.reverse(), conditional: skippable };
}

const NOTHING: Set<Ast> = new Set();
const NONE: readonly Ast[] = [];

/** The values that a node is computed from. */
function operandsOf(node: Ast): readonly Ast[] {
  if (refusalOf(node) !== undefined) return NONE;
  switch (node.type) {
    case 'Operator':
      return percentageOf(node) ?? node.args;
    case 'Function':
      return node.args;
    case 'Relational':
      return node.params;
    case 'Conditional':
      return [node.condition, node.trueExpr, node.falseExpr];
    case 'Array':
      return node.items;
    case 'Parenthesis':
      return [node.content];
    case 'Assignment':
      return node.object.type === 'Symbol' && node.index === undefined ? [node.value] : NONE;
    default:
      return NONE;
  }
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
