// Tree to graph: a stack machine over postorder lists of tree nodes. A call of a function that the file defines pushes a
// frame, so neither deep trees nor long chains of calls use the stack of JavaScript. There is no control flow: both
// branches of a conditional become nodes, and a `select` chooses.
//
// A function is lowered once for each list of arguments (nodes are interned, so equal arguments are one object). What
// functions and operators mean is in tables (functions.ts); here are names, calls, and the order of evaluation.

import type { Related, Span } from '../errors.ts';
import { type Builder, builder } from '../ir/build.ts';
import { Graph, GraphLimitError } from '../ir/graph.ts';
import type { Shape } from '../ir/shape.ts';
import type {
  AssignmentNode,
  Ast,
  ConstantNode,
  FunctionAssignmentNode,
  FunctionNode,
  SymbolNode,
} from './ast.ts';
import type { Details, Diagnostics } from './diagnostics.ts';
import { Expressions } from './expressions.ts';
import { CONSTANTS, FUNCTIONS } from './functions.ts';
import type { Inputs } from './inputs.ts';
import { elementsOf, mappedResult } from './map.ts';
import type { Surroundings } from './mistakes.ts';
import { Misuse } from './misuse.ts';
import { operandsOf, operandsOfCall, postorder, type Tape, textOf } from './postorder.ts';
import { refusalOf } from './refused.ts';
import { Scope, type UserFunction } from './scope.ts';
import { isNode, keyOf, type Present, rankOf, shapeOf, type Value } from './values.ts';

/** A list being worked off, with the arguments if it is the body of a function. */
interface Frame {
  readonly tape: Tape;
  next: number;
  readonly callee?: UserFunction;
  readonly args: readonly Value[];
  /** What the result is remembered by. */
  readonly key?: string;
  /** Where it is called. */
  readonly site?: Span;
  /** Whose parameters are visible too: a function that is written as an argument is called inside of its surroundings. */
  readonly outer?: Frame;
  /** Makes the result of the call of what the function returns. */
  readonly finish?: (value: Present) => Present;
}

/** What a call leaves: its value, or the frame that has to run first. */
type Called = { readonly value: Value } | Frame;
const NOTHING: Called = { value: undefined };

export class Lowering implements Surroundings {
  readonly scope: Scope;
  readonly source: string;
  /** The statement that is being lowered. */
  span: Span | undefined;

