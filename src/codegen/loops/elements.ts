// Elements: the value that a node has at an index, from the elements it reads, through whatever views lie between.
// Invariants: an element of a stored node is read where its unit has put it (into an array, or under a name if all its
// readers are in the same iteration), any other is computed where it is read, once for all that see it. Inline nodes are at
// most DEEPEST operations above what is stored, scalars excepted, and a deep scalar is computed from the bottom up: so
// nothing recurses deeply.

import type { InputNode, Node } from '../../ir/graph.ts';
import { factsOf, isElementwise } from '../../ir/ops.ts';
import { elementsIn, SCALAR } from '../../ir/shape.ts';
import { multiplySizes, type Size } from '../../ir/size.ts';
import type { Names } from '../names.ts';
import type { Nest } from './fuse.ts';
import {
  constantIndex,
  dynamicIndex,
  isView,
  operandIndex,
  plus,
  stridesOf,
  throughView,
  times,
} from './space.ts';
import { DEEPEST, isLeaf } from './stored.ts';
import type { Work } from './units.ts';
import { type ArrayRef, Block, type Place, type Value } from './values.ts';
import type { BlockWriter } from './writer.ts';

/** What the function around the loops provides. */
export interface Environment {
  readonly names: Names;
  /** The array that holds an input or constants, or the name of a scalar input. */
  readonly leaf: (node: InputNode | Extract<Node, { op: 'array' }>) => ArrayRef | string;
  /** An array of the workspace for so many numbers of a node, called like `wanted`. */
  readonly buffer: (wanted: string, length: Size, node: Node) => string;
  /** Where the results go that are arrays. */
  readonly results: ReadonlyMap<Node, ArrayRef>;
  /** Nodes that are computed in the array of another one. */
  readonly places?: ReadonlyMap<Node, Node>;
  /** The name that the source gave to a value. */
  readonly nameOf: (node: Node) => string | undefined;
  /** The kernel of matrix products whose sums have `inner` terms, for results of `sides`, and the array that it packs into. */
  readonly product: (
    inner: Size,
    sides: readonly Size[],
  ) => { readonly name: string; readonly panel: string };
  /** The kernel of symmetric products of `rows` rows, and the array that it works in. */
  readonly gram: (rows: Size) => { readonly name: string; readonly panel: string };
}

/** A side of a selection: what it computes, inside of a block of its own. */
type Side = (inside: Block) => Value;

/** Reads, computes and puts down the elements of nodes, for the statements that `writer` collects. */
export class Elements {
  readonly #writer: BlockWriter;
  readonly #environment: Environment;
  readonly #nest: Nest;
  readonly #work: Pick<Work, 'stored' | 'depthOf'>;
  /** Stored nodes that need no array: the value of the iteration that is being written. */
  readonly #locals = new Map<Node, Value>();
  readonly #arrays = new Map<Node, ArrayRef>();

  constructor(
    writer: BlockWriter,
    environment: Environment,
    nest: Nest,
    work: Pick<Work, 'stored' | 'depthOf'>,
  ) {
    this.#writer = writer;
    this.#environment = environment;
    this.#nest = nest;
    this.#work = work;
  }

