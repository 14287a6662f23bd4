// The results of a formula: what `@output` names, or the last statement. A function as the last statement is the result,
// and its parameters are inputs.

import { type Span, suggest } from '../errors.ts';
import type { Output } from '../ir/program.ts';
import { type Context, withoutParentheses } from './context.ts';
import type { Mention } from './directives.ts';
import { isList, toNode, toReal, type Value } from './values.ts';

/** What `@output` names, or the last statement, whose value is `last`. */
export function selectOutputs(last: Value, context: Context): readonly Output[] {
  const { roots, directives, inputs, lowering, diagnostics } = context;
  if (directives.outputs !== undefined) return namedOutputs(directives.outputs, context);
  const root = roots.at(-1);
  if (root === undefined) {
    if (!diagnostics.hasErrors) diagnostics.error('empty', 'the formula is empty', undefined);
    return [];
  }
  const statement = withoutParentheses(root);
  if (statement.type === 'FunctionAssignment') {
    const callee = lowering.scope.bindings.get(statement.name.text);
    if (callee?.kind !== 'function') return [];
    const value = lowering.output(callee);
    inputs.putFirst(statement.params.map(({ text }) => text));
    return outputOf(callee.name, value, statement.expr.span, context);
  }
  if (statement.type === 'Assignment' && statement.object.type === 'Symbol') {
    const name = statement.object.name.text;
    const binding = lowering.scope.bindings.get(name);
    if (binding?.kind === 'variable') binding.used = true;
    return outputOf(name, last, statement.value.span, context);
  }
  return outputOf('value', last, root.span, context);
}

function namedOutputs(mentions: readonly Mention[], context: Context): Output[] {
  const { inputs, lowering, diagnostics } = context;
  return mentions.flatMap(({ name, span }) => {
    const binding = lowering.scope.bindings.get(name);
    if (binding?.kind === 'variable') {
      binding.used = true;
      return outputOf(name, binding.value, binding.span, context);
    }
    if (binding !== undefined) {
      diagnostics.error('function-as-value', `\`${name}\` is a function, not a value`, span, {
        hints: ['a function can be the output if it is the last statement and there is no @output'],
      });
    } else if (inputs.has(name)) {
      return outputOf(name, inputs.get(name), span, context);
    } else {
      diagnostics.error(
        'unknown-output',
        `@output ${name}: the formula does not assign \`${name}\``,
        span,
        () => {
          const meant = suggest(name, lowering.scope.bindings.keys());
          return { hints: meant === undefined ? [] : [`did you mean \`${meant}\`?`] };
        },
      );
    }
    return [];
  });
}

/** No output for a value that is an error. */
function outputOf(name: string, value: Value, span: Span, { b, inputs }: Context): Output[] {
  if (value === undefined) return [];
  b.graph.at(span);
  // A formula of scalars stays one: its array literals are lists of scalar results.
  if (isList(value) && inputs.list.every(({ shape }) => shape.length === 0)) {
    const { shape, elements } = value;
    return [{ name, shape, elements: elements.map(element => toReal(b, element)), span }];
  }
  const node = toReal(b, toNode(b, value));
  return [{ name, shape: node.shape, elements: [node], span }];
}