  #b: Builder;
  readonly #inputs: Inputs;
  readonly #diagnostics: Diagnostics;
  readonly #misuse: Misuse;
  readonly #expressions: Expressions;
  /** Every name that the file assigns anywhere, and where first. */
  readonly #assigned: ReadonlyMap<string, Span>;
  /** Names assigned in statements that could not be parsed. */
  readonly #unknownNames: ReadonlySet<string>;
  readonly #values: Value[] = [];
  readonly #frames: Frame[] = [];
  /** The arrays that indices are being lowered for: what `end` is the end of. */
  readonly #indexed: Value[] = [];
  /** Tree nodes lowered inside of functions. */
  #inlined = 0;
  #maps = 0;
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
    this.source = context.source;
    this.#inputs = context.inputs;
    this.#diagnostics = context.diagnostics;
    this.scope = new Scope(context.diagnostics);
    this.#misuse = new Misuse(context.source, context.diagnostics);
    this.#expressions = new Expressions(this, context.diagnostics, () => this.#sites());
    this.#assigned = context.assigned;
    this.#unknownNames = context.unknownNames;
  }

  get b(): Builder {
    return this.#b;
  }

  /** The value of a statement; assignments and definitions take effect. */
  statement(root: Ast): Value {
    this.span = root.span;
    return this.#run({ tape: postorder(root), next: 0, args: [] });
  }

  /** The value of `callee` when its parameters are the inputs of the same names. */
  output(callee: UserFunction): Value {
    const args = callee.definition.params.map(({ text, span }) => this.#inputs.use(text, span));
    callee.called = true;
    callee.active = true;
    this.span = callee.definition.span;
    return this.#run({ tape: callee.tape, next: 0, callee, args });
  }

  /** Looks for mistakes in a function that nothing calls. Of its parameters nothing is known, not even their shapes. */
  rehearse(callee: UserFunction): void {
    const b = this.#b;
    this.#b = builder(new Graph(b.graph.maxNodes));
    this.#rehearsing = true;
    this.scope.forget();
    this.span = callee.definition.span;
    callee.active = true;
    this.#run({ tape: callee.tape, next: 0, callee, args: [] });
    this.scope.forget();
    this.#rehearsing = false;
    this.#b = b;
  }

  originOf(node: Ast): Span | undefined {
    if (node.type !== 'Symbol') return undefined;
    const name = node.name.text;
    const frame = this.#frames.at(-1);
    if (frame !== undefined && paramOf(name, frame) !== undefined) return undefined;
    const binding = this.scope.bindings.get(name);
    return binding?.kind === 'variable' ? binding.span : this.#inputs.originOf(name);
  }

  decide(value: Present, rank: number, shape: Shape | undefined, span: Span): boolean {
    return isNode(value) && value.op === 'input' && this.#inputs.decide(value.attrs.name, rank, shape, span);
  }

  #run(start: Frame): Value {
    const frames = this.#frames;
    frames.push(start);
    const { graph } = this.#b;
    for (let frame: Frame | undefined = start; frame !== undefined; ) {
      if (frame.next === frame.tape.nodes.length) {
        frames.pop();
        this.#leave(frame);
        frame = frames.at(-1);
        continue;
      }
      const node = frame.tape.nodes[frame.next++];
      graph.at(node.span);
      if (frame.callee !== undefined && ++this.#inlined > graph.maxNodes) {
        throw new GraphLimitError(`more than ${graph.maxNodes} nodes inlined`);
      }
      if (node.type === 'Index') {
        this.#indexed.push(this.#values.at(-1));
      } else if (node.type === 'Function') {
        const called = this.#call(node, frame);
        if ('value' in called) {
          this.#values.push(called.value);
        } else {
          frames.push(called);
          frame = called;
        }
      } else {
        this.#values.push(this.#evaluate(node, frame));
      }
    }
    return this.#values.pop();
  }

  /** The value of the frame is the last on the stack. */
  #leave({ callee, key, finish, site }: Frame): void {
    if (callee === undefined) return;
    callee.active = false;
    if (finish !== undefined) {
      const value = this.#values.pop();
      const span = site ?? callee.definition.span;
      this.#b.graph.at(span);
      this.#values.push(value && this.#expressions.attempt(span, () => finish(value)));
    }
    if (key !== undefined) callee.results.set(key, this.#values.at(-1));
  }

  #evaluate(node: Exclude<Ast, FunctionNode>, frame: Frame): Value {
    const expressions = this.#expressions;
    switch (node.type) {
      case 'Constant':
        return this.#constant(node);
      case 'Symbol':
        return this.#symbol(node, frame);
      case 'Operator':
        return refusalOf(node) === undefined
          ? expressions.operator(node, this.#pop(node.args.length))
          : this.#refuse(node);
      case 'Relational':
        return expressions.relational(node, this.#pop(node.params.length));
      case 'Conditional':
        return expressions.conditional(node, this.#pop(3));
      case 'Array':
        return expressions.array(node, this.#pop(operandsOf(node).length));
      case 'Range':
        return expressions.range(node, this.#pop(operandsOf(node).length));
      case 'Accessor':
        if (refusalOf(node) !== undefined) return this.#refuse(node);
        this.#indexed.pop();
        return expressions.accessor(node, this.#pop(node.index.dimensions.length + 1));
      case 'Assignment':
        return this.#assignment(node, frame);
      case 'FunctionAssignment':
        return this.#definition(node, frame);
      case 'Object':
        return this.#refuse(node);
      case 'Index':
      case 'Parenthesis':
      case 'Block':
        return undefined; // not here, or not in a tape
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
    const owner = paramOf(name, frame);
    if (owner !== undefined) return owner.args[owner.callee!.params.get(name)!]; // paramOf found it there

    const { bindings } = this.scope;
    const binding = bindings.get(name);
    if (binding?.kind === 'variable') {
      binding.used = true;
      return binding.value;
    }
    if (binding !== undefined) return this.#misuse.functionAsValue(node, true);
    if (this.#inputs.has(name)) return this.#inputs.get(name);
    if (this.#unknownNames.has(name)) return undefined;

    const assigned = this.#assigned.get(name);
    if (assigned !== undefined) {
      return this.#error('read-before-assignment', `\`${name}\` is read before it is assigned`, node.span, {
        related: [{ message: 'assigned here', span: assigned }, ...definitionOf(frame)],
        hints: [`if \`${name}\` is an input too, declare it: # @input ${name}: scalar`],
      });
    }
    const axis = name === 'end' ? frame.tape.axes.get(node) : undefined;
    if (axis !== undefined) return this.#endOf(axis);
    if (!this.#inputs.isDefined(name)) {
      const constant = CONSTANTS.get(name);
      if (constant !== undefined) return this.#b.constant(constant);
      if (this.#misuse.isNoName(node, frame.tape.axes.has(node))) return undefined;
      if (FUNCTIONS.has(name)) return this.#misuse.functionAsValue(node, false);
    }
    if (this.#rehearsing) return undefined;
    this.#misuse.warnOfLookalike(node);
    return this.#inputs.use(name, node.span);
  }

  #endOf(axis: number): Value {
    const object = this.#indexed.at(-1);
    const size = object === undefined ? undefined : shapeOf(object)[axis];
    return size === undefined ? undefined : this.#b.size(size);
  }

  #assignment(node: AssignmentNode, frame: Frame): Value {
    if (node.object.type !== 'Symbol' || node.index !== undefined) {
      return this.#error('element-assignment', 'an element cannot be assigned to', node.object.span, {
        hints: ['arrays do not change: make a new one, with where(...), concat(...) or an array literal'],
      });
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
    if (!this.scope.canAssign(name, span)) return undefined;
    if (isNode(value) && value.op !== 'const' && value.op !== 'input') {
      const { names } = this.#b.graph;
      if (!names.has(value)) names.set(value, name);
    }
    this.scope.bind(name, { kind: 'variable', name, value, span, used: frame.tape.nodes.at(-1) !== node });
    return value;
  }

  #definition(node: FunctionAssignmentNode, frame: Frame): Value {
    const { text: name, span } = node.name;
    if (frame.callee !== undefined || frame.tape.nodes.length > 1) {
      return this.#error('nested-function', 'a function is defined in a statement of its own', span, {
        hints: [`put \`${name}(${node.params.map(({ text }) => text).join(', ')}) = ...\` on a line before`],
      });
    }
    if (!this.scope.canAssign(name, span)) return undefined;
    const definition = this.scope.functionOf(node);
    this.scope.functions.push(definition);
    this.scope.bind(name, definition);
    return undefined;
  }

  #call(node: FunctionNode, frame: Frame): Called {
    if (refusalOf(node) !== undefined || node.fn.type !== 'Symbol') return { value: this.#refuse(node) };
    const operands = operandsOfCall(node);
    const values = this.#pop(operands.length);
    const name = node.fn.name.text;
    const callee = this.#calleeOf(node.fn, frame, node);
    if (callee === undefined) return NOTHING;
    if (callee !== 'builtin') {
      const last = node.args[operands.length];
      // To a function of the file that is called `map` a name is a value.
      if (last?.type === 'Symbol') values.push(this.#symbol(last, frame));
      if (values.length === node.args.length) return this.#callUser(callee, values, node);
      return this.#nothing('string', `\`${name}\` is a function of the file, which takes values`, node.span);
    }
    if (name === 'map' && operands.length < node.args.length) return this.#map(node, operands, values, frame);
    const problem = arityProblem(name, operands.length);
    if (problem !== undefined)
      return this.#nothing(problem.code, problem.message, node.span, problem.details);
    const texts = operands.length === node.args.length ? [] : textsIn(node.args);
    return { value: this.#expressions.apply(name, node.span, operands, values, texts) };
  }

  /** What a name that is called stands for; undefined, with a diagnostic, if that is no function. */
  #calleeOf(fn: SymbolNode, frame: Frame, call?: FunctionNode): UserFunction | 'builtin' | undefined {
    const name = fn.name.text;
    const owner = paramOf(name, frame);
    const binding = owner === undefined ? this.scope.bindings.get(name) : undefined;
    if (binding?.kind === 'function') return binding;
    const isValue = owner !== undefined || binding !== undefined || this.#inputs.has(name);
    if (!isValue && FUNCTIONS.has(name)) return 'builtin';
    if (!isValue && this.#unknownNames.has(name)) return undefined;
    const value =
      owner?.args[owner.callee?.params.get(name) ?? 0] ?? binding?.value ?? this.#inputs.get(name);
    const what = !isValue ? 'unknown' : value !== undefined && rankOf(value) > 0 ? 'array' : 'number';
    const ownNames = this.scope.functions.map(own => own.name);
    return this.#misuse.notAFunction(fn, call, what, this.#assigned.get(name), ownNames);
  }

  #callUser(
    callee: UserFunction,
    args: readonly Value[],
    { span }: FunctionNode,
    around: Pick<Frame, 'finish' | 'outer'> = {},
  ): Called {
    const { name, definition, tape } = callee;
    callee.called = true;
    const count = definition.params.length;
    if (args.length !== count) {
      return this.#nothing('wrong-arity', arityMessage(name, [count, count], args.length), span, {
        related: [{ message: 'defined here', span: definition.name.span }],
      });
    }
    if (callee.active) return this.#recursion(callee, span);
    if (args.includes(undefined) && !this.#rehearsing) return NOTHING;
    const keys = args.map(keyOf);
    const key = around.finish !== undefined || keys.includes(undefined) ? undefined : keys.join();
    const results = this.scope.resultsOf(callee);
    if (key !== undefined && results.has(key)) return { value: results.get(key) };
    callee.active = true;
    return { tape, next: 0, callee, args, site: span, ...(key !== undefined && { key }), ...around };
  }

  /** `map(A, f)`: `f` of the elements, as of numbers. */
  #map(node: FunctionNode, operands: readonly Ast[], values: readonly Value[], frame: Frame): Called {
    const call = this.#expressions.callOf('map', node.span, operands, values);
    const elements = call && this.#expressions.attempt(node.span, () => elementsOf(call, ++this.#maps));
    const fn = node.args[operands.length];
    const finish = (value: Present): Present => mappedResult(call!, elements!, value); // there is no value without
    const args = elements ?? operands.map(() => undefined);
    if (fn.type === 'FunctionAssignment') {
      return this.#callUser(this.scope.functionOf(fn), args, node, { finish, outer: frame });
    }
    if (fn.type !== 'Symbol') return NOTHING; // operandsOfCall leaves out nothing else
    const callee = this.#calleeOf(fn, frame);
    if (callee === undefined) return NOTHING;
    if (callee !== 'builtin') return this.#callUser(callee, args, node, { finish });
    if (elements === undefined) return NOTHING;
    const name = fn.name.text;
    const problem = arityProblem(name, args.length);
    if (problem !== undefined)
      return this.#nothing(problem.code, problem.message, node.span, problem.details);
    const value = this.#expressions.apply(name, node.span, operands, args);
    return { value: value && this.#expressions.attempt(node.span, () => finish(value)) };
  }

  #recursion(callee: UserFunction, span: Span): Called {
    const from = this.#frames.findIndex(frame => frame.callee === callee);
    const cycle = this.#frames.slice(from).map(frame => frame.callee?.name);
    const shown = cycle.length > 8 ? [...cycle.slice(0, 4), '...', ...cycle.slice(-3)] : cycle;
    const message = `\`${callee.name}\` calls itself: ${[...shown, callee.name].join(' -> ')}`;
    return this.#nothing('recursion', message, span, {
      related: [{ message: `\`${callee.name}\` is defined here`, span: callee.definition.name.span }],
      hints: ['a function is written into the formula at each call, so a recursion would never end'],
    });
  }

  /** Where the function that is being lowered is called, innermost first. */
  #sites(): readonly Related[] {
    const notes: Related[] = [];
    for (const { callee, site } of this.#frames.slice(-MOST_SITES).reverse()) {
      if (callee !== undefined && site !== undefined) {
        notes.push({ message: `\`${callee.name}\` is called here`, span: site });
      }
    }
    return notes;
  }

  #refuse(node: Ast): undefined {
    const refusal = refusalOf(node);
    if (refusal !== undefined)
      this.#error(refusal.code, refusal.message, node.span, { hints: [refusal.hint] });
    return undefined;
  }

  #pop(count: number): Value[] {
    return this.#values.splice(this.#values.length - count, count);
  }

  #nothing(code: string, message: string, span: Span, details?: Details): Called {
    this.#error(code, message, span, details);
    return NOTHING;
  }

  #error(code: string, message: string, span: Span, details?: Details | (() => Details)): undefined {
    this.#diagnostics.error(code, message, span, details);
    return undefined;
  }
}