  /** The element `index` of `node`, as `block` sees it. */
  read(node: Node, index: readonly Place[], block: Block): Value {
    const writer = this.#writer;
    const isStored = this.#work.stored.has(node);
    if (!isStored && isLeaf(node)) return this.#leaf(node, index, block);
    const local = this.#locals.get(node);
    if (local !== undefined) return local;
    if (isStored && node.shape !== SCALAR) {
      return writer.load(this.arrayOf(node), index, block, node.dtype === 'bool', this.#validIn(node));
    }
    const key = `${node.id} ${writer.keyOf(index)}`;
    const known = writer.known(key, block);
    if (known !== undefined) return known;
    if (this.#work.depthOf(node) > DEEPEST) this.#scalarsBefore(node, block);
    const value = this.compute(node, index, block);
    value.block.values.set(key, value);
    return value;
  }

  /** The same from the operands of `node`, whether it is stored or not. */
  compute(node: Node, index: readonly Place[], block: Block): Value {
    if (isLeaf(node)) return this.#leaf(node, index, block);
    if (isView(node)) return this.read(node.inputs[0], throughView(node, index), block);
    switch (node.op) {
      case 'gather':
        return this.#gathered(node, index, block);
      case 'pad':
        return this.#padded(node, index, block);
      case 'select':
        return this.#selected(node, index, block);
      default: {
        if (!isElementwise(node.op)) throw new TypeError(`${node.op} is not computed element by element`);
        const operands = node.inputs.map(input =>
          this.read(input, operandIndex(input.shape, node.shape, index), block),
        );
        const holds = knownMask(node, operands);
        if (holds !== undefined) return this.#writer.make({ kind: 'known', holds }, this.#writer.top, true);
        return this.#writer.derive({ kind: 'apply', node, operands }, block, node.dtype === 'bool', node);
      }
    }
  }

  /** The element `index` of indices, checked against `length` and counted from 0. */
  position(node: Node, index: readonly Place[], length: Size, block: Block): Value {
    const at = this.read(node, index, block);
    let source = node;
    while (isView(source)) [source] = source.inputs;
    if (isInRange(source, length)) return this.#writer.derive({ kind: 'predecessor', index: at }, block);
    const what = source.op === 'input' ? source.attrs.name : (this.#environment.nameOf(source) ?? 'index');
    return this.#writer.derive({ kind: 'position', index: at, length, what }, block);
  }

  /** Puts down an element of a stored node: in its array, or as a value if all its readers are in this iteration. */
  write(node: Node, target: readonly Place[], value: Value, block: Block): void {
    const local = this.#nest.localAxes.get(node);
    const isLocal =
      local !== undefined && [...node.shape.keys()].every(axis => node.shape[axis] === 1 || local.has(axis));
    if (node.shape === SCALAR || isLocal) this.#locals.set(node, value);
    else this.#writer.set(this.arrayOf(node), target, value, block);
  }

  /** The array of a stored node; axes along which all readers are in the same iteration take no room in it. */
  arrayOf(of: Node): ArrayRef {
    const node = this.#placeOf(of);
    const known = this.#arrays.get(node) ?? this.#environment.results.get(node);
    if (known !== undefined) return known;
    const local = this.#nest.localAxes.get(node);
    const blockAxis = this.#nest.blockAxis.get(node);
    const shape = node.shape.map((size, axis) =>
      local?.has(axis) ? 1 : axis === blockAxis ? this.#nest.blockRows : size,
    );
    const strides = stridesOf(shape).map((stride, axis) => (local?.has(axis) ? 0 : stride));
    const wanted = this.#writer.numbered(this.#environment.nameOf(node) ?? arrayName(node));
    const name = this.#environment.buffer(wanted, elementsIn(shape), node);
    const array = { name, offset: 0, strides, ...(blockAxis !== undefined && { blockAxis }) };
    this.#arrays.set(node, array);
    return array;
  }

  /** True if a stored node has its array from the caller. */
  isResult(node: Node): boolean {
    return this.#environment.results.has(this.#placeOf(node));
  }

  /** The node that gives the array of a stored node its place. */
  #placeOf(node: Node): Node {
    const { places } = this.#environment;
    let place = node;
    for (let next = places?.get(node); next !== undefined; next = places!.get(next)) place = next;
    return place;
  }

  /** The array of a stored node, an input or constants. */
  sourceOf(node: Node): ArrayRef {
    if (!this.#work.stored.has(node) && (node.op === 'input' || node.op === 'array')) {
      return this.#environment.leaf(node) as ArrayRef; // only a scalar is a name
    }
    return this.arrayOf(node);
  }

  #leaf(node: Node, index: readonly Place[], block: Block): Value {
    const writer = this.#writer;
    switch (node.op) {
      case 'const':
        return writer.number(node.attrs.value);
      case 'size':
        return writer.make({ kind: 'size', size: node.attrs.size }, writer.top);
      case 'iota':
        return writer.derive({ kind: 'integer', place: index[0] }, block);
      case 'input':
      case 'array': {
        const leaf = this.#environment.leaf(node);
        return typeof leaf === 'string' ? writer.variable(leaf, writer.top) : writer.load(leaf, index, block);
      }
      default:
        throw new TypeError(`${node.op} is no leaf`);
    }
  }

  #gathered(node: Extract<Node, { op: 'gather' }>, index: readonly Place[], block: Block): Value {
    const [x, y] = node.inputs;
    const { axis } = node.attrs;
    const end = axis + y.shape.length;
    const position = this.position(y, index.slice(axis, end), x.shape[axis], block);
    return this.read(x, [...index.slice(0, axis), dynamicIndex(position), ...index.slice(end)], block);
  }

