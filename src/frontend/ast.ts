// The tree that mathjs's parser builds from our node classes: what mathjs itself would build, plus the place of every
// node in the source. There are no methods: the tree may be 100,000 levels deep, and whoever walks it (postorder.ts)
// keeps a stack of their own.

import type { Span } from '../errors.ts';

/** Where a node stands: offsets in the text, and the positions of its first and last token in the token list. */
export interface Place {
  readonly span: Span;
  readonly first: number;
  readonly last: number;
}

/**
 * A name with its place. mathjs takes the name out of a symbol and hands it to the node of an assignment or of a
 * function definition without looking into it, so the place travels along.
 */
export interface Identifier extends Place {
  readonly text: string;
}

// Fields are declared, not defined: field definitions of classes are several times slower than assignments in V8.
abstract class TreeNode<T extends string> implements Place {
  declare readonly type: T;
  declare readonly span: Span;
  declare readonly first: number;
  declare readonly last: number;

  constructor(type: T, place: Place) {
    this.type = type;
    this.span = place.span;
    this.first = place.first;
    this.last = place.last;
  }

  /** mathjs asks for it, on the prototype, of everything that it takes for a node. */
  get isNode(): true {
    return true;
  }
}

/** `text` is how a number is written in the source; it is absent from other constants and from implied ones. */
export class ConstantNode extends TreeNode<'Constant'> {
  declare readonly value: number | boolean | string | null | undefined;
  declare readonly text: string | undefined;

  constructor(place: Place, value: ConstantNode['value'], text?: string) {
    super('Constant', place);
    this.value = value;
    this.text = text;
  }
  get isConstantNode(): true {
    return true;
  }
}

export class SymbolNode extends TreeNode<'Symbol'> {
  declare readonly name: Identifier;

  constructor(name: Identifier) {
    super('Symbol', name);
    this.name = name;
  }
  get isSymbolNode(): true {
    return true;
  }
}

export class ParenthesisNode extends TreeNode<'Parenthesis'> {
  declare readonly content: Ast;

  constructor(place: Place, content: Ast) {
    super('Parenthesis', place);
    this.content = content;
  }
}

/** `fn` is the name of the function that the operator stands for: `+` is `add`, `!` is `factorial`. */
export class OperatorNode extends TreeNode<'Operator'> {
  declare readonly op: string;
  declare readonly fn: string;
  declare readonly args: readonly Ast[];
  declare readonly implicit: boolean;
  declare readonly isPercentage: boolean;

  constructor(
    place: Place,
    op: string,
    fn: string,
    args: readonly Ast[],
    implicit: boolean,
    isPercentage: boolean,
  ) {
    super('Operator', place);
    this.op = op;
    this.fn = fn;
    this.args = args;
    this.implicit = implicit;
    this.isPercentage = isPercentage;
  }
  get isOperatorNode(): true {
    return true;
  }
}

/** `a < b <= c`: the names of the comparisons, and the compared values, one more. */
export class RelationalNode extends TreeNode<'Relational'> {
  declare readonly conditionals: readonly string[];
  declare readonly params: readonly Ast[];

  constructor(place: Place, conditionals: readonly string[], params: readonly Ast[]) {
    super('Relational', place);
    this.conditionals = conditionals;
    this.params = params;
  }
}

export class ConditionalNode extends TreeNode<'Conditional'> {
  declare readonly condition: Ast;
  declare readonly trueExpr: Ast;
  declare readonly falseExpr: Ast;

  constructor(place: Place, condition: Ast, trueExpr: Ast, falseExpr: Ast) {
    super('Conditional', place);
    this.condition = condition;
    this.trueExpr = trueExpr;
    this.falseExpr = falseExpr;
  }
}

export class FunctionNode extends TreeNode<'Function'> {
  declare readonly fn: Ast;
  declare readonly args: readonly Ast[];
  declare readonly optional: boolean;

