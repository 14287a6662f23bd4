// Tree to graph: a stack machine over postorder lists of tree nodes. A call of a function that the file defines pushes a
// frame, so neither deep trees nor long chains of calls use the stack of JavaScript. There is no control flow: both
// branches of a conditional become nodes, and a `select` chooses.
//
// A function is lowered once for each list of arguments (nodes are interned, so equal arguments are one object). Names
// that are free in a function mean what they mean when it is called, as in mathjs: an assignment to such a name makes
// the lowered calls void.

import type { Span } from '../errors.ts';
import { type Builder, builder } from '../ir/build.ts';
import { Graph, GraphLimitError, type Node } from '../ir/graph.ts';
import type {
  ArrayNode,
  AssignmentNode,
  Ast,
  ConstantNode,
  FunctionAssignmentNode,
  FunctionNode,
  OperatorNode,
  RelationalNode,
  SymbolNode,
} from './ast.ts';
import type { Details, Diagnostics } from './diagnostics.ts';
import { CONSTANTS, choice, FUNCTIONS, toReal } from './functions.ts';
import { type Inputs, warnOfShadowing } from './inputs.ts';
import { Misuse } from './misuse.ts';
import { percentageOf, postorder, type Tape } from './postorder.ts';
import { RESERVED_NAMES, refusalOf } from './refused.ts';
import { arrayOf, isArray, type Value } from './values.ts';

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
  /** Results by the ids of the arguments, as long as `version` is that of the free names. */
  results: Map<string, Value>;
  version: number;
}

/** A list being worked off, with the arguments if it is the body of a function. */
interface Frame {
  readonly tape: Tape;
  next: number;
  readonly callee?: UserFunction;
  readonly args: readonly Value[];
  /** What the result is remembered by. */
  readonly key?: string;
}

export class Lowering {
  /** What names are bound to at this point of the file. */
  readonly bindings = new Map<string, Variable | UserFunction>();
  /** Variables whose binding was replaced, and all functions, for warnings. */
  readonly replaced: Variable[] = [];
  readonly functions: UserFunction[] = [];

  #b: Builder;
  readonly #inputs: Inputs;
  readonly #diagnostics: Diagnostics;
  readonly #misuse: Misuse;
  /** Every name that the file assigns anywhere, and where first. */
  readonly #assigned: ReadonlyMap<string, Span>;
  /** Names assigned in statements that could not be parsed. */
  readonly #unknownNames: ReadonlySet<string>;
  readonly #values: Value[] = [];
  /** Names that are free in some function, and how often they were assigned. */
  readonly #freeNames = new Set<string>();
  #version = 0;
  /** Tree nodes lowered inside of functions. */
  #inlined = 0;
  /** True while a function that nothing calls is checked: nothing it does may show. */
  #rehearsing = false;

  constructor(context: {
    readonly builder: Builder;
    readonly source: string;
    readonly inputs: Inputs;
    readonly diagnostics: Diagnostics;
    readonly assigned: ReadonlyMap<string, Span>;
    readonly unknownNames: ReadonlySet<string>;
  }) {
    this.#b = context.builder;
    this.#inputs = context.inputs;
    this.#diagnostics = context.diagnostics;
    this.#misuse = new Misuse(context.source, context.diagnostics);
    this.#assigned = context.assigned;
    this.#unknownNames = context.unknownNames;
  }

  /** The value of a statement; assignments and definitions take effect. */
  statement(tape: Tape): Value {
    return this.#run({ tape, next: 0, args: [] });
  }

