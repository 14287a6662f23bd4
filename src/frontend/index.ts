// The front end: a formula in, a program out (outputs only; derivatives are appended later). The stages are the reading
// of directives, the parse, and the lowering; what they find is reported together.

import { InternalError } from '../errors.ts';
import { builder } from '../ir/build.ts';
import { Graph, GraphLimitError } from '../ir/graph.ts';
import type { Program } from '../ir/program.ts';
import { SIZE_LIMIT_HINT, SizeLimitError } from '../ir/size.ts';
import type { Context } from './context.ts';
import { Diagnostics } from './diagnostics.ts';
import { type Directives, readDirectives } from './directives.ts';
import { type Decisions, type InputOptions, Inputs } from './inputs.ts';
import { Lowering } from './lower.ts';
import { selectOutputs } from './outputs.ts';
import { cleaned } from './parser.ts';
import { readStatements, type Statements } from './syntax.ts';
import {
  checkUncalledFunctions,
  checkUnusedStatements,
  warnOfUnusedInputs,
  warnOfUnusedVariables,
} from './unused.ts';
import type { Value } from './values.ts';

export interface ParseOptions extends InputOptions {
  /** Name of the source in diagnostics. Default `formula.expr`. */
  readonly name?: string;
  /** Limit on the size of the graph. Default 2e7. */
  readonly maxNodes?: number;
}

/**
 * Compiles the text of a formula to a program with its outputs. Throws a `SymgradError` with every independent mistake:
 * `syntax`, `unclosed-bracket`, `too-deep` (the parser overflowed the stack), `too-large` (more than `maxNodes` nodes, or
 * an array of 2^31 elements), `unknown-function`, `shape-mismatch`, ... Offsets in diagnostics are those of `text`.
 */
export function parseFormula(text: string, options: ParseOptions = {}): Program {
  const diagnostics = new Diagnostics();
  const directives = readDirectives(cleaned(text), diagnostics);
  const statements = readStatements(text, diagnostics);
  // Each round knows the shapes of more undeclared inputs than the last; all but the last are thrown away.
  for (let decided: Decisions = new Map(); ; ) {
    const found = new Diagnostics(diagnostics);
    const result = lower({ text, options, directives, statements, decided }, found);
    if (result.decisions.size === 0) return result.program();
    decided = new Map([...decided, ...result.decisions]);
  }
}

interface Source {
  readonly text: string;
  readonly options: ParseOptions;
  readonly directives: Directives;
  readonly statements: Statements;
  readonly decided: Decisions;
}

/** The program, unless shapes were found that have to be known from the beginning. */
function lower({ text, options, directives, statements, decided }: Source, diagnostics: Diagnostics) {
  const { roots, assigned, unknownNames } = statements;
  const graph = new Graph(options.maxNodes);
  const b = builder(graph);
  const inputs = new Inputs(b, directives, options, decided, diagnostics);
  const lowering = new Lowering({ builder: b, source: text, inputs, diagnostics, assigned, unknownNames });
  const context: Context = { text, roots, directives, b, inputs, lowering, diagnostics };
  const outputs = withinLimits(context, () => {
    const selected = selectOutputs(lowerStatements(context), context);
    checkUncalledFunctions(context);
    return selected;
  });

  const program = (): Program => {
    inputs.checkShapes(assigned);
    // After a mistake some inputs may not have been met: every name in the text may be one of them.
    const possible = diagnostics.hasErrors ? namesIn(text) : NO_NAMES;
    inputs.checkOptions(assigned, possible);
    const wrt = inputs.selectWrt(options.wrt, assigned, possible);
    checkUnusedStatements(context);
    diagnostics.throwErrors();
    if (outputs.length === 0) throw new InternalError('a value is missing, and no mistake was reported');

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
  };
  return { decisions: inputs.decisions, program };
}

const NO_NAMES: ReadonlySet<string> = new Set();

/** Every name outside of comments. */
function namesIn(text: string): ReadonlySet<string> {
  return new Set(text.replace(/#.*/g, '').match(/[\p{L}_$][\p{L}\p{N}_$]*/gu));
}

/** Lowers all statements; the value of the last. */
function lowerStatements({ roots, lowering }: Context): Value {
  let last: Value;
  for (const root of roots) last = lowering.statement(root);
  return last;
}

/** What `work` returns. A limit that is met ends everything: there is no going on without nodes, or without sizes. */
function withinLimits<T>({ lowering, diagnostics }: Context, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof GraphLimitError || error instanceof SizeLimitError)) throw error;
    const hint =
      error instanceof GraphLimitError
        ? 'functions are written into the formula at each call; --max-nodes raises the limit'
        : SIZE_LIMIT_HINT;
    diagnostics.error('too-large', `the formula is too large: ${error.message}`, lowering.span, {
      hints: [hint],
    });
    diagnostics.throwErrors();
    throw error;
  }
}