  #padded(node: Extract<Node, { op: 'pad' }>, index: readonly Place[], block: Block): Value {
    const writer = this.#writer;
    const [x] = node.inputs;
    const { axis, start } = node.attrs;
    const length = x.shape[axis];
    const shifted = plus(index[axis], constantIndex<Value>(multiplySizes(start, -1)));
    // A step of -1 is one of 1 in the other direction: nothing lies between the elements.
    const isDense = Math.abs(node.attrs.step) === 1;
    const place = isDense ? times(shifted, node.attrs.step) : shifted;
    const step = isDense ? 1 : node.attrs.step;
    const zero = () => writer.number(0);
    const isInside = knownInside(place, step, length);
    if (isInside === false) return zero();
    if (isInside === true) {
      const at = (place.constant as number) / step; // known to be inside, it is a number
      return this.read(x, index.with(axis, constantIndex(at)), block);
    }
    const element: Side = inside => {
      const inner = isDense ? place : dynamicIndex(writer.derive({ kind: 'quotient', place, step }, inside));
      return this.read(x, index.with(axis, inner), inside);
    };
    const condition = writer.derive({ kind: 'inside', place, step, length }, block, true);
    return this.#choose(node, condition, [element, zero], block, 'strict');
  }

  #selected(node: Node, index: readonly Place[], block: Block): Value {
    const read = (input: Node, inside: Block) =>
      this.read(input, operandIndex(input.shape, node.shape, index), inside);
    const [condition, chosen, other] = node.inputs;
    const sides = [chosen, other].map(
      (input): Side =>
        inside =>
          read(input, inside),
    );
    return this.#choose(node, read(condition, block), sides, block, 'lazy');
  }

  /**
   * An element of `node` as what the first side computes if the condition holds, else the second: as a conditional
   * expression if they need no statements, else as an `if`. Only the side that is chosen is computed.
   */
  #choose(
    node: Node,
    condition: Value,
    sides: readonly Side[],
    block: Block,
    branch: 'lazy' | 'strict',
  ): Value {
    const writer = this.#writer;
    const isMask = node.dtype === 'bool';
    const [chosen, other] = sides.map(side => {
      const inside = new Block(block, undefined, branch);
      return { inside, value: side(inside) };
    });
    if (isShort(chosen.inside) && isShort(other.inside)) {
      const operands = [condition, chosen.value, other.value] as const;
      return writer.derive({ kind: 'choose', operands }, block, isMask, node);
    }
    const name = writer.declare(this.#environment.nameOf(node) ?? 'chosen', isMask ? false : 0, block);
    const [then, otherwise] = [chosen, other].map(({ inside, value }) => {
      writer.assign(name, '=', value, inside);
      return inside;
    });
    block.statements.push({ kind: 'if', condition: writer.use(condition, block), then, otherwise });
    return writer.variable(name, block, isMask);
  }

  /** The block outside of which an array that holds one iteration's values means nothing. */
  #validIn(node: Node): Block {
    return this.#writer.innermost((this.#nest.localLoops.get(node) ?? []).map(({ variable }) => variable));
  }

  /** Computes what a deep scalar is made of, operands first: to recurse would need as much stack as the formula is deep. */
  #scalarsBefore(node: Node, block: Block): void {
    const { depthOf } = this.#work;
    const seen = new Set<Node>();
    const pending = [node];
    const deep: Node[] = [];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (seen.has(next) || this.#writer.known(`${next.id} `, block) !== undefined) continue;
      seen.add(next);
      if (next !== node && next.shape === SCALAR && depthOf(next) % DEEPEST === 0) deep.push(next);
      // The sides of a selection are computed where they are chosen, unless they are deep themselves.
      const isSelection = next.op === 'select';
      for (const [k, input] of next.inputs.entries()) {
        if (depthOf(input) > (isSelection && k > 0 ? DEEPEST : 0)) pending.push(input);
      }
    }
    deep.sort((p, q) => p.id - q.id);
    for (const scalar of deep) this.read(scalar, [], block);
  }
}

/** True if a block needs no statements: what it defines is written where it is used. */
function isShort({ statements }: Block): boolean {
  return statements.every(each => each.kind === 'define' && each.value.uses <= 1 && !each.value.isUsedInside);
}

/** True if constants are integers from 1 to `length`. */
function isInRange(node: Node, length: Size): boolean {
  if (node.op !== 'array' || typeof length !== 'number') return false;
  return node.attrs.values.every(at => Number.isInteger(at) && at >= 1 && at <= length);
}

/** What an array is called that holds a value without a name. */
function arrayName({ op }: Node): string {
  switch (op) {
    case 'contract':
      return 'products';
    case 'reduceSum':
    case 'cumsum':
    case 'scatterAdd':
      return 'sums';
    case 'concat':
      return 'joined';
    default:
      return 'values';
  }
}

/** Whether a constant place is one of `length` every `step`, as far as that is known. */
function knownInside({ constant, terms, dynamic }: Place, step: number, length: Size): boolean | undefined {
  if (terms.size > 0 || dynamic.length > 0 || typeof constant !== 'number') return undefined;
  const at = constant / step;
  if (at < 0 || !Number.isInteger(at)) return false;
  return typeof length === 'number' ? at < length : undefined;
}

/** Whether a condition holds whose operands are all known. */
function knownMask({ op, dtype }: Node, operands: readonly Value[]): boolean | undefined {
  if (dtype !== 'bool') return undefined;
  const numbers: number[] = [];
  for (const operand of operands) {
    const number = numberIn(operand);
    if (number === undefined) return undefined;
    numbers.push(number);
  }
  return factsOf(op).evaluate(...numbers) !== 0;
}

/** The number that a value is whatever the loops around it do; masks are 0 and 1. */
function numberIn({ expression }: Value): number | undefined {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'known':
      return Number(expression.holds);
    case 'integer': {
      const { constant, terms, dynamic } = expression.place;
      const isConstant = terms.size === 0 && dynamic.length === 0 && typeof constant === 'number';
      return isConstant ? constant : undefined;
    }
    default:
      return undefined;
  }
}
