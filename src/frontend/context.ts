// What the stages after the parse share.

import type { Builder } from '../ir/build.ts';
import type { Ast } from './ast.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { Directives } from './directives.ts';
import type { Inputs } from './inputs.ts';
import type { Lowering } from './lower.ts';

export interface Context {
  readonly text: string;
  /** The statements. */
  readonly roots: readonly Ast[];
  readonly directives: Directives;
  readonly b: Builder;
  readonly inputs: Inputs;
  readonly lowering: Lowering;
  readonly diagnostics: Diagnostics;
}

export function withoutParentheses(root: Ast): Ast {
  let node = root;
  while (node.type === 'Parenthesis') node = node.content;
  return node;
}
