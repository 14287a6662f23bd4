// Text to tree with mathjs's own parser: `createParse` takes the node constructors by injection, so it is given ours,
// which add places. Each constructor below works out its first and last token from those of its parts; only leaves ask
// the token source where they are.
//
// mathjs's parser is the one recursive thing in the front end. Where it overflows the stack the error is `too-deep`.

// @ts-expect-error mathjs has no types for its parser, and exports it only together with all of mathjs.
import { createParse } from '../../node_modules/mathjs/lib/esm/expression/parse.js';
import type { Span } from '../errors.ts';
import {
  AccessorNode,
  ArrayNode,
  AssignmentNode,
  type Ast,
  BlockNode,
  ConditionalNode,
  ConstantNode,
  FunctionAssignmentNode,
  FunctionNode,
  type Identifier,
  IndexNode,
  ObjectNode,
  OperatorNode,
  ParenthesisNode,
  type Place,
  RangeNode,
  RelationalNode,
  SymbolNode,
} from './ast.ts';
import { TokenSource } from './tokens.ts';

const createParser: (dependencies: Readonly<Record<string, unknown>>) => (text: TokenSource) => unknown =
  createParse;

export type ParseResult =
  | { readonly tree: Ast; readonly assigned: ReadonlyMap<string, Span> }
  | {
      readonly failure: 'syntax';
      readonly message: string;
      readonly offset: number;
      readonly lastToken: number;
    }
  | { readonly failure: 'too-deep' | 'reread'; readonly lastToken: number };

/**
 * The tree of `text`, which must have been cleaned (see `cleaned`), or what is wrong with it. Offsets are those of
 * `text`; `assigned` are the names that any statement gives a meaning, and where first; `lastToken` is where the last
 * token starts that was read.
 */
export function parseTree(text: string): ParseResult {
  const source = new TokenSource(text);
  const notes: Notes = { speculationFailed: false, assigned: new Map() };
  const parse = createParser({
    ...nodesOver(source, notes),
    config: { number: 'number' },
    typed,
  });
  const lastToken = (): number => source.starts.at(-1) ?? 0;
  try {
    const tree = parse(source) as Ast;
    if (source.isExhausted) return { failure: 'reread', lastToken: lastToken() };
    if (notes.speculationFailed) return { failure: 'too-deep', lastToken: lastToken() };
    return { tree, assigned: notes.assigned };
  } catch (error) {
    if (source.isExhausted) return { failure: 'reread', lastToken: lastToken() };
    if (error instanceof RangeError) return { failure: 'too-deep', lastToken: lastToken() };
    if (!isParserError(error)) throw error;
    const message = error.message.replace(/ \(char \d+\)$/, '');
    return { failure: 'syntax', message, offset: error.char - 1, lastToken: lastToken() };
  }
}

/** The text with what mathjs's tokenizer does not know replaced, offset by offset: carriage returns, a byte order mark. */
export function cleaned(text: string): string {
  const unmarked = text.startsWith('\uFEFF') ? ` ${text.slice(1)}` : text;
  return unmarked.includes('\r') ? unmarked.replace(/\r(?=\n)/g, ' ').replace(/\r/g, '\n') : unmarked;
}

function isParserError(error: unknown): error is SyntaxError & { readonly char: number } {
  return error instanceof SyntaxError && 'char' in error && typeof error.char === 'number';
}

/** mathjs declares one signature per type of argument; ours is always the one for text. */
function typed(_name: string, signatures: { readonly string: (text: TokenSource) => Ast }) {
  return Object.assign((text: TokenSource) => signatures.string(text), {});
}
typed.addConversion = (): void => {};

/** What the constructors find out besides the tree. */
interface Notes {
  /** mathjs gave up on an operand although there is one. */
  speculationFailed: boolean;
  readonly assigned: Map<string, Span>;
}