/** More places of calls in calls say nothing new. */
const MOST_SITES = 3;

/** The frame whose parameter `name` is: the innermost, or one around a function that is written as an argument. */
function paramOf(name: string, frame: Frame): Frame | undefined {
  for (let owner: Frame | undefined = frame; owner !== undefined; owner = owner.outer) {
    if (owner.callee?.params.has(name)) return owner;
  }
  return undefined;
}

function definitionOf({ callee }: Frame): readonly Related[] {
  if (callee === undefined) return [];
  return [{ message: `in the function \`${callee.name}\``, span: callee.definition.name.span }];
}

function textsIn(args: readonly Ast[]): readonly string[] {
  return args.map(textOf).filter(text => text !== undefined);
}

/** Why the function `name` of the language does not take `count` arguments, if it does not. */
function arityProblem(name: string, count: number) {
  const { arity, collects } = FUNCTIONS.get(name)!;
  const [min, max] = arity;
  if (count >= min && count <= max) return undefined;
  if (count < min || !collects) return { code: 'wrong-arity', message: arityMessage(name, arity, count) };
  return {
    code: 'too-large',
    message: `\`${name}\` takes at most ${max} values, not ${count}`,
    details: { hints: [`take it in parts: ${name}(${name}(a, ...), ${name}(b, ...))`] },
  };
}

function arityMessage(name: string, [min, max]: readonly [number, number], count: number): string {
  const expected = min === max ? `${min}` : max === min + 1 ? `${min} or ${max}` : `at least ${min}`;
  const noun = expected === '1' || expected === 'at least 1' ? 'argument' : 'arguments';
  return `\`${name}\` takes ${expected} ${noun}, not ${count}`;
}
