// The front end: a formula in, a program out (outputs only; derivatives are appended later). The stages are the reading
// of directives, the parse, and the lowering; what they find is reported together.

import { type Span, suggest } from '../errors.ts';
import { type Builder, builder } from '../ir/build.ts';
import { Graph, GraphLimitError } from '../ir/graph.ts';
import { liveNodes } from '../ir/live.ts';
import type { Output, Program } from '../ir/program.ts';
import { SCALAR } from '../ir/shape.ts';
import type { Ast } from './ast.ts';
import { Diagnostics } from './diagnostics.ts';
import { type Directives, type Mention, readDirectives } from './directives.ts';
import { toReal } from './functions.ts';
import { type InputOptions, Inputs } from './inputs.ts';
import { Lowering } from './lower.ts';
import { cleaned } from './parser.ts';
import { postorder } from './postorder.ts';
import { readStatements } from './syntax.ts';
import { isArray, type Value } from './values.ts';

export interface ParseOptions extends InputOptions {
  /** Name of the source in diagnostics. Default `formula.expr`. */
  readonly name?: string;
  /** Limit on the size of the graph. Default 2e7. */
  readonly maxNodes?: number;
}

/**
 * Compiles the text of a formula to a program with its outputs. Throws a `SymgradError` with every independent mistake:
 * `syntax`, `unclosed-bracket`, `too-deep` (the parser overflowed the stack), `too-large` (more than `maxNodes` nodes),
 * `unknown-function`, ... Offsets in diagnostics are those of `text`.
 */
export function parseFormula(text: string, options: ParseOptions = {}): Program {
  const diagnostics = new Diagnostics();
  const directives = readDirectives(cleaned(text), diagnostics);
  const { roots, assigned, unknownNames } = readStatements(text, diagnostics);
  const graph = new Graph(options.maxNodes);
  const b = builder(graph);
  const inputs = new Inputs(b, directives, options, diagnostics);
  const lowering = new Lowering({ builder: b, source: text, inputs, diagnostics, assigned, unknownNames });
  const context: Context = { text, roots, directives, b, inputs, lowering, diagnostics };

  const last = lowerStatements(context);
  const outputs = selectOutputs(last, context);
  checkUncalledFunctions(context);
  // After a mistake some inputs may not have been met: every name in the text may be one of them.
  const possible = diagnostics.hasErrors ? namesIn(text) : NO_NAMES;
  inputs.checkOptions(assigned, possible);
  const wrt = inputs.selectWrt(options.wrt, assigned, possible);
  checkUnusedStatements(context);
  diagnostics.throwErrors();

  warnOfUnusedVariables(context);
  warnOfUnusedInputs(outputs, wrt, context);
  graph.at(undefined);
  return {
    source: { name: options.name ?? 'formula.expr', text },
    graph,
    inputs: inputs.list,
    outputs,
    wrt,
    derivatives: [],
    diagnostics: diagnostics.notices(),
  };
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** Every name outside of comments. */
function namesIn(text: string): ReadonlySet<string> {
  return new Set(text.replace(/#.*/g, '').match(/[\p{L}_$][\p{L}\p{N}_$]*/gu));
}

interface Context {
  readonly text: string;
  readonly roots: readonly Ast[];
  readonly directives: Directives;
  readonly b: Builder;
  readonly inputs: Inputs;
  readonly lowering: Lowering;
  readonly diagnostics: Diagnostics;
}

/** Lowers all statements; the value of the last. */
function lowerStatements({ roots, lowering, diagnostics }: Context): Value {
  let last: Value;
  let current: Ast | undefined;
  const lowerAll = (): void => {
    for (current of roots) last = lowering.statement(postorder(current));
  };
  withinLimits(() => current?.span, diagnostics, lowerAll);
  return last;
}

/** What `work` returns. The limit on the size of the graph ends everything: there is no going on without nodes. */
function withinLimits<T>(span: () => Span | undefined, diagnostics: Diagnostics, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof GraphLimitError)) throw error;
    diagnostics.error('too-large', `the formula is too large: ${error.message}`, span(), {
      hints: ['functions are written into the formula at each call; --max-nodes raises the limit'],
    });
    diagnostics.throwErrors();
    throw error;
  }
}

