// The graph: append-only and interned. A node is a value; the inputs of a node come before it, so the node list is
// its own topological order; equal nodes are one object. The invariants are stated and checked in verify.ts.
//
// Interning is an open-addressing hash table over (operation, attribute, input ids) in one typed array: a string key
// costs 2-4 times more, and a graph of a million operations has to be built in seconds.

import type { Span } from '../errors.ts';
import { factsOf, OPS, type OpName } from './ops.ts';
import { type DType, SCALAR, type Shape } from './shape.ts';
import { broadcastShape, shapeOf } from './shapes.ts';
import { type Size, sameSize, sizeText } from './size.ts';

interface NodeBase {
  /** Position in the graph: inputs have smaller ids than their users. */
  readonly id: number;
  readonly inputs: readonly Node[];
  readonly shape: Shape;
  readonly dtype: DType;
  /** Where the node came from; a derivative node has the span of its primal. Not part of its identity. */
  readonly span: Span | undefined;
}

/** What each operation carries besides its inputs; `undefined` where there is nothing (see `AttrName` in ops.ts). */
export interface AttrsOf {
  readonly const: { readonly value: number };
  readonly input: { readonly name: string };
  readonly polygamma: { readonly order: number };
  readonly phi: { readonly order: number };
  readonly sphericalBessel: { readonly order: number };
  readonly array: { readonly shape: readonly number[]; readonly values: readonly number[] };
  readonly size: { readonly size: Size };
  readonly iota: { readonly length: Size };
  readonly broadcast: { readonly shape: Shape };
  readonly reshape: { readonly shape: Shape };
  readonly permute: { readonly permutation: readonly number[] };
  readonly slice: Stretch;
  readonly pad: Stretch;
  readonly element: { readonly position: number };
  readonly concat: { readonly axis: number };
  readonly gather: { readonly axis: number };
  readonly scatterAdd: { readonly axis: number; readonly length: Size };
  readonly reduceSum: Axes;
  readonly reduceProd: Axes;
  readonly reduceMax: Axes;
  readonly reduceMin: Axes;
  readonly norm: Axes;
  readonly reduceLogsumexp: Axes;
  readonly any: Axes;
  readonly argmax: Axes;
  readonly argmin: Axes;
  readonly cumsum: Scan;
  readonly cumprod: Scan;
  readonly contract: { readonly subscripts: string };
}

/** Ascending, each once. */
export interface Axes {
  readonly axes: readonly number[];
}

/** Elements start, start + step, ... of one axis; `length` is that of the result. */
export interface Stretch {
  readonly axis: number;
  readonly start: Size;
  readonly step: number;
  readonly length: Size;
}

export interface Scan {
  readonly axis: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

type NodeOf<O extends OpName> = O extends keyof AttrsOf
  ? NodeBase & { readonly op: O; readonly attrs: AttrsOf[O] }
  : NodeBase & { readonly op: O; readonly attrs: undefined };

export type ConstNode = NodeOf<'const'>;
export type InputNode = NodeOf<'input'>;
/** A node; its operation tells the type of its attributes. */
export type Node =
  | { readonly [O in keyof AttrsOf]: NodeOf<O> }[keyof AttrsOf]
  | (NodeBase & { readonly op: Exclude<OpName, keyof AttrsOf>; readonly attrs: undefined });
export type Attrs = Node['attrs'];

/** Two lengths that the formula takes to be equal and that can only be compared when the sizes are known. */
export interface Constraint {
  readonly left: Size;
  readonly right: Size;
  readonly span: Span | undefined;
}

/** What interning needs to know of an operation, in one look-up. */
const CODES: ReadonlyMap<
  OpName,
  { readonly code: number; readonly dtype: DType | 'same'; readonly commutative: boolean }
> = new Map(
  (Object.keys(OPS) as OpName[]).map((op, code) => {
    const { dtype, commutative = false } = factsOf(op);
    return [op, { code, dtype, commutative }];
  }),
);
const NO_INPUTS: readonly Node[] = Object.freeze([]);

/** Thrown when a graph would grow beyond its limit; the front end turns it into a diagnostic at the statement. */
export class GraphLimitError extends Error {
  override readonly name = 'GraphLimitError';
}

export class Graph {
  /** All nodes, in topological order. */
  readonly nodes: readonly Node[] = [];
  /** Names the source gave to values, for readable output; the first name a node got. */
  readonly names = new Map<Node, string>();
  readonly maxNodes: number;
  /** What has to be checked when the sizes are known, by text. */
  readonly constraints = new Map<string, Constraint>();
  /** Quotients with smaller ids are finished: products that are built later take them as factors, not apart. */
  sealed = 0;

  #span: Span | undefined;
  /**
   * Slots of two words: the id of a node, -1 where free, and its hash, so that a probe seldom touches a node and growing
   * touches none. The number of slots is a power of two.
   */
  #table: Int32Array = emptyTable(1024);
  #constants = new Map<number | string, ConstNode>();

  constructor(maxNodes = 20_000_000) {
    this.maxNodes = maxNodes;
  }

  /** Sets the span that nodes appended from now on carry. */
  at(span: Span | undefined): void {
    this.#span = span;
  }

  /** The place of what is being made. */
  get place(): Span | undefined {
    return this.#span;
  }