/** What mathjs's parser calls with `new`: functions that return a node with its place. */
function nodesOver(source: TokenSource, notes: Notes) {
  /** The spelling of the number that mathjs is about to make a constant of. */
  let literal: string | undefined;

  const assign = ({ text, span }: Identifier): void => {
    if (!notes.assigned.has(text)) notes.assigned.set(text, span);
  };
  const across = (first: Ast | Identifier, last: Ast | Identifier) =>
    source.between(first.first, last.last, last.span.end);

  return {
    numeric(text: string): number {
      literal = text;
      return Number(text);
    },

    ConstantNode: newable((value: ConstantNode['value']) => {
      const text = literal;
      literal = undefined;
      if (text !== undefined) return new ConstantNode(source.leaf(text), value, text);
      if (typeof value === 'string') return new ConstantNode(stringPlace(source, value), value);
      // mathjs's tree of a text without statements.
      if (value === undefined && !source.isAt('undefined')) return new ConstantNode(NOWHERE, value);
      if (typeof value !== 'number') return new ConstantNode(source.leaf(String(value)), value);
      // The 1 implied by `:3` and the 100 implied by `5%` are not in the text.
      const token = source.starts.length - 1;
      const start = source.starts[token] ?? 0;
      return new ConstantNode(source.between(token, token, start), value);
    }),

    SymbolNode: newable((name: string | Identifier) => {
      if (typeof name !== 'string') return new SymbolNode(name);
      if (name === 'end' && !source.isAt(name)) {
        // The end implied by `2:`; its token is the colon.
        const last = source.starts.length - 1;
        const colon = source.charOf(last) === ':' ? last : last - 1;
        return new SymbolNode(identifier(source.between(colon, colon), name));
      }
      return new SymbolNode(identifier(source.leaf(name), name));
    }),

    ParenthesisNode: newable(
      (content: Ast) => new ParenthesisNode(source.between(content.first - 1, content.last + 1), content),
    ),

    OperatorNode: newable(
      (op: string, fn: string, args: readonly [Ast, Ast?], implicit?: boolean, isPercentage?: boolean) => {
        const all = args as readonly Ast[];
        const [left, right] = args;
        if (isPercentage) {
          const place = source.between(left.first, left.last + 1);
          // mathjs takes `%` for a percentage when it fails to parse an operand after it, for whatever reason: if
          // there is one, the stack was exhausted.
          if (OPERAND_START.test(source.text.slice(place.span.end).trimStart()))
            notes.speculationFailed = true;
          return new OperatorNode(place, op, fn, all, false, true);
        }
        const place =
          right !== undefined
            ? across(left, right)
            : POSTFIX.has(op)
              ? source.between(left.first, left.last + 1)
              : source.between(left.first - 1, left.last, left.span.end);
        return new OperatorNode(place, op, fn, all, implicit === true, false);
      },
    ),

    RelationalNode: newable(
      (conditionals: readonly string[], params: readonly Ast[]) =>
        new RelationalNode(across(params[0], params[params.length - 1]), conditionals, params),
    ),

    ConditionalNode: newable(
      (condition: Ast, yes: Ast, no: Ast) => new ConditionalNode(across(condition, no), condition, yes, no),
    ),

    FunctionNode: newable((fn: Ast, args: readonly Ast[], optional?: boolean) => {
      const closing = args.length > 0 ? args[args.length - 1].last + 1 : fn.last + (optional ? 3 : 2);
      return new FunctionNode(source.between(fn.first, closing), fn, args, optional === true);
    }),

    ArrayNode: newable((items: readonly Ast[]) => {
      const [first] = items;
      if (first === undefined) {
        const closing = source.leaf(']').last;
        return new ArrayNode(source.between(closing - 1, closing), items, ']');
      }
      const last = items[items.length - 1];
      if (first.type === 'Array' && first.closer === ';') {
        // The rows of `[1, 2; 3, 4]`: the last one reaches to the bracket, unless a semicolon comes before it.
        const closing = last.type === 'Array' && last.closer === ';' ? last.last + 1 : last.last;
        return new ArrayNode(source.between(first.first, closing), items, ']');
      }
      let closing = last.last + 1;
      if (source.charOf(closing) === ',') closing++;
      const opening = first.first - 1;
      const start = source.charOf(opening) === '[' ? opening : first.first;
      return new ArrayNode(source.between(start, closing), items, source.charOf(closing));
    }),

    RangeNode: newable(
      (start: Ast, end: Ast, step?: Ast) => new RangeNode(across(start, end), start, end, step),
    ),

    IndexNode: newable((dimensions: readonly Ast[], dotNotation?: boolean) => {
      if (dotNotation) return new IndexNode(across(dimensions[0], dimensions[0]), dimensions, true);
      const closing =
        dimensions.length > 0 ? dimensions[dimensions.length - 1].last + 1 : source.leaf(']').last;
      const opening = dimensions.length > 0 ? dimensions[0].first - 1 : closing - 1;
      return new IndexNode(source.between(opening, closing), dimensions, false);
    }),

    AccessorNode: newable(
      (object: Ast, index: IndexNode, optional?: boolean) =>
        new AccessorNode(across(object, index), object, index, optional === true),
    ),

    ObjectNode: newable((properties: Readonly<Record<string, Ast>>) => {
      const values = new Map(Object.entries(properties));
      const closing = source.leaf('}').last;
      const [first] = values.values();
      // Before the first value there are a colon and a key, which is quoted or not.
      let opening = first === undefined ? closing - 1 : first.first - 3;
      if (source.charOf(opening) !== '{' && opening > 0) opening--;
      return new ObjectNode(source.between(opening, closing), values);
    }),

    AssignmentNode: newable((object: Ast, indexOrValue: Ast, value?: Ast) => {
      if (value !== undefined) {
        return new AssignmentNode(across(object, value), object, indexOrValue as IndexNode, value);
      }
      if (object.type === 'Symbol') assign(object.name);
      return new AssignmentNode(across(object, indexOrValue), object, undefined, indexOrValue);
    }),

    FunctionAssignmentNode: newable((name: Identifier, params: readonly Identifier[], expr: Ast) => {
      assign(name);
      return new FunctionAssignmentNode(across(name, expr), name, params, expr);
    }),

    BlockNode: newable(
      (blocks: BlockNode['blocks']) =>
        new BlockNode(across(blocks[0].node, blocks[blocks.length - 1].node), blocks),
    ),
  };
}

const NOWHERE: Place = { span: { start: 0, end: 0 }, first: -1, last: -1 };
const POSTFIX: ReadonlySet<string> = new Set(['!', "'"]);
const OPERAND_START = /^[([{"'\w.$~+\u00C0-\u02AF\u0370-\u03FF\u2100-\u214F\uD835-]/;

function identifier({ span, first, last }: Place, text: string): Identifier {
  return { span, first, last, text };
}

/** `build` as something that `new` may be called on. */
function newable<A extends unknown[]>(build: (...args: A) => Ast): (...args: A) => Ast {
  return function construct(...args) {
    return build(...args);
  };
}

/** Where the string `value` stands: a property name after a dot, or the tokens of its two quotes. */
function stringPlace(source: TokenSource, value: string) {
  const last = source.starts.length - 1;
  if (source.charOf(last - 1) === '.' || source.text.startsWith('?.', source.starts[last - 1])) {
    return source.current(value.length);
  }
  const isQuote = (token: number): boolean => source.charOf(token) === '"' || source.charOf(token) === "'";
  const closing =
    isQuote(last - 1) && isQuote(last - 2) && source.charOf(last - 1) === source.charOf(last - 2)
      ? last - 1
      : last;
  return source.between(closing - 1, closing);
}
