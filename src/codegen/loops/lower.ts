// Merged loops to statements: the value of each element from the elements it reads, through whatever views lie between.

import { constantOf } from '../../ir/build.ts';
import type { InputNode, Node } from '../../ir/graph.ts';
import { isElementwise } from '../../ir/ops.ts';
import { elementsIn, SCALAR, type Shape } from '../../ir/shape.ts';
import { addSizes, multiplySizes, type Size, sameSize } from '../../ir/size.ts';
import { FORMS } from '../forms.ts';
import type { Names } from '../names.ts';
import { type Item, isLoop, type LoopNode, type Nest } from './fuse.ts';
import {
  constantIndex,
  dynamicIndex,
  flatIndex,
  type Index,
  indexKey,
  isView,
  LoopVariable,
  operandIndex,
  plus,
  stridesOf,
  throughView,
  times,
  variableIndex,
} from './space.ts';
import { DEEPEST, isLeaf, type Unit, type Work } from './units.ts';
import {
  type ArrayRef,
  Block,
  type Combine,
  type Expression,
  type Place,
  type Statement,
  Value,
} from './values.ts';

/** What the function around the loops provides. */
export interface Environment {
  readonly names: Names;
  /** The array that holds an input or constants, or the text of a scalar input. */
  readonly leaf: (node: InputNode | Extract<Node, { op: 'array' }>) => ArrayRef | string;
  /** An array of the workspace for so many numbers, called like `wanted`. */
  readonly buffer: (wanted: string, length: Size) => string;
  /** Where the results go that are arrays. */
  readonly results: ReadonlyMap<Node, ArrayRef>;
  /** The name that the source gave to a value. */
  readonly nameOf: (node: Node) => string | undefined;
  /** The workspace of products: `panel` holds 4 times as many numbers as the longest sum. */
  readonly product: (inner: Size) => { readonly name: string; readonly panel: string };
}

export class Lowering {
  readonly top = new Block();
  readonly #environment: Environment;
  readonly #nest: Nest;
  readonly #stored: ReadonlySet<Node>;
  readonly #depthOf: (node: Node) => number;
  /** Values of stored nodes that need no array. */
  readonly #locals = new Map<Node, Value>();
  readonly #arrays = new Map<Node, ArrayRef>();
  readonly #accumulators = new Map<Unit, string>();
  readonly #blockOf = new Map<LoopVariable, Block>();
  readonly #ids = new Map<unknown, number>();
  /** Loops that are unrolled, at the iteration that is being written. */
  readonly #iteration = new Map<LoopVariable, number>();
  /** Variables that take up the elements of small sums, by place. */
  readonly #registers = new Map<Unit, Registers>();
  /** The terms of sums over unrolled loops. */
  readonly #terms = new Map<Unit, Value[]>();
  readonly #counts = new Map<string, number>();
  #serial = 0;

  constructor(nest: Nest, { stored, depthOf }: Pick<Work, 'stored' | 'depthOf'>, environment: Environment) {
    this.#environment = environment;
    this.#nest = nest;
    this.#stored = stored;
    this.#depthOf = depthOf;
  }

  /** The statements of all loops, in the top block. */
  run(): void {
    this.#items(this.#nest.items, this.top);
  }

  /** A scalar, as the top block knows it after all loops. */
  scalar(node: Node): Value {
    return this.#read(node, [], this.top);
  }

  /** Copies a tensor to an array: for results that are inputs, or results twice. */
  copy(node: Node, to: ArrayRef): void {
    let block = this.top;
    const loops: { variable: LoopVariable; body: Block; outer: Block }[] = [];
    const index = node.shape.map(size => {
      if (size === 1) return constantIndex<Value>(0);
      const variable = new LoopVariable(size);
      const body = this.#open(block, variable);
      loops.push({ variable, body, outer: block });
      block = body;
      return variableIndex<Value>(variable);
    });
    this.#store(to, index, '=', this.#read(node, index, block), block);
    for (const { variable, body, outer } of loops.reverse()) {
      outer.statements.push({ kind: 'loop', variable, reverse: false, body });
    }
  }

  /** Puts a scalar into an array, at the end. */
  put(to: ArrayRef, index: readonly Place[], value: Value): void {
    this.#store(to, index, '=', value, this.top);
  }

  push(statement: Statement): void {
    this.top.statements.push(statement);
  }

  use(value: Value, block: Block = this.top): Value {
    value.uses++;
    if (block !== value.block) value.isUsedInside = true;
    return value;
  }

