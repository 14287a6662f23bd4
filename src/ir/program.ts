// A program: a graph with what is to be computed from it. The front end makes one with outputs only; each transform
// (gradient, hessian, ...) returns a program over the same graph with more roots; a pass copies the live nodes.

import type { Diagnostic, Source, Span } from '../errors.ts';
import type { Graph, InputNode, Node } from './graph.ts';
import type { DType, Shape } from './shape.ts';
import { namesIn } from './size.ts';
import type { Compressed } from './sparse.ts';
import { nodesOfTerms, type Term } from './terms.ts';

/** A declared or inferred input, in declaration order, then order of first use. */
export interface Input {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly node: InputNode;
  readonly default?: number;
  readonly doc?: string;
  readonly span?: Span;
}

/**
 * A named result of the formula: one node of its shape or, where a formula of scalar inputs ends in an array literal
 * `[r1, r2]`, the list of its scalar elements in row-major order.
 */
export interface Output {
  readonly name: string;
  readonly shape: Shape;
  readonly elements: readonly Node[];
  readonly span?: Span;
}

/** The node of an output that is one node, whatever its rank; undefined for a list of scalar elements. */
export function nodeOf({ shape, elements }: Output): Node | undefined {
  return elements.length === 1 && elements[0].shape.length === shape.length ? elements[0] : undefined;
}

/**
 * What a derivative computes. Keys of `values` are paths whose parts are names of outputs, inputs and, for elements of
 * an output that is a list, 1-based positions: `x` for the gradient, `x.y` for the Hessian, `x.y.z` and so on for higher
 * orders (of the orders of the same names the one that ascends in wrt), `f.x` or `r.1.x` for a Jacobian; of Gauss-Newton
 * `x.y` for J'J, `x` for J'r and the empty path for r'r / 2. The shape of a value is that of the parts joined: f by x is
 * [...f, ...x]. A path that is absent is identically zero. `inputs` are what the derivative takes besides the inputs of the
 * formula: tangents, cotangents.
 */
export interface Derivative {
  readonly kind: DerivativeKind;
  /**
   * How a Hessian or a Jacobian is handed out: every element, those that are not identically zero, or every element and
   * besides (of a Hessian only) the terms that it is made of.
   */
  readonly form: 'dense' | 'sparse' | 'structured';
  readonly values: ReadonlyMap<string, Node>;
  readonly inputs: readonly InputNode[];
  /** How it was found, if there was a choice. */
  readonly choice?: ModeChoice;
  /** The same by path as sums of terms, of those blocks of tensors whose structure is known. */
  readonly terms?: ReadonlyMap<string, readonly Term[]>;
  /** All of a sparse matrix at once, where terms say less of it than its pattern. */
  readonly compressed?: Compressed;
}

/** The modes of differentiation for matrices of derivatives. */
export type Mode = 'reverse' | 'forward' | 'reverse over reverse' | 'forward over reverse';

/** The mode that was taken, and the operations that each took that was tried (a named size counts as 100). */
export interface ModeChoice {
  readonly mode: Mode;
  readonly work: Readonly<Partial<Record<Mode, number>>>;
}

export type DerivativeKind = OrderedKind | 'jacobian' | 'hvp' | 'jvp' | 'vjp' | 'gaussNewton';

/** The kinds that hold all derivatives of one order, by that order less one. */
const ORDERED = [
  'grad',
  'hessian',
  'derivative3',
  'derivative4',
  'derivative5',
  'derivative6',
  'derivative7',
  'derivative8',
] as const;

export type OrderedKind = (typeof ORDERED)[number];
export type HigherKind = Exclude<OrderedKind, 'grad' | 'hessian'>;

/** Higher orders are not offered: what they take grows exponentially. */
export const HIGHEST_ORDER = ORDERED.length;

/** The kind that holds all derivatives of an order from 1 to HIGHEST_ORDER. */
export function kindOfOrder(order: number): OrderedKind {
  return ORDERED[order - 1];
}

export function orderOf(kind: OrderedKind): number {
  return ORDERED.indexOf(kind) + 1;
}

export function isHigherKind(kind: string): kind is HigherKind {
  return ORDERED.slice(2).some(each => each === kind);
}

export interface Program {
  readonly source: Source;
  readonly graph: Graph;
  readonly inputs: readonly Input[];
  readonly outputs: readonly Output[];
  /** Names of the inputs that derivatives are taken with respect to, in order. */
  readonly wrt: readonly string[];
  readonly derivatives: readonly Derivative[];
  /** Warnings and hints met on the way. */
  readonly diagnostics: readonly Diagnostic[];
}

/** The inputs that derivatives are taken with respect to, in the order of wrt, and the others. */
export function inputsByRole({ inputs, wrt }: Pick<Program, 'inputs' | 'wrt'>): {
  readonly variables: readonly Input[];
  readonly data: readonly Input[];
} {
  const byName = new Map(inputs.map(input => [input.name, input]));
  const variables = wrt.map(name => byName.get(name)!);
  const isVariable = new Set(variables);
  return { variables, data: inputs.filter(input => !isVariable.has(input)) };
}

/** The named sizes of a program, in the order in which its inputs mention them. */
export function sizesOf({ inputs }: Pick<Program, 'inputs'>): readonly string[] {
  return [...new Set(inputs.flatMap(({ shape }) => shape.flatMap(namesIn)))];
}

/** Every node that a program computes for its own sake. */
export function rootsOf(program: Program): Node[] {
  const roots: Node[] = [];
  for (const { elements } of program.outputs) for (const node of elements) roots.push(node);
  for (const { values, terms, compressed } of program.derivatives) {
    for (const node of values.values()) roots.push(node);
    for (const list of terms?.values() ?? []) for (const node of nodesOfTerms(list)) roots.push(node);
    if (compressed !== undefined) roots.push(compressed.values);
  }
  return roots;
}

/** True if more is known of some derivative than its values. */
export function hasTerms({ derivatives }: Pick<Program, 'derivatives'>): boolean {
  return derivatives.some(({ terms, compressed }) => compressed !== undefined || (terms?.size ?? 0) > 0);
}

/** The program without terms and compressed matrices: values only. */
export function withoutTerms(program: Program): Program {
  const derivatives = program.derivatives.map(
    ({ terms: _, compressed: __, ...derivative }): Derivative => derivative,
  );
  return { ...program, derivatives };
}

/** The program in which what is known as terms is no value besides, and what is compressed is neither. */
export function termsOnly(program: Program): Program {
  const derivatives = program.derivatives.map((derivative): Derivative => {
    const { terms, values, ...rest } = derivative;
    if (rest.compressed !== undefined) return { ...rest, values: new Map() };
    if (terms === undefined) return derivative;
    return { ...derivative, values: new Map([...values].filter(([path]) => !terms.has(path))) };
  });
  return { ...program, derivatives };
}