  /**
   * The node with this operation, inputs and attributes, appended if there is none yet. The shape is made from those;
   * only an input brings its own. Throws `ShapeError` if the shapes of the inputs do not fit.
   */
  intern(
    op: OpName,
    inputs: readonly Node[] = NO_INPUTS,
    attrs?: Attrs,
    dtype?: DType,
    shape: Shape = SCALAR,
  ): Node {
    if (op === 'const') return this.constant((attrs as ConstNode['attrs']).value);
    const facts = CODES.get(op)!;
    const hash = hashOf(facts.code, facts.commutative, inputs, attrs);
    const table = this.#table;
    const mask = table.length - 1;
    let slot = (hash << 1) & mask;
    for (; table[slot] >= 0; slot = (slot + 2) & mask) {
      if (table[slot + 1] !== hash) continue;
      const node = this.nodes[table[slot]];
      if (
        node.op === op &&
        sameInputs(node.inputs, inputs, facts.commutative) &&
        sameAttrs(node.attrs, attrs)
      ) {
        return node;
      }
    }
    const own = op === 'input' ? shape : shapeOf(op, inputs, attrs, this.#constrain);
    const type = dtype ?? (facts.dtype === 'same' ? inputs[0].dtype : facts.dtype);
    const node = this.#append(op, inputs, attrs, type, own);
    table[slot] = node.id;
    table[slot + 1] = hash;
    if (node.id * 4 >= table.length) this.#grow();
    return node;
  }

  /** The constant `value`. -0 and 0 are two constants; NaN is one. */
  constant(value: number): ConstNode {
    const key = Object.is(value, -0) ? '-0' : value;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const node = this.#append('const', NO_INPUTS, { value }, 'real', SCALAR) as ConstNode;
    this.#constants.set(key, node);
    return node;
  }

  /** The input called `name`; its type and shape are those it was first made with. */
  input(name: string, dtype: DType = 'real', shape: Shape = SCALAR): InputNode {
    return this.intern('input', NO_INPUTS, { name }, dtype, shape) as InputNode;
  }

  /** Notes that two lengths have to be equal, at the span of the nodes being made. */
  require(left: Size, right: Size, span: Span | undefined = this.#span): void {
    if (sameSize(left, right)) return;
    const key = constraintKey(left, right);
    if (!this.constraints.has(key)) this.constraints.set(key, { left, right, span });
  }

  /** The common shape of elementwise operands. */
  shapeOf(inputs: readonly Node[]): Shape {
    return broadcastShape(inputs, this.#constrain);
  }

  #constrain = (left: Size, right: Size): void => this.require(left, right);

  #append(op: OpName, inputs: readonly Node[], attrs: Attrs, dtype: DType, shape: Shape): Node {
    const nodes = this.nodes as Node[]; // the one place that may grow the list
    const id = nodes.length;
    if (id >= this.maxNodes) throw new GraphLimitError(`more than ${this.maxNodes} nodes`);
    const node = {
      id,
      op,
      inputs,
      attrs,
      shape: shape.length === 0 ? SCALAR : shape,
      dtype,
      span: this.#span,
    } as Node;
    nodes.push(node);
    return node;
  }

  #grow(): void {
    const old = this.#table;
    const table = emptyTable(old.length);
    const mask = table.length - 1;
    for (let from = 0; from < old.length; from += 2) {
      if (old[from] < 0) continue;
      let slot = (old[from + 1] << 1) & mask;
      while (table[slot] >= 0) slot = (slot + 2) & mask;
      table[slot] = old[from];
      table[slot + 1] = old[from + 1];
    }
    this.#table = table;
  }
}

/** Equal for equal constraints. */
export function constraintKey(left: Size, right: Size): string {
  return [sizeText(left), sizeText(right)].sort().join(' = ');
}

function emptyTable(slots: number): Int32Array {
  return new Int32Array(2 * slots).fill(-1);
}

/** Hash of a node's identity. Exchanged operands of a commutative operation hash alike; the node keeps its order. */
function hashOf(code: number, commutative: boolean, inputs: readonly Node[], attrs: Attrs): number {
  let hash = mix(code, attributeHash(attrs));
  if (commutative) {
    const a = inputs[0].id;
    const b = inputs[1].id;
    hash = a < b ? mix(mix(hash, a), b) : mix(mix(hash, b), a);
  } else {
    for (let i = 0; i < inputs.length; i++) hash = mix(hash, inputs[i].id);
  }
  return finish(hash);
}

function sameInputs(a: readonly Node[], b: readonly Node[], commutative: boolean): boolean {
  if (a.length !== b.length) return false;
  if (commutative && a[0] === b[1] && a[1] === b[0]) return true;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function sameAttrs(a: Attrs, b: Attrs): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  if ('name' in a) return 'name' in b && a.name === b.name;
  if ('order' in a) return 'order' in b && a.order === b.order;
  if ('value' in a) return 'value' in b && Object.is(a.value, b.value);
  return attrsText(a) === attrsText(b);
}

function attributeHash(attrs: Attrs): number {
  if (attrs === undefined) return 0;
  if ('order' in attrs) return attrs.order + 1;
  if ('value' in attrs) return 0;
  const text = 'name' in attrs ? attrs.name : attrsText(attrs);
  let hash = 7;
  for (let i = 0; i < text.length; i++) hash = mix(hash, text.charCodeAt(i));
  return hash;
}

/** Equal for equal attributes of one operation only. */
export function attrsText(attrs: Exclude<Attrs, undefined>): string {
  return Object.entries(attrs)
    .map(([key, value]) => `${key}=${Array.isArray(value) ? value.map(attrText).join(',') : attrText(value)}`)
    .join(' ');
}

function attrText(value: string | number | boolean | Size): string {
  if (Object.is(value, -0)) return '-0';
  return typeof value === 'object' ? sizeText(value) : String(value);
}

/** One round of MurmurHash3 (Appleby, public domain): cheap, and good on small consecutive integers. */
function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  hash ^= Math.imul(k, 0x1b873593);
  hash = (hash << 13) | (hash >>> 19);
  return (Math.imul(hash, 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