  #items(items: readonly Item[], block: Block): void {
    for (const item of items) {
      if (isLoop(item)) this.#loop(item, block);
      else this.#body(item, block);
    }
  }

  #loop(loop: LoopNode, block: Block): void {
    if (loop.unrolled) {
      this.#unrolled(loop, block);
      return;
    }
    for (const unit of loop.accumulates) this.#begin(unit, block);
    const body = this.#open(block, loop.variable);
    this.#items(loop.items, body);
    block.statements.push({ kind: 'loop', variable: loop.variable, reverse: loop.reverse, body });
    for (const unit of loop.accumulates) this.#finish(unit, block);
  }

  /** The iterations of a short loop one after the other; what they store and read again stays in variables. */
  #unrolled(loop: LoopNode, block: Block): void {
    for (const unit of loop.accumulates) {
      if (this.#isScalarSum(unit) && COMBINE[unit.node.op as keyof typeof COMBINE] === '+')
        this.#terms.set(unit, []);
      else this.#begin(unit, block);
    }
    const size = loop.variable.size as number; // or it would not be unrolled
    for (let k = 0; k < size; k++) {
      this.#iteration.set(loop.variable, loop.reverse ? size - 1 - k : k);
      this.#items(loop.items, block);
    }
    for (const unit of loop.accumulates) {
      const operands = this.#terms.get(unit);
      if (operands === undefined) {
        this.#finish(unit, block);
        continue;
      }
      this.#terms.delete(unit);
      const value =
        operands.length === 0
          ? this.#number(0)
          : this.#derived({ kind: 'sum', operands }, operands, block, false, unit.node);
      this.#write(unit.node, this.#bind(unit, unit.target), value, block);
    }
  }

  #open(block: Block, variable: LoopVariable): Block {
    const body = new Block(block, variable);
    this.#blockOf.set(variable, body);
    return body;
  }

  /** The index of a unit in the variables of the loops that it shares. */
  #bind(unit: Unit, index: readonly Index<undefined>[]): Place[] {
    const loops = this.#nest.loopsOf.get(unit)!;
    const image = new Map(unit.axes.map(({ variable }, k) => [variable, loops[k].variable]));
    return index.map(part => {
      let { constant } = part;
      const terms = new Map<LoopVariable, Size>();
      for (const [own, coefficient] of part.terms) {
        const variable = image.get(own)!;
        const at = this.#iteration.get(variable);
        if (at === undefined) terms.set(variable, coefficient);
        else constant = addSizes(constant, multiplySizes(coefficient, at));
      }
      return { constant, terms, dynamic: [] };
    });
  }

  // Accumulators.

  /** True if one number takes up the whole sum: no loop inside of the first reduced one runs over the result. */
  #isScalarSum(unit: Unit): boolean {
    return unit.kind === 'reduce' && unit.axes.slice(unit.level).every(({ kind }) => kind !== 'kept');
  }

  #begin(unit: Unit, block: Block): void {
    const { node } = unit;
    if (unit.kind === 'arg') {
      const best = this.#fresh(node.op === 'argmax' ? 'most' : 'least');
      const at = this.#fresh('at');
      const count = this.#fresh('count');
      this.#accumulators.set(unit, `${at} ${best} ${count}`);
      const worst = node.op === 'argmax' ? '-Infinity' : 'Infinity';
      block.statements.push(
        { kind: 'let', name: best, text: worst },
        { kind: 'let', name: at, text: '0' },
        { kind: 'let', name: count, text: '0' },
      );
      return;
    }
    if (unit.kind === 'scan' || this.#isScalarSum(unit)) {
      const name = this.#fresh(this.#environment.nameOf(node) ?? accumulatorName(node));
      this.#accumulators.set(unit, name);
      block.statements.push({ kind: 'let', name, text: String(neutral(node)) });
      return;
    }
    if (this.#isInRegisters(unit)) this.#registers.set(unit, { block, byPlace: new Map() });
    else this.#clear(unit, block);
  }

  /** True if all loops over the result inside of the first reduced one are unrolled, and few elements take up sums. */
  #isInRegisters(unit: Unit): boolean {
    if (unit.kind !== 'reduce' || COMBINE[unit.node.op as keyof typeof COMBINE] !== '+') return false;
    const loops = this.#nest.loopsOf.get(unit)!;
    let elements = 1;
    for (const [k, { kind }] of unit.axes.entries()) {
      if (k < unit.level || kind !== 'kept') continue;
      if (!loops[k].unrolled) return false;
      elements *= loops[k].variable.size as number; // or it would not be unrolled
    }
    return elements <= MOST_REGISTERS;
  }

  /** Sets what the loops inside will add to. */
  #clear(unit: Unit, block: Block): void {
    const { node, level } = unit;
    const array = this.#arrayOf(node);
    const value = neutral(node);
    const outer = unit.axes.slice(0, level).map(({ axis }) => axis!);
    const axes = loopedAxes(node.shape).filter(axis => !outer.includes(axis));
    const contiguous = stridesOf(node.shape);
    const local = this.#nest.localAxes.get(node);
    const isWhole = outer.every(axis => local?.has(axis)) || (outer.length === 0 && node.shape.length >= 0);
    const isDense = this.#environment.results.has(node)
      ? array.strides.every((stride, axis) => node.shape[axis] === 1 || sameSize(stride, contiguous[axis]))
      : true;
    if (isWhole && isDense) {
      const length = elementsIn(axes.map(axis => node.shape[axis]));
      const isAll = !this.#environment.results.has(node);
      block.statements.push({
        kind: 'fill',
        array: array.name,
        value,
        from: array.offset,
        length: isAll ? undefined : length,
      });
      return;
    }
    let inside = block;
    const bound = this.#bind(unit, unit.target);
    const loops: { variable: LoopVariable; body: Block; outer: Block }[] = [];
    const index = bound.map((part, axis) => {
      if (!axes.includes(axis)) return part;
      const variable = new LoopVariable(node.shape[axis]);
      const body = this.#open(inside, variable);
      loops.push({ variable, body, outer: inside });
      inside = body;
      return variableIndex<Value>(variable);
    });
    this.#store(array, index, '=', this.#number(value), inside);
    for (const { variable, body, outer: around } of loops.reverse()) {
      around.statements.push({ kind: 'loop', variable, reverse: false, body });
    }
  }

  #finish(unit: Unit, block: Block): void {
    const registers = this.#registers.get(unit);
    if (registers !== undefined) {
      this.#registers.delete(unit);
      for (const { name, index } of registers.byPlace.values()) {
        this.#write(unit.node, index, this.#make({ kind: 'local', name, operands: [] }, block, false), block);
      }
      return;
    }
    const name = this.#accumulators.get(unit);
    if (name === undefined || unit.kind === 'scan') return;
    const target = this.#bind(unit, unit.target);
    const text = unit.kind === 'arg' ? name.split(' ')[0] : name;
    const value = this.#make({ kind: 'local', name: text, operands: [] }, block, unit.node.dtype === 'bool');
    this.#write(unit.node, target, value, block);
  }

  // Bodies.

  #body(unit: Unit, block: Block): void {
    switch (unit.kind) {
      case 'product':
        this.#product(unit, block);
        return;
      case 'map': {
        const [{ node, index }] = unit.body;
        const at = this.#bind(unit, index);
        const value = node === unit.node ? this.#compute(node, at, block) : this.#read(node, at, block);
        this.#write(unit.node, this.#bind(unit, unit.target), value, block);
        return;
      }
      case 'reduce':
        this.#reduce(unit, block);
        return;
      case 'scan':
        this.#scan(unit, block);
        return;
      case 'scatter':
        if (unit.level === unit.axes.length) this.#clear(unit, block); // nothing is looped over
        this.#scatter(unit, block);
        return;
      case 'arg':
        if (unit.level === unit.axes.length)
          this.#write(unit.node, this.#bind(unit, unit.target), this.#number(1), block);
        else this.#argument(unit, block);
        return;
      default:
        unit.kind satisfies never;
    }
  }

  #reduce(unit: Unit, block: Block): void {
    const operands = unit.body.map(({ node, index }) => this.#read(node, this.#bind(unit, index), block));
    const value =
      operands.length === 1
        ? operands[0]
        : this.#derived({ kind: 'times', operands }, operands, block, false);
    const target = this.#bind(unit, unit.target);
    if (unit.level === unit.axes.length) {
      this.#write(unit.node, target, value, block);
      return;
    }
    const combine = COMBINE[unit.node.op as keyof typeof COMBINE];
    const name = this.#accumulators.get(unit);
    const terms = this.#terms.get(unit);
    const registers = this.#registers.get(unit);
    if (registers !== undefined) {
      const key = target.map(part => this.#keyOf(part)).join(' ');
      let register = registers.byPlace.get(key);
      if (register === undefined) {
        register = { name: this.#fresh('sum'), index: target };
        registers.byPlace.set(key, register);
        registers.block.statements.push({ kind: 'let', name: register.name, text: '0' });
      }
      block.statements.push({ kind: 'assign', name: register.name, combine, value: this.use(value, block) });
    } else if (terms !== undefined) terms.push(value);
    else if (name !== undefined) {
      block.statements.push({ kind: 'assign', name, combine, value: this.use(value, block) });
    } else this.#store(this.#arrayOf(unit.node), target, combine, value, block);
  }

  #scan(unit: Unit, block: Block): void {
    const [{ node, index }] = unit.body;
    const value = this.#read(node, this.#bind(unit, index), block);
    const name = this.#accumulators.get(unit);
    const target = this.#bind(unit, unit.target);
    if (name === undefined) {
      // Along an axis of length 1.
      const { exclusive } = (unit.node as Extract<Node, { op: 'cumsum' }>).attrs;
      this.#write(unit.node, target, exclusive ? this.#number(neutral(unit.node)) : value, block);
      return;
    }
    const { exclusive } = (unit.node as Extract<Node, { op: 'cumsum' }>).attrs;
    const combine = unit.node.op === 'cumsum' ? '+' : '*';
    const add: Statement = { kind: 'assign', name, combine, value: this.use(value, block) };
    if (!exclusive) block.statements.push(add);
    // What the variable holds now: a value with a statement of its own, since the variable changes.
    const now = this.#make({ kind: 'local', name, operands: [] }, block, false);
    now.uses = 2;
    block.statements.push({ kind: 'define', value: now });
    now.name = this.#fresh(this.#environment.nameOf(unit.node) ?? 'partial');
    this.#write(unit.node, target, now, block);
    if (exclusive) block.statements.push(add);
  }

  /** What is added where; what a selection leaves out is not written, whatever its index is. */
  #scatter(unit: Unit, block: Block): void {
    const [{ node: source, index }, at] = unit.body;
    const node = unit.node as Extract<Node, { op: 'scatterAdd' }>;
    const place = this.#bind(unit, index);
    const write = (value: Value, inside: Block) => {
      const position = this.#position(at.node, this.#bind(unit, at.index), node.attrs.length, inside);
      const target = this.#bind(unit, unit.target).map((part, axis) =>
        axis === node.attrs.axis ? dynamicIndex(position) : part,
      );
      this.#store(this.#arrayOf(node), target, '+', value, inside);
    };
    // A selection against 0 is a condition; what else is 0 is not added either.
    const zero = source.op === 'select' && !this.#stored.has(source) ? source.inputs.findIndex(isZero) : -1;
    const then = new Block(block, undefined, 'strict');
    if (zero > 0) {
      const at = (input: Node) => operandIndex(input.shape, source.shape, place);
      const [mask, ...sides] = source.inputs;
      const read = this.#read(mask, at(mask), block);
      const condition =
        zero === 2 ? read : this.#derived({ kind: 'not', operands: [read] }, [read], block, true);
      const chosen = sides[2 - zero];
      write(this.#read(chosen, at(chosen), then), then);
      block.statements.push({
        kind: 'if',
        condition: this.use(condition, block),
        then,
        otherwise: undefined,
      });
      return;
    }
    const value = this.#derivedAs('added', this.#read(source, place, block), block);
    write(value, then);
    const condition = this.#make(
      { kind: 'local', name: `${value.name} !== 0`, operands: [value] },
      block,
      true,
    );
    block.statements.push({ kind: 'if', condition, then, otherwise: undefined });
  }

  /** The value under a name of its own, in any case. */
  #derivedAs(wanted: string, value: Value, block: Block): Value & { readonly name: string } {
    const named = this.#derived({ kind: 'sum', operands: [value] }, [value], block, false);
    named.uses = 2;
    return Object.assign(named, { name: this.#fresh(wanted) });
  }

  #argument(unit: Unit, block: Block): void {
    const [{ node, index }] = unit.body;
    const value = this.#read(node, this.#bind(unit, index), block);
    const [at, best, count] = this.#accumulators.get(unit)!.split(' ');
    block.statements.push({ kind: 'assign', name: count, combine: '+', value: this.#number(1) });
    // A name for it in any case: it is compared and kept.
    const x = this.#derivedAs('x', value, block);
    const mask = (text: string): Value =>
      this.#make({ kind: 'local', name: text, operands: [x] }, block, true);
    const number = (text: string): Value =>
      this.#make({ kind: 'local', name: text, operands: [] }, block, false);
    const better = unit.node.op === 'argmax' ? '>' : '<';
    const then = new Block(block, undefined, 'strict');
    then.statements.push(
      { kind: 'assign', name: best, combine: '=', value: number(x.name) },
      { kind: 'assign', name: at, combine: '=', value: number(count) },
    );
    // The first element, a better one, or the first NaN.
    const condition = mask(
      `${at} === 0 || ${x.name} ${better} ${best} || (${x.name} !== ${x.name} && ${best} === ${best})`,
    );
    block.statements.push({ kind: 'if', condition, then, otherwise: undefined });
  }

  #product(unit: Unit, block: Block): void {
    const product = unit.product!;
    const [i, j, k] = [product.rows, product.columns, product.inner].map(size => new LoopVariable(size));
    const letters = { i, j, k };
    const stretch = (
      array: ArrayRef,
      index: readonly Index<undefined>[],
      first: LoopVariable,
      second: LoopVariable,
    ) => {
      const place = plus(constantIndex<undefined>(array.offset), flatIndex(index, array.strides));
      return [array.name, place.constant, place.terms.get(first) ?? 0, place.terms.get(second) ?? 0];
    };
    const operand = (
      node: Node,
      own: readonly ('i' | 'j' | 'k')[],
      first: LoopVariable,
      second: LoopVariable,
    ) => {
      let index: Index<undefined>[] = own.map(letter => variableIndex(letters[letter]));
      let at = node;
      while (isView(at) && !this.#stored.has(at)) {
        index = throughView(at, index);
        [at] = at.inputs;
      }
      return stretch(this.#sourceOf(at), index, first, second);
    };
    const [a, b] = unit.node.inputs;
    const c = product.c.map(letter => variableIndex<undefined>(letters[letter]));
    const kernel = this.#environment.product(product.inner);
    const say = (node: Node) =>
      this.#environment.nameOf(node) ?? (node.op === 'input' ? node.attrs.name : '');
    const names = [unit.node, a, b].map(node => say(node.op === 'permute' ? node.inputs[0] : node));
    const comment = names.every(name => name !== '')
      ? `${names[0]} = ${names[1]}${a.op === 'permute' || product.a[0] === 'k' ? "'" : ''} * ${names[2]}${product.b[0] === 'j' ? "'" : ''}`
      : '';
    block.statements.push({
      kind: 'call',
      name: kernel.name,
      comment,
      arguments: [
        product.rows,
        product.columns,
        product.inner,
        ...operand(a, product.a, i, k),
        ...operand(b, product.b, k, j),
        ...stretch(this.#arrayOf(unit.node), c, i, j),
        kernel.panel,
      ],
    });
  }

  #sourceOf(node: Node): ArrayRef {
    if (!this.#stored.has(node) && (node.op === 'input' || node.op === 'array')) {
      return this.#environment.leaf(node) as ArrayRef; // a matrix is no scalar
    }
    return this.#arrayOf(node);
  }

  // Elements.

  /** An element of a stored node, written: into its array, or kept as a value if all its readers are here. */
  #write(node: Node, target: readonly Place[], value: Value, block: Block): void {
    const local = this.#nest.localAxes.get(node);
    const isLocal =
      local !== undefined && [...node.shape.keys()].every(axis => node.shape[axis] === 1 || local.has(axis));
    if (node.shape === SCALAR || isLocal) {
      this.#locals.set(node, value);
      return;
    }
    const array = this.#arrayOf(node);
    this.#store(array, target, '=', value, block);
    // Whoever reads this element in this block needs not look into the array.
    const place = plus(constantIndex<Value>(array.offset), flatIndex(target, array.strides));
    block.values.set(`${array.name} ${this.#keyOf(place)}`, value);
  }

  #arrayOf(node: Node): ArrayRef {
    const known = this.#arrays.get(node) ?? this.#environment.results.get(node);
    if (known !== undefined) return known;
    const local = this.#nest.localAxes.get(node);
    const shape = node.shape.map((size, axis) => (local?.has(axis) ? 1 : size));
    const strides = stridesOf(shape).map((stride, axis) => (local?.has(axis) ? 0 : stride));
    const wanted = this.#numbered(this.#environment.nameOf(node) ?? arrayName(node));
    const name = this.#environment.buffer(wanted, elementsIn(shape));
    const array = { name, offset: 0, strides };
    this.#arrays.set(node, array);
    return array;
  }

  /** The element `index` of `node`, as `block` sees it. */
  #read(node: Node, index: readonly Place[], block: Block): Value {
    switch (node.op) {
      case 'const':
        return this.#number(node.attrs.value);
      case 'size':
        return this.#make({ kind: 'size', size: node.attrs.size }, this.top, false);
      case 'iota':
        if (!this.#stored.has(node))
          return this.#derived({ kind: 'integer', place: index[0] }, [], block, false);
        break;
      case 'input':
      case 'array': {
        if (this.#stored.has(node)) break;
        const leaf = this.#environment.leaf(node);
        if (typeof leaf === 'string')
          return this.#make({ kind: 'local', name: leaf, operands: [] }, this.top, false);
        return this.#load(leaf, index, block, false);
      }
      default:
    }
    const local = this.#locals.get(node);
    if (local !== undefined) return local;
    if (this.#stored.has(node) && node.shape !== SCALAR) {
      return this.#load(this.#arrayOf(node), index, block, node.dtype === 'bool', this.#validIn(node));
    }
    const key = `${node.id} ${index.map(part => this.#keyOf(part)).join(' ')}`;
    const known = this.#known(key, block);
    if (known !== undefined) return known;
    if (this.#depthOf(node) > DEEPEST) this.#scalarsBefore(node, block);
    const value = this.#compute(node, index, block);
    value.block.values.set(key, value);
    return value;
  }

  /** The value of that key that `block` sees. */
  #known(key: string, block: Block): Value | undefined {
    for (let around: Block | undefined = block; around !== undefined; around = around.parent) {
      const known = around.values.get(key);
      if (known !== undefined) return known;
    }
    return undefined;
  }

  /** Computes what a deep scalar is made of, operands first: to recurse would need as much stack as the formula is deep. */
  #scalarsBefore(node: Node, block: Block): void {
    const seen = new Set<Node>();
    const pending = [node];
    const deep: Node[] = [];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (seen.has(next) || this.#known(`${next.id} `, block) !== undefined) continue;
      seen.add(next);
      if (next !== node && next.shape === SCALAR && this.#depthOf(next) % DEEPEST === 0) deep.push(next);
      // The sides of a selection are computed where they are chosen, unless they are deep themselves.
      const isSelection = next.op === 'select';
      for (const [k, input] of next.inputs.entries()) {
        if (this.#depthOf(input) > (isSelection && k > 0 ? DEEPEST : 0)) pending.push(input);
      }
    }
    deep.sort((p, q) => p.id - q.id);
    for (const scalar of deep) this.#read(scalar, [], block);
  }

  /** The same from its operands, whether it is stored or not. */
  #compute(node: Node, index: readonly Place[], block: Block): Value {
    if (isLeaf(node)) return this.#read(node, index, block);
    const [x, y] = node.inputs;
    if (isView(node)) return this.#read(x, throughView(node, index), block);
    switch (node.op) {
      case 'gather': {
        const { axis } = node.attrs;
        const rank = y.shape.length;
        const position = this.#position(y, index.slice(axis, axis + rank), x.shape[axis], block);
        return this.#read(
          x,
          [...index.slice(0, axis), dynamicIndex(position), ...index.slice(axis + rank)],
          block,
        );
      }
      case 'pad': {
        const { axis, start, step } = node.attrs;
        const shifted = plus(index[axis], constantIndex<Value>(multiplySizes(start, -1)));
        const length = x.shape[axis];
        const place = Math.abs(step) === 1 ? times(shifted, step) : shifted;
        const known = knownInside(place, step, length);
        if (known === false) return this.#number(0);
        if (known === true)
          return this.#read(
            x,
            index.with(axis, constantIndex((place.constant as number) / (Math.abs(step) === 1 ? 1 : step))),
            block,
          );
        const condition = this.#derived(
          { kind: 'inside', place, step: Math.abs(step) === 1 ? 1 : step, length },
          [],
          block,
          true,
        );
        return this.#choose(
          condition,
          inside => {
            const inner =
              Math.abs(step) === 1
                ? place
                : dynamicIndex(this.#derived({ kind: 'quotient', place, step }, [], inside, false));
            return this.#read(x, index.with(axis, inner), inside);
          },
          () => this.#number(0),
          block,
          node,
          'strict',
        );
      }
      case 'select': {
        const [condition, chosen, other] = node.inputs;
        const at = (input: Node) => operandIndex(input.shape, node.shape, index);
        return this.#choose(
          this.#read(condition, at(condition), block),
          inside => this.#read(chosen, at(chosen), inside),
          inside => this.#read(other, at(other), inside),
          block,
          node,
          'lazy',
        );
      }
      default: {
        if (!isElementwise(node.op)) throw new TypeError(`${node.op} is not computed element by element`);
        const operands = node.inputs.map(input =>
          this.#read(input, operandIndex(input.shape, node.shape, index), block),
        );
        return this.#derived({ kind: 'apply', node, operands }, operands, block, node.dtype === 'bool', node);
      }
    }
  }

  /** Only the side that is chosen is computed. */
  #choose(
    condition: Value,
    chosen: (inside: Block) => Value,
    other: (inside: Block) => Value,
    block: Block,
    node: Node,
    branch: 'lazy' | 'strict',
  ): Value {
    const sides = [chosen, other].map(side => {
      const inside = new Block(block, undefined, branch);
      const value = side(inside);
      return { inside, value };
    });
    const isShort = sides.every(({ inside }) =>
      inside.statements.every(statement => {
        return statement.kind === 'define' && statement.value.uses <= 1 && !statement.value.isUsedInside;
      }),
    );
    if (isShort) {
      const [then, otherwise] = sides.map(({ value }) => value);
      const operands = [condition, then, otherwise] as const;
      const value = this.#derived({ kind: 'choose', operands }, operands, block, node.dtype === 'bool', node);
      return value;
    }
    const name = this.#fresh(this.#environment.nameOf(node) ?? 'chosen');
    block.statements.push({ kind: 'let', name, text: node.dtype === 'bool' ? 'false' : '0' });
    for (const { inside, value } of sides) {
      inside.statements.push({ kind: 'assign', name, combine: '=', value: this.use(value, inside) });
    }
    const [then, otherwise] = sides.map(({ inside }) => inside);
    block.statements.push({ kind: 'if', condition: this.use(condition, block), then, otherwise });
    return this.#make({ kind: 'local', name, operands: [] }, block, node.dtype === 'bool');
  }

  #position(node: Node, index: readonly Place[], length: Size, block: Block): Value {
    const at = this.#read(node, index, block);
    let source = node;
    while (isView(source)) [source] = source.inputs;
    const what = source.op === 'input' ? source.attrs.name : (this.#environment.nameOf(source) ?? 'index');
    return this.#derived({ kind: 'position', index: at, length, what }, [at], block, false);
  }

  /** The block outside of which an array that holds one iteration's values means nothing. */
  #validIn(node: Node): Block {
    let block = this.top;
    for (const { variable } of this.#nest.localLoops.get(node) ?? []) {
      const inside = this.#blockOf.get(variable);
      if (inside?.isWithin(block)) block = inside;
    }
    return block;
  }

  #load(array: ArrayRef, index: readonly Place[], block: Block, isMask: boolean, within = this.top): Value {
    const place = plus(constantIndex<Value>(array.offset), flatIndex(index, array.strides));
    const key = `${array.name} ${this.#keyOf(place)}`;
    const known = this.#known(key, block);
    if (known !== undefined) return known;
    const own = this.#home(place, [], block, within, false, false);
    const { base, rest } = this.#split(place, own);
    const value = this.#make({ kind: 'load', array: array.name, place: rest, base, isMask }, own, isMask);
    for (const { value: part } of rest.dynamic) this.use(part, own);
    if (base !== undefined) this.use(base, own);
    own.statements.push({ kind: 'define', value });
    own.values.set(key, value);
    return value;
  }

  #store(array: ArrayRef, index: readonly Place[], combine: Combine, value: Value, block: Block): void {
    const place = plus(constantIndex<Value>(array.offset), flatIndex(index, array.strides));
    const { base, rest } = this.#split(place, block);
    for (const { value: part } of rest.dynamic) this.use(part, block);
    if (base !== undefined) this.use(base, block);
    block.statements.push({
      kind: 'store',
      array: array.name,
      place: rest,
      base,
      combine,
      value: this.use(value, block),
    });
  }

  /** What of a place does not change in the innermost loop, as a value of the loop outside, if that is worth one. */
  #split(place: Place, block: Block): { base: Value | undefined; rest: Place } {
    let loop: Block | undefined = block;
    while (loop !== undefined && (loop.variable === undefined || !place.terms.has(loop.variable)))
      loop = loop.parent;
    const inner = loop?.variable;
    if (inner === undefined) return { base: undefined, rest: place };
    const outer = new Map(place.terms);
    outer.delete(inner);
    const products = [...outer.values()].filter(coefficient => coefficient !== 1).length;
    if (outer.size === 0 || (products === 0 && outer.size + place.dynamic.length < 2))
      return { base: undefined, rest: place };
    const invariant: Place = { constant: 0, terms: outer, dynamic: place.dynamic };
    const base = this.#derived({ kind: 'integer', place: invariant }, [], loop!.parent!, false);
    if (base.block === block) return { base: undefined, rest: place };
    const terms = new Map([[inner, place.terms.get(inner)!]]);
    return { base, rest: { constant: place.constant, terms, dynamic: [] } };
  }

  /** A value made of others; it stands in the outermost block that knows them all. */
  #derived(
    expression: Expression,
    operands: readonly Value[],
    block: Block,
    isMask: boolean,
    node?: Node,
  ): Value {
    const place = 'place' in expression ? expression.place : undefined;
    const isDear = expression.kind === 'position' || (node !== undefined && FORMS[node.op].dear === true);
    const home = this.#home(place, operands, block, this.top, isDear, expression.kind === 'position');
    const key = this.#expressionKey(expression);
    const known = key === undefined ? undefined : this.#known(key, block);
    if (known !== undefined) return known;
    const value = this.#make(expression, home, isMask, node && this.#environment.nameOf(node));
    for (const operand of operands) {
      operand.uses++;
      // A side of a selection is written where the selection is.
      const isSide = operand.block.branch !== undefined && expression.kind === 'choose';
      if (operand.block !== home && !isSide) operand.isUsedInside = true;
    }
    if (place !== undefined) for (const { value: part } of place.dynamic) this.use(part, home);
    home.statements.push({ kind: 'define', value });
    if (key !== undefined) home.values.set(key, value);
    return value;
  }

  /**
   * The outermost block around `block`, inside of `within`, that knows the variables and values. Dear work does not leave
   * a side of a selection for a block of the same loop, and nothing that depends on a position or is strict leaves it.
   */
  #home(
    place: Place | undefined,
    operands: readonly Value[],
    block: Block,
    within: Block,
    isDear: boolean,
    isBound: boolean,
  ): Block {
    let home = within;
    const deepen = (other: Block | undefined) => {
      if (other?.isWithin(home)) home = other;
    };
    if (place !== undefined) {
      for (const variable of place.terms.keys()) deepen(this.#blockOf.get(variable));
      for (const { value } of place.dynamic) deepen(value.block);
    }
    for (const operand of operands) {
      if (block.isWithin(operand.block)) deepen(operand.block);
      else deepen(block); // a side of a selection, which could not leave it
    }
    for (
      let around: Block | undefined = block;
      around !== undefined && around !== home;
      around = around.parent
    ) {
      if (around.branch === undefined) continue;
      if (isBound || around.branch === 'strict' || (isDear && around.depth === home.depth)) return around;
    }
    return home;
  }

  #number(value: number): Value {
    return this.#make({ kind: 'number', value }, this.top, false);
  }

  #make(expression: Expression, block: Block, isMask: boolean, hint?: string): Value {
    return new Value(this.#serial++, expression, block, isMask, hint);
  }

  #fresh(wanted: string): string {
    return this.#environment.names.take(this.#numbered(wanted));
  }

  /** sum, sum2, sum3, ... */
  #numbered(wanted: string): string {
    const count = (this.#counts.get(wanted) ?? 0) + 1;
    this.#counts.set(wanted, count);
    return count === 1 ? wanted : `${wanted}${count}`;
  }

  #keyOf(place: Place): string {
    return indexKey(place, part => this.#idOf(part));
  }

  #expressionKey(expression: Expression): string | undefined {
    switch (expression.kind) {
      case 'integer':
        return `integer ${this.#keyOf(expression.place)}`;
      case 'position':
        return `position ${expression.index.id} ${expression.what}`;
      default:
        return undefined;
    }
  }

  #idOf(part: unknown): number {
    let id = this.#ids.get(part);
    if (id === undefined) {
      id = this.#ids.size;
      this.#ids.set(part, id);
    }
    return id;
  }
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

