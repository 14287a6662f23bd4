// Names used as what they are not: functions as values, values as functions, units, digit separators, look-alikes. Each
// is reported with what was probably meant, told from the text around it.

import { type Span, suggest } from '../errors.ts';
import type { FunctionNode, SymbolNode } from './ast.ts';
import type { Details, Diagnostics } from './diagnostics.ts';
import { CONSTANTS, FUNCTIONS } from './functions.ts';
import { FOREIGN_FUNCTIONS, REFUSED_FUNCTIONS, RESERVED_NAMES, UNITS } from './refused.ts';

export class Misuse {
  readonly #source: string;
  readonly #diagnostics: Diagnostics;

  constructor(source: string, diagnostics: Diagnostics) {
    this.#source = source;
    this.#diagnostics = diagnostics;
  }

  /**
   * Why `fn` is not what can be called: in `call`, or by `map` if there is none. `what` it is if it has a value,
   * `assigned` where the file defines the name later, if it does.
   */
  notAFunction(
    fn: SymbolNode,
    call: FunctionNode | undefined,
    what: 'number' | 'array' | 'unknown',
    assigned: Span | undefined,
    ownFunctions: readonly string[],
  ): undefined {
    const name = fn.name.text;
    const product = call === undefined ? [] : [this.#product(fn, call)];
    if (what !== 'unknown' || CONSTANTS.has(name)) {
      const element = `an element of an array is written ${name}[...]`;
      return this.#error('not-a-function', `\`${name}\` is a value, not a function`, fn.span, {
        hints: call === undefined ? [] : what === 'array' ? [element, ...product] : product,
      });
    }
    const refusal = REFUSED_FUNCTIONS.get(name);
    if (refusal !== undefined) {
      return this.#error(refusal.code, refusal.message, fn.span, { hints: [refusal.hint] });
    }
    if (assigned !== undefined) {
      return this.#error('read-before-assignment', `\`${name}\` is called before it is defined`, fn.span, {
        related: [{ message: 'defined here', span: assigned }],
      });
    }
    return this.#error('unknown-function', `unknown function \`${name}\``, fn.span, () => {
      const known = [...ownFunctions, ...FUNCTIONS.keys()];
      const meant = FOREIGN_FUNCTIONS.get(name) ?? suggest(name, known);
      return { hints: meant === undefined ? product : [`did you mean \`${meant}\`?`] };
    });
  }

  #product({ name, span }: SymbolNode, call: FunctionNode): string {
    const inside = this.#source.slice(span.end, call.span.end).trim();
    return `write ${name.text}*${inside.length > 40 ? '(...)' : inside} for the product`;
  }

  /** `sin x` is sin * x to mathjs. The hint is made from the text, which shows what was meant. */
  functionAsValue(node: SymbolNode, isOwn: boolean): undefined {
    const name = node.name.text;
    const after = this.#source.slice(node.span.end, node.span.end + 80);
    const power = /^\s*\^\s*(-?[\w.]+)\s*\(([^()\n]*)\)/.exec(after);
    const operand = /^[ \t]+([\w.]+)/.exec(after);
    const hint =
      power !== null
        ? `write ${name}(${power[2]})^${power[1]}`
        : /^'/.test(after)
          ? 'derivatives are not written in the formula: symgrad makes them'
          : operand !== null
            ? `write ${name}(${operand[1]})`
            : `call it, as in ${name}(x)`;
    const declare = `if \`${name}\` is meant as an input, declare it: # @input ${name}: scalar`;
    return this.#error('function-as-value', `\`${name}\` is a function, not a value`, node.span, {
      hints: isOwn ? [hint] : [hint, declare],
    });
  }

  /** Names that look like something else and would silently become inputs: reported, true. */
  isNoName(node: SymbolNode, isIndex: boolean): boolean {
    const { text: name, span } = node.name;
    const before = this.#source.slice(Math.max(0, span.start - 40), span.start);
    if (RESERVED_NAMES.has(name)) {
      this.#error('syntax', `\`${name}\` cannot be a value`, span);
    } else if (name === 'i') {
      this.#error('complex', 'complex numbers are not supported', span, {
        hints: [`if \`i\` is meant as an input, declare it: # @input i: scalar${isIndex ? ' int' : ''}`],
      });
    } else if (/^_[0-9]/.test(name) && /[0-9]$/.test(before)) {
      const number = /[0-9.]*$/.exec(before)?.[0] ?? '';
      this.#error(
        'digit-separator',
        'digits are not separated',
        { start: span.start - number.length, end: span.end },
        {
          hints: [`write ${number}${name.replaceAll('_', '')}`],
        },
      );
    } else if (UNITS.has(name) && /[0-9.]\s*$/.test(before)) {
      this.#error('unit', `units are not supported: \`${name}\``, span, {
        hints: [
          name.startsWith('deg') ? 'write degrees * pi / 180' : 'write the factor as a number',
          `if \`${name}\` is meant as an input, declare it: # @input ${name}: scalar`,
        ],
      });
    } else {
      return false;
    }
    return true;
  }

  warnOfLookalike({ name: { text: name, span } }: SymbolNode): void {
    const meant = LOOKALIKES.get(name);
    if (meant === undefined) return;
    this.#diagnostics.warning('suspicious-name', `\`${name}\` is a name here, so it became an input`, span, {
      hints: [`write \`${meant}\``],
    });
  }

  #error(code: string, message: string, span: Span, details?: Details | (() => Details)): undefined {
    this.#diagnostics.error(code, message, span, details);
    return undefined;
  }
}

/** Letters that mathjs allows in names and that people mean otherwise. */
const LOOKALIKES: ReadonlyMap<string, string> = new Map([
  ['×', '*'],
  ['÷', '/'],
  ['π', 'pi'],
  ['∞', 'Infinity'],
]);
