// What a formula has and does not use: functions, statements, variables, inputs. Most of it is a warning; a statement that
// begins with an operator was meant to continue the line above and is an error.

import type { Node } from '../ir/graph.ts';
import { liveNodes } from '../ir/live.ts';
import type { Input, Output } from '../ir/program.ts';
import { namesIn } from '../ir/size.ts';
import type { Ast } from './ast.ts';
import { type Context, withoutParentheses } from './context.ts';
import type { Lowering } from './lower.ts';

/** The last function first: it may call those before it, which are then no longer uncalled. */
export function checkUncalledFunctions({ lowering, diagnostics }: Context): void {
  for (const callee of [...lowering.scope.functions].reverse()) {
    if (callee.called) continue;
    const { span } = callee.definition.name;
    diagnostics.warning('unused-function', `\`${callee.name}\` is never called`, span);
    lowering.rehearse(callee);
  }
}

/** Values that nothing takes. One that begins with an operator was meant to continue the line above. */
export function checkUnusedStatements({ text, roots, directives, lowering, diagnostics }: Context): void {
  const hints = [
    'a new line begins a new statement: end the line above with the operator, or put the formula in parentheses',
  ];
  for (const [i, root] of roots.entries()) {
    if (isDefinition(root)) continue;
    const isOutput = i === roots.length - 1 && directives.outputs === undefined;
    const isOperator = '+-'.includes(text.charAt(root.span.start));
    if (isOutput) {
      if (isOperator && i > 0 && isUnused(roots[i - 1], lowering)) {
        diagnostics.warning(
          'leading-operator',
          'the output begins with an operator and leaves out the line above',
          root.span,
          {
            hints,
          },
        );
      }
    } else if (isOperator) {
      diagnostics.error(
        'leading-operator',
        'this statement begins with an operator, and its value is not used',
        root.span,
        {
          hints,
        },
      );
    } else {
      diagnostics.warning('unused-value', 'the value of this statement is not used', root.span, {
        hints: ['give it a name, or remove it; the output is the last statement'],
      });
    }
  }
}

function isDefinition(root: Ast): boolean {
  const { type } = withoutParentheses(root);
  return type === 'Assignment' || type === 'FunctionAssignment';
}

/** True if nothing takes the value of the statement. */
function isUnused(root: Ast, { scope: { bindings } }: Lowering): boolean {
  const statement = withoutParentheses(root);
  if (statement.type === 'FunctionAssignment') return false;
  if (statement.type !== 'Assignment' || statement.object.type !== 'Symbol') return true;
  const { text, span } = statement.object.name;
  const binding = bindings.get(text);
  return binding?.kind === 'variable' && binding.span === span && !binding.used;
}

export function warnOfUnusedVariables({ lowering, diagnostics }: Context): void {
  for (const binding of [...lowering.scope.replaced, ...lowering.scope.bindings.values()]) {
    if (binding.kind !== 'variable' || binding.used) continue;
    diagnostics.warning('unused-variable', `\`${binding.name}\` is assigned and not used`, binding.span);
  }
}

/** Inputs that no output depends on, not even by the lengths of their arrays. */
export function warnOfUnusedInputs(
  outputs: readonly Output[],
  wrt: readonly string[],
  { inputs, directives, diagnostics }: Context,
): void {
  const nodes = liveNodes(outputs.flatMap(({ elements }) => elements));
  const live = new Set(nodes.filter(({ op }) => op === 'input'));
  const unused = inputs.list.filter(({ node }) => !live.has(node));
  if (unused.length === 0) return;
  const carried = new Set(inputs.list.filter(({ node }) => live.has(node)).flatMap(sizesOfInput));
  const sizes = new Set(nodes.flatMap(sizesOfNode));
  const differentiated = new Set(wrt);
  const mentions = new Map(directives.wrt?.map(({ name, span }) => [name, span]));
  for (const input of unused) {
    const { name, span } = input;
    const place = mentions.get(name) ?? span;
    const message = `the output does not depend on \`${name}\``;
    if (differentiated.has(name)) {
      diagnostics.warning('unused-input', `${message}: its derivative is zero`, place);
    } else if (!sizesOfInput(input).some(size => sizes.has(size) && !carried.has(size))) {
      diagnostics.warning('unused-input', message, place);
    }
  }
}

function sizesOfInput({ shape }: Input): string[] {
  return shape.flatMap(namesIn);
}

function sizesOfNode({ op, shape, attrs }: Node): readonly string[] {
  if (op === 'size') return namesIn(attrs.size);
  return shape.length === 0 ? [] : shape.flatMap(namesIn);
}
