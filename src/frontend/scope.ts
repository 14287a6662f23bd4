// What names mean at each point of the file: variables, and the functions that the file defines. Names that are free in a
// function mean what they mean when it is called, as in mathjs: an assignment to such a name begins a new version, and
// what was remembered of calls under an older one is void.

import type { Span } from '../errors.ts';
import type { FunctionAssignmentNode } from './ast.ts';
import type { Diagnostics } from './diagnostics.ts';
import { CONSTANTS } from './functions.ts';
import { postorder, type Tape } from './postorder.ts';
import { RESERVED_NAMES } from './refused.ts';
import type { Value } from './values.ts';

export interface Variable {
  readonly kind: 'variable';
  readonly name: string;
  readonly value: Value;
  readonly span: Span;
  used: boolean;
}

/** A function that the file defines. */
export interface UserFunction {
  readonly kind: 'function';
  readonly name: string;
  readonly definition: FunctionAssignmentNode;
  /** Parameters and their positions. */
  readonly params: ReadonlyMap<string, number>;
  readonly tape: Tape;
  called: boolean;
  /** True while a call is being lowered: another call then is a recursion. */
  active: boolean;
  /** Results by the keys of the arguments, as long as `version` is that of the free names. */
  results: Map<string, Value>;
  version: number;
}

export class Scope {
  /** What names are bound to at this point of the file. */
  readonly bindings = new Map<string, Variable | UserFunction>();
  /** Variables whose binding was replaced, and all functions, for warnings. */
  readonly replaced: Variable[] = [];
  readonly functions: UserFunction[] = [];
  readonly #diagnostics: Diagnostics;
  /** Names that are free in some function, and how often they were assigned. */
  readonly #freeNames = new Set<string>();
  #version = 0;

  constructor(diagnostics: Diagnostics) {
    this.#diagnostics = diagnostics;
  }

  /** Makes what is remembered of calls void. */
  forget(): void {
    this.#version++;
  }

  /** The remembered results of `callee` that still hold. */
  resultsOf(callee: UserFunction): Map<string, Value> {
    if (callee.version !== this.#version) {
      callee.version = this.#version;
      callee.results = new Map();
    }
    return callee.results;
  }

  bind(name: string, binding: Variable | UserFunction): void {
    const earlier = this.bindings.get(name);
    if (earlier?.kind === 'variable') this.replaced.push(earlier);
    if (this.#freeNames.has(name)) this.#version++;
    this.bindings.set(name, binding);
  }

  /** The function of a definition, not yet bound to its name. */
  functionOf(node: FunctionAssignmentNode): UserFunction {
    const params = new Map<string, number>();
    for (const [position, param] of node.params.entries()) {
      if (params.has(param.text)) {
        this.#diagnostics.error('duplicate-name', `\`${param.text}\` names two parameters`, param.span);
      } else if (this.canAssign(param.text, param.span)) {
        params.set(param.text, position);
      }
    }
    const tape = postorder(node.expr);
    this.#noteFreeNames(tape);
    return {
      kind: 'function',
      name: node.name.text,
      definition: node,
      params,
      tape,
      called: false,
      active: false,
      results: new Map(),
      version: 0,
    };
  }

  /** False, with a diagnostic, for the words of mathjs. */
  canAssign(name: string, span: Span): boolean {
    if (RESERVED_NAMES.has(name)) {
      const message = `\`${name}\` cannot be a name: it has a meaning of its own`;
      this.#diagnostics.error('reserved-name', message, span);
      return false;
    }
    if (CONSTANTS.has(name)) warnOfShadowing(name, span, this.#diagnostics);
    return true;
  }

  #noteFreeNames(tape: Tape): void {
    for (const part of tape.nodes) {
      if (part.type === 'Symbol') this.#freeNames.add(part.name.text);
      else if (part.type === 'Function' && part.fn.type === 'Symbol') {
        this.#freeNames.add(part.fn.name.text);
        const last = part.args.at(-1); // what `map` calls is not in the tape
        if (last?.type === 'Symbol') this.#freeNames.add(last.name.text);
        else if (last?.type === 'FunctionAssignment') this.#noteFreeNames(postorder(last.expr));
      }
    }
  }
}

export function warnOfShadowing(name: string, span: Span, diagnostics: Diagnostics): void {
  diagnostics.warning(
    'shadowed-constant',
    `\`${name}\` is no longer the constant ${CONSTANTS.get(name)}`,
    span,
    {
      hints: ['give it another name if the constant is meant anywhere'],
    },
  );
}