function isZero(node: Node): boolean {
  return constantOf(node) === 0;
}

/** Variables for the elements of a sum, declared in `block`, which the loops that add to them are about to join. */
interface Registers {
  readonly block: Block;
  readonly byPlace: Map<string, { readonly name: string; readonly index: readonly Place[] }>;
}

/** More sums than this do not stay in registers. */
const MOST_REGISTERS = 16;

function accumulatorName({ op }: Node): string {
  switch (op) {
    case 'reduceProd':
    case 'cumprod':
      return 'product';
    case 'reduceMax':
      return 'most';
    case 'reduceMin':
      return 'least';
    case 'any':
      return 'any';
    default:
      return 'sum';
  }
}

/** Whether a constant place is one of `length` every `step`, as far as that is known. */
function knownInside({ constant, terms, dynamic }: Place, step: number, length: Size): boolean | undefined {
  if (terms.size > 0 || dynamic.length > 0 || typeof constant !== 'number') return undefined;
  const at = Math.abs(step) === 1 ? constant : constant / step;
  if (at < 0 || !Number.isInteger(at)) return false;
  return typeof length === 'number' ? at < length : undefined;
}

/** What an accumulator begins with. */
function neutral({ op }: Node): number {
  switch (op) {
    case 'reduceProd':
    case 'cumprod':
      return 1;
    case 'reduceMax':
      return Number.NEGATIVE_INFINITY;
    case 'reduceMin':
      return Number.POSITIVE_INFINITY;
    default:
      return 0;
  }
}

const COMBINE = {
  reduceSum: '+',
  contract: '+',
  reduceProd: '*',
  reduceMax: 'max',
  reduceMin: 'min',
  any: 'or',
} as const satisfies Partial<Record<Node['op'], Combine>>;

/** The axes of a shape that a loop runs over. */
export function loopedAxes(shape: Shape): number[] {
  return [...shape.keys()].filter(axis => shape[axis] !== 1);
}