  constructor(place: Place, fn: Ast, args: readonly Ast[], optional: boolean) {
    super('Function', place);
    this.fn = fn;
    this.args = args;
    this.optional = optional;
  }
  get isFunctionNode(): true {
    return true;
  }
  /** What mathjs names the function of `f(x) = ...` by. */
  get name(): Identifier | undefined {
    return this.fn.type === 'Symbol' ? this.fn.name : undefined;
  }
}

/** `[1, 2]`, and a row of `[1, 2; 3, 4]`. */
export class ArrayNode extends TreeNode<'Array'> {
  declare readonly items: readonly Ast[];
  /** The token after the last item: a row that ends with `;` is followed by another. */
  declare readonly closer: string;

  constructor(place: Place, items: readonly Ast[], closer: string) {
    super('Array', place);
    this.items = items;
    this.closer = closer;
  }
}

/** `start:end` and `start:step:end`. */
export class RangeNode extends TreeNode<'Range'> {
  declare readonly start: Ast;
  declare readonly end: Ast;
  declare readonly step: Ast | undefined;

  constructor(place: Place, start: Ast, end: Ast, step: Ast | undefined) {
    super('Range', place);
    this.start = start;
    this.end = end;
    this.step = step;
  }
}

export class IndexNode extends TreeNode<'Index'> {
  declare readonly dimensions: readonly Ast[];
  declare readonly dotNotation: boolean;

  constructor(place: Place, dimensions: readonly Ast[], dotNotation: boolean) {
    super('Index', place);
    this.dimensions = dimensions;
    this.dotNotation = dotNotation;
  }
}

/** `object[index]` and `object.name`. */
export class AccessorNode extends TreeNode<'Accessor'> {
  declare readonly object: Ast;
  declare readonly index: IndexNode;
  declare readonly optionalChaining: boolean;

  constructor(place: Place, object: Ast, index: IndexNode, optionalChaining: boolean) {
    super('Accessor', place);
    this.object = object;
    this.index = index;
    this.optionalChaining = optionalChaining;
  }
  get isAccessorNode(): true {
    return true;
  }
}

export class ObjectNode extends TreeNode<'Object'> {
  declare readonly properties: ReadonlyMap<string, Ast>;

  constructor(place: Place, properties: ReadonlyMap<string, Ast>) {
    super('Object', place);
    this.properties = properties;
  }
}

/** `object = value` and `object[index] = value`. */
export class AssignmentNode extends TreeNode<'Assignment'> {
  declare readonly object: Ast;
  declare readonly index: IndexNode | undefined;
  declare readonly value: Ast;

  constructor(place: Place, object: Ast, index: IndexNode | undefined, value: Ast) {
    super('Assignment', place);
    this.object = object;
    this.index = index;
    this.value = value;
  }
}

export class FunctionAssignmentNode extends TreeNode<'FunctionAssignment'> {
  declare readonly name: Identifier;
  declare readonly params: readonly Identifier[];
  declare readonly expr: Ast;

  constructor(place: Place, name: Identifier, params: readonly Identifier[], expr: Ast) {
    super('FunctionAssignment', place);
    this.name = name;
    this.params = params;
    this.expr = expr;
  }
}

/** A file of several statements. */
export class BlockNode extends TreeNode<'Block'> {
  declare readonly blocks: readonly { readonly node: Ast; readonly visible: boolean }[];

  constructor(place: Place, blocks: BlockNode['blocks']) {
    super('Block', place);
    this.blocks = blocks;
  }
}

export type Ast =
  | AccessorNode
  | ArrayNode
  | AssignmentNode
  | BlockNode
  | ConditionalNode
  | ConstantNode
  | FunctionAssignmentNode
  | FunctionNode
  | IndexNode
  | ObjectNode
  | OperatorNode
  | ParenthesisNode
  | RangeNode
  | RelationalNode
  | SymbolNode;