/** The results of the formula: what `@output` names, or the last statement. */
function selectOutputs(last: Value, context: Context): readonly Output[] {
  const { roots, directives, inputs, lowering, diagnostics } = context;
  if (directives.outputs !== undefined) return namedOutputs(directives.outputs, context);
  const root = roots.at(-1);
  if (root === undefined) {
    if (!diagnostics.hasErrors) diagnostics.error('empty', 'the formula is empty', undefined);
    return [];
  }
  const statement = withoutParentheses(root);
  if (statement.type === 'FunctionAssignment') {
    const callee = lowering.bindings.get(statement.name.text);
    if (callee?.kind !== 'function') return [];
    const value = withinLimits(
      () => root.span,
      diagnostics,
      () => lowering.output(callee),
    );
    inputs.putFirst(statement.params.map(({ text }) => text));
    return outputOf(callee.name, value, statement.expr.span, context.b);
  }
  if (statement.type === 'Assignment' && statement.object.type === 'Symbol') {
    const name = statement.object.name.text;
    const binding = lowering.bindings.get(name);
    if (binding?.kind === 'variable') binding.used = true;
    return outputOf(name, last, statement.value.span, context.b);
  }
  return outputOf('value', last, root.span, context.b);
}

function namedOutputs(mentions: readonly Mention[], { b, inputs, lowering, diagnostics }: Context): Output[] {
  return mentions.flatMap(({ name, span }) => {
    const binding = lowering.bindings.get(name);
    if (binding?.kind === 'variable') {
      binding.used = true;
      return outputOf(name, binding.value, binding.span, b);
    }
    if (binding !== undefined) {
      diagnostics.error('function-as-value', `\`${name}\` is a function, not a value`, span, {
        hints: ['a function can be the output if it is the last statement and there is no @output'],
      });
    } else if (inputs.has(name)) {
      return outputOf(name, inputs.get(name), span, b);
    } else {
      diagnostics.error(
        'unknown-output',
        `@output ${name}: the formula does not assign \`${name}\``,
        span,
        () => {
          const meant = suggest(name, lowering.bindings.keys());
          return { hints: meant === undefined ? [] : [`did you mean \`${meant}\`?`] };
        },
      );
    }
    return [];
  });
}

/** No output for a value that is an error. */
function outputOf(name: string, value: Value, span: Span, b: Builder): Output[] {
  if (value === undefined) return [];
  b.graph.at(span);
  const [shape, elements] = isArray(value) ? [value.shape, value.elements] : [SCALAR, [value]];
  return [{ name, shape, elements: elements.map(element => toReal(b, element)), span }];
}

/** The last function first: it may call those before it, which are then no longer uncalled. */
function checkUncalledFunctions({ lowering, diagnostics }: Context): void {
  for (const callee of [...lowering.functions].reverse()) {
    if (callee.called) continue;
    const { span } = callee.definition.name;
    diagnostics.warning('unused-function', `\`${callee.name}\` is never called`, span);
    withinLimits(
      () => callee.definition.span,
      diagnostics,
      () => lowering.rehearse(callee),
    );
  }
}

/** Values that nothing takes. One that begins with an operator was meant to continue the line above. */
function checkUnusedStatements({ text, roots, directives, lowering, diagnostics }: Context): void {
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
function isUnused(root: Ast, { bindings }: Lowering): boolean {
  const statement = withoutParentheses(root);
  if (statement.type === 'FunctionAssignment') return false;
  if (statement.type !== 'Assignment' || statement.object.type !== 'Symbol') return true;
  const { text, span } = statement.object.name;
  const binding = bindings.get(text);
  return binding?.kind === 'variable' && binding.span === span && !binding.used;
}

function warnOfUnusedVariables({ lowering, diagnostics }: Context): void {
  for (const binding of [...lowering.replaced, ...lowering.bindings.values()]) {
    if (binding.kind !== 'variable' || binding.used) continue;
    diagnostics.warning('unused-variable', `\`${binding.name}\` is assigned and not used`, binding.span);
  }
}

/** Inputs that no output depends on. */
function warnOfUnusedInputs(
  outputs: readonly Output[],
  wrt: readonly string[],
  { inputs, directives, diagnostics }: Context,
): void {
  const live = new Set(
    liveNodes(outputs.flatMap(({ elements }) => elements)).filter(({ op }) => op === 'input'),
  );
  const differentiated = new Set(wrt);
  const mentions = new Map(directives.wrt?.map(({ name, span }) => [name, span]));
  for (const { name, node, span } of inputs.list) {
    if (live.has(node)) continue;
    const place = mentions.get(name) ?? span;
    const message = `the output does not depend on \`${name}\``;
    if (!differentiated.has(name)) diagnostics.warning('unused-input', message, place);
    else diagnostics.warning('unused-input', `${message}: its derivative is zero`, place);
  }
}

function withoutParentheses(root: Ast): Ast {
  let node = root;
  while (node.type === 'Parenthesis') node = node.content;
  return node;
}