  /** The value of `callee` when its parameters are the inputs of the same names. */
  output(callee: UserFunction): Value {
    const args = callee.definition.params.map(({ text, span }) => this.#inputs.use(text, span));
    callee.called = true;
    callee.active = true;
    return this.#run({ tape: callee.tape, next: 0, callee, args });
  }

  /** Looks for mistakes in a function that nothing calls. */
  rehearse(callee: UserFunction): void {
    const b = this.#b;
    this.#b = builder(new Graph(b.graph.maxNodes));
    this.#rehearsing = true;
    this.#version++;
    const args = callee.definition.params.map(({ text }) => this.#b.graph.input(text));
    callee.active = true;
    this.#run({ tape: callee.tape, next: 0, callee, args });
    this.#version++;
    this.#rehearsing = false;
    this.#b = b;
  }

  #run(start: Frame): Value {
    const frames = [start];
    const { graph } = this.#b;
    for (let frame: Frame | undefined = start; frame !== undefined; ) {
      if (frame.next === frame.tape.nodes.length) {
        if (frame.callee !== undefined) {
          frame.callee.active = false;
          if (frame.key !== undefined) frame.callee.results.set(frame.key, this.#values.at(-1));
        }
        frames.pop();
        frame = frames.at(-1);
        continue;
      }
      const node = frame.tape.nodes[frame.next++];
      graph.at(node.span);
      if (frame.callee !== undefined && ++this.#inlined > graph.maxNodes) {
        throw new GraphLimitError(`more than ${graph.maxNodes} nodes inlined`);
      }
      if (node.type === 'Function') {
        const call = this.#call(node, frame, frames);
        if (call !== undefined) {
          frames.push(call);
          frame = call;
        }
      } else {
        this.#values.push(this.#evaluate(node, frame));
      }
    }
    return this.#values.pop();
  }

  #evaluate(node: Exclude<Ast, FunctionNode>, frame: Frame): Value {
    switch (node.type) {
      case 'Constant':
        return this.#constant(node);
      case 'Symbol':
        return this.#symbol(node, frame);
      case 'Operator':
        return this.#operator(node);
      case 'Relational':
        return this.#relational(node);
      case 'Conditional': {
        const [condition, x, y] = this.#scalars([node.condition, node.trueExpr, node.falseExpr]) ?? [];
        return condition && choice(this.#b, condition, x, y);
      }
      case 'Array':
        return this.#array(node);
      case 'Assignment':
        return this.#assignment(node, frame);
      case 'FunctionAssignment':
        return this.#definition(node, frame);
      case 'Accessor':
      case 'Index':
      case 'Object':
      case 'Range':
        return this.#refuse(node);
      case 'Parenthesis':
      case 'Block':
        return undefined; // not in a tape
      default:
        return node satisfies never;
    }
  }

  #constant(node: ConstantNode): Value {
    switch (typeof node.value) {
      case 'number':
        if (Number.isNaN(node.value) && node.text !== 'NaN') {
          return this.#error('number-syntax', `\`${node.text}\` is not a number`, node.span, {
            hints: ['digits of another base are written 0x1F, 0o17, 0b101'],
          });
        }
        return this.#b.constant(node.value);
      case 'boolean':
        return this.#b.constant(Number(node.value));
      case 'string':
        return this.#error('string', 'a formula cannot have strings', node.span);
      default:
        return this.#error('null', `\`${node.value}\` is not a number`, node.span, {
          hints: ['for a value that is not there write NaN'],
        });
    }
  }

  #symbol(node: SymbolNode, frame: Frame): Value {
    const name = node.name.text;
    const param = frame.callee?.params.get(name);
    if (param !== undefined) return frame.args[param];

    const binding = this.bindings.get(name);
    if (binding?.kind === 'variable') {
      binding.used = true;
      return binding.value;
    }
    if (binding !== undefined) return this.#misuse.functionAsValue(node, this.bindings.has(name));
    if (this.#inputs.has(name)) return this.#inputs.get(name);
    if (this.#unknownNames.has(name)) return undefined;

    const assigned = this.#assigned.get(name);
    if (assigned !== undefined) {
      return this.#error('read-before-assignment', `\`${name}\` is read before it is assigned`, node.span, {
        related: [{ message: 'assigned here', span: assigned }, ...this.#callSite(frame)],
        hints: [`if \`${name}\` is an input too, declare it: # @input ${name}: scalar`],
      });
    }
    if (!this.#inputs.isDefined(name)) {
      const constant = CONSTANTS.get(name);
      if (constant !== undefined) return this.#b.constant(constant);
      if (this.#misuse.isNoName(node)) return undefined;
      if (FUNCTIONS.has(name)) return this.#misuse.functionAsValue(node, this.bindings.has(name));
    }
    if (this.#rehearsing) return this.#b.graph.input(name);
    this.#misuse.warnOfLookalike(node);
    return this.#inputs.use(name, node.span);
  }

  #operator(node: OperatorNode): Value {
    if (refusalOf(node) !== undefined) return this.#refuse(node);
    const percentage = percentageOf(node);
    const args = this.#scalars(percentage ?? node.args);
    if (args === undefined) return undefined;
    const build = FUNCTIONS.get(node.fn)?.build;
    if (build === undefined) return this.#error('syntax', `\`${node.op}\` has no meaning here`, node.span);
    if (percentage !== undefined)
      return build(this.#b, [args[0], this.#b.mul(toReal(this.#b, args[0]), args[1])]);
    this.#hintOfMask(node.fn, args, node.span);
    return build(this.#b, args);
  }

  #relational(node: RelationalNode): Value {
    const args = this.#scalars(node.params);
    if (args === undefined) return undefined;
    return node.conditionals
      .map((name, i) => FUNCTIONS.get(name)!.build(this.#b, [args[i], args[i + 1]]))
      .reduce((p, q) => this.#b.and(p, q));
  }

  #array(node: ArrayNode): Value {
    const items = this.#pop(node.items.length);
    const known = items.filter(item => item !== undefined);
    if (known.length < items.length) return undefined;
    const array = arrayOf(known);
    return typeof array === 'string' ? this.#error('array', array, node.span) : array;
  }

  #assignment(node: AssignmentNode, frame: Frame): Value {
    if (node.object.type !== 'Symbol' || node.index !== undefined) {
      return this.#error(
        'not-scalar',
        'only arrays have elements, and this version compiles formulas of scalar inputs',
        node.object.span,
        { hints: ['make each element a variable of its own: x1, x2, x3'] },
      );
    }
    const value = this.#values.pop();
    const { text: name, span } = node.object.name;
    if (frame.callee !== undefined) {
      return this.#error('nested-assignment', 'a function cannot assign: it is a formula', span, {
        hints: ['write what is assigned in its place, or as a function of its own'],
      });
    }
    if (frame.tape.conditional.has(node)) {
      return this.#error('nested-assignment', 'an assignment may not depend on a condition', span, {
        hints: [`write ${name} = condition ? a : b`],
      });
    }
    if (!this.#canAssign(name, span)) return undefined;
    if (value !== undefined && !isArray(value) && value.op !== 'const' && value.op !== 'input') {
      const { names } = this.#b.graph;
      if (!names.has(value)) names.set(value, name);
    }
    this.#bind(name, { kind: 'variable', name, value, span, used: frame.tape.nodes.at(-1) !== node });
    return value;
  }

  #definition(node: FunctionAssignmentNode, frame: Frame): Value {
    const { text: name, span } = node.name;
    if (frame.callee !== undefined || frame.tape.nodes.length > 1) {
      return this.#error('nested-function', 'a function is defined in a statement of its own', span, {
        hints: [`put \`${name}(${node.params.map(({ text }) => text).join(', ')}) = ...\` on a line before`],
      });
    }
    if (!this.#canAssign(name, span)) return undefined;
    const params = new Map<string, number>();
    for (const [position, param] of node.params.entries()) {
      if (params.has(param.text)) {
        this.#error('duplicate-name', `\`${param.text}\` names two parameters`, param.span);
      } else if (this.#canAssign(param.text, param.span)) {
        params.set(param.text, position);
      }
    }
    const tape = postorder(node.expr);
    for (const part of tape.nodes) {
      if (part.type === 'Symbol') this.#freeNames.add(part.name.text);
      else if (part.type === 'Function' && part.fn.type === 'Symbol') this.#freeNames.add(part.fn.name.text);
    }
    const definition: UserFunction = {
      kind: 'function',
      name,
      definition: node,
      params,
      tape,
      called: false,
      active: false,
      results: new Map(),
      version: 0,
    };
    this.functions.push(definition);
    this.#bind(name, definition);
    return undefined;
  }

  #bind(name: string, binding: Variable | UserFunction): void {
    const earlier = this.bindings.get(name);
    if (earlier?.kind === 'variable') this.replaced.push(earlier);
    if (this.#freeNames.has(name)) this.#version++;
    this.bindings.set(name, binding);
  }

  #canAssign(name: string, span: Span): boolean {
    if (RESERVED_NAMES.has(name)) {
      this.#error('reserved-name', `\`${name}\` cannot be a name: it has a meaning of its own`, span);
      return false;
    }
    if (CONSTANTS.has(name)) warnOfShadowing(name, span, this.#diagnostics);
    return true;
  }

  /** Takes the arguments off the stack and puts the result there, unless the frame it returns has to run first. */
  #call(node: FunctionNode, frame: Frame, frames: readonly Frame[]): Frame | undefined {
    const refused = refusalOf(node);
    if (refused !== undefined || node.fn.type !== 'Symbol') {
      this.#values.push(this.#refuse(node));
      return undefined;
    }
    const args = this.#pop(node.args.length);
    const name = node.fn.name.text;
    const binding = frame.callee?.params.has(name) ? undefined : this.bindings.get(name);
    if (binding?.kind === 'function') return this.#callUser(binding, args, node, frames);
    this.#values.push(this.#callBuiltin(name, args, node, frame));
    return undefined;
  }

  #callUser(callee: UserFunction, args: readonly Value[], node: FunctionNode, frames: readonly Frame[]) {
    const { name, definition } = callee;
    callee.called = true;
    const count = definition.params.length;
    if (args.length !== count) {
      this.#values.push(
        this.#error('wrong-arity', arityMessage(name, [count, count], args.length), node.span, {
          related: [{ message: 'defined here', span: definition.name.span }],
        }),
      );
      return undefined;
    }
    if (callee.active) {
      this.#values.push(this.#recursion(callee, node, frames));
      return undefined;
    }
    if (args.includes(undefined)) {
      this.#values.push(undefined);
      return undefined;
    }
    if (callee.version !== this.#version) {
      callee.version = this.#version;
      callee.results = new Map();
    }
    const key = args.some(isArray) ? undefined : args.map(arg => (arg as Node).id).join();
    if (key !== undefined && callee.results.has(key)) {
      this.#values.push(callee.results.get(key));
      return undefined;
    }
    callee.active = true;
    return { tape: callee.tape, next: 0, callee, args, ...(key === undefined ? {} : { key }) };
  }

  #recursion(callee: UserFunction, node: FunctionNode, frames: readonly Frame[]): Value {
    const from = frames.findIndex(frame => frame.callee === callee);
    const cycle = frames.slice(from).map(frame => frame.callee?.name);
    const shown = cycle.length > 8 ? [...cycle.slice(0, 4), '...', ...cycle.slice(-3)] : cycle;
    return this.#error(
      'recursion',
      `\`${callee.name}\` calls itself: ${[...shown, callee.name].join(' -> ')}`,
      node.span,
      {
        related: [{ message: `\`${callee.name}\` is defined here`, span: callee.definition.name.span }],
        hints: ['a function is written into the formula at each call, so a recursion would never end'],
      },
    );
  }

  #callBuiltin(name: string, args: readonly Value[], node: FunctionNode, frame: Frame): Value {
    const isValue =
      frame.callee?.params.has(name) === true || this.bindings.has(name) || this.#inputs.has(name);
    const facts = FUNCTIONS.get(name);
    if (isValue || facts === undefined)
      return this.#unknownNames.has(name) ? undefined : this.#notAFunction(node, isValue);

    const [first] = args;
    const values = facts.reduces && args.length === 1 && isArray(first) ? first.elements : args;
    const [min, max] = facts.arity;
    if (values.length > max && facts.reduces) {
      return this.#error(
        'too-large',
        `\`${name}\` takes at most ${max} values, not ${values.length}`,
        node.span,
        {
          hints: [`take it in parts: ${name}(${name}(a, ...), ${name}(b, ...))`],
        },
      );
    }
    if (values.length < min || values.length > max) {
      return this.#error('wrong-arity', arityMessage(name, facts.arity, values.length), node.span);
    }
    const scalars: Node[] = [];
    for (const [i, value] of values.entries()) {
      const scalar = this.#scalar(value, node.args[i]);
      if (scalar !== undefined) scalars.push(scalar);
    }
    if (scalars.length < values.length) return undefined;
    this.#hintOfMask(name, scalars, node.span);
    return facts.build(this.#b, scalars);
  }

  #notAFunction(node: FunctionNode, isValue: boolean): undefined {
    const assigned = this.#assigned.get((node.fn as SymbolNode).name.text); // asked for in #call
    return this.#misuse.notAFunction(
      node,
      isValue,
      assigned,
      this.functions.map(({ name }) => name),
    );
  }

  #hintOfMask(name: string, args: readonly Node[], span: Span): void {
    if (name !== 'multiply' && name !== 'dotMultiply') return;
    if (args.every(x => x.dtype === 'bool') || !args.some(x => x.dtype === 'bool')) return;
    this.#diagnostics.hint(
      'mask-factor',
      'a condition as a factor is 0 or 1, and 0 times infinity is NaN',
      span,
      {
        hints: ['write where(condition, a, b), whose derivative takes the chosen side only'],
      },
    );
  }

  #callSite(frame: Frame) {
    return frame.callee === undefined
      ? []
      : [{ message: `in the function \`${frame.callee.name}\``, span: frame.callee.definition.name.span }];
  }

  #refuse(node: Ast): undefined {
    const refusal = refusalOf(node);
    if (refusal !== undefined)
      this.#error(refusal.code, refusal.message, node.span, { hints: [refusal.hint] });
    return undefined;
  }

  /** The last values on the stack, of the operands `nodes`, if all are scalars; what is not is reported. */
  #scalars(nodes: readonly Ast[]): readonly Node[] | undefined {
    const values = this.#pop(nodes.length);
    const scalars: Node[] = [];
    for (let i = 0; i < nodes.length; i++) {
      const scalar = this.#scalar(values[i], nodes[i]);
      if (scalar !== undefined) scalars.push(scalar);
    }
    return scalars.length < nodes.length ? undefined : scalars;
  }

  #scalar(value: Value, node: Ast): Node | undefined {
    if (!isArray(value)) return value;
    return this.#error(
      'not-scalar',
      `expected a number, found an array of ${value.shape.join('x')}`,
      node.span,
      {
        hints: ['sum, prod, mean, min, max, hypot and logsumexp take an array; a result may be one'],
      },
    );
  }

  #pop(count: number): Value[] {
    return this.#values.splice(this.#values.length - count, count);
  }

  #error(code: string, message: string, span: Span, details?: Details | (() => Details)): undefined {
    this.#diagnostics.error(code, message, span, details);
    return undefined;
  }
}

function arityMessage(name: string, [min, max]: readonly [number, number], count: number): string {
  const expected = min === max ? `${min}` : max === min + 1 ? `${min} or ${max}` : `at least ${min}`;
  const noun = expected === '1' || expected === 'at least 1' ? 'argument' : 'arguments';
  return `\`${name}\` takes ${expected} ${noun}, not ${count}`;
}
