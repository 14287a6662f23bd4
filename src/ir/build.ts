// Builders: the only way to append nodes, used alike by the front end, the calculus and the rewrites. They fold
// constants and the identities that are exact in IEEE arithmetic; everything else is a rewrite with a name.
//
// A builder belongs to one graph. `const { add, mul } = builder(graph)` makes formulas read as formulas.

import type { Attrs, AttrsOf, Graph, Node, Scan, Stretch } from './graph.ts';
import { factsOf, isElementwise, OPS, type OpName } from './ops.ts';
import { isStatic, SCALAR, type Shape, sameShape } from './shape.ts';
import { shapeOf, subscriptsOf } from './shapes.ts';
import { addSizes, multiplySizes, productOfSizes, type Size, sameSize, subtractSizes } from './size.ts';

/** A node, or a number that stands for the constant. */
export type Operand = Node | number;

type OrderOp = 'polygamma' | 'phi' | 'sphericalBessel';
type PlainOp = Exclude<OpName, keyof AttrsOf>;
type Operands<A> = A extends 1
  ? [x: Operand]
  : A extends 2
    ? [x: Operand, y: Operand]
    : A extends 3
      ? [condition: Operand, x: Operand, y: Operand]
      : Operand[];
type Reduction =
  | 'reduceSum'
  | 'reduceProd'
  | 'reduceMax'
  | 'reduceMin'
  | 'norm'
  | 'reduceLogsumexp'
  | 'any'
  | 'argmax'
  | 'argmin';

/** One function for every operation, plus the constructors of leaves. */
export type Builder = {
  readonly [O in PlainOp]: (...inputs: Operands<(typeof OPS)[O]['arity']>) => Node;
} & {
  readonly [O in OrderOp]: (order: number, x: Operand) => Node;
} & {
  /** Over the axes given, all if none are. */
  readonly [O in Reduction]: (x: Operand, axes?: readonly number[]) => Node;
} & {
  readonly graph: Graph;
  readonly constant: (value: number) => Node;
  /** Constants in row-major order. */
  readonly array: (values: readonly number[], shape: readonly number[]) => Node;
  /** A size as a number. */
  readonly size: (size: Size) => Node;
  /** 0, 1, 2, ... along one axis. */
  readonly iota: (length: Size) => Node;
  readonly broadcast: (x: Operand, shape: Shape) => Node;
  readonly reshape: (x: Operand, shape: Shape) => Node;
  readonly permute: (x: Operand, permutation: readonly number[]) => Node;
  readonly slice: (x: Operand, stretch: Stretch) => Node;
  readonly pad: (x: Operand, stretch: Stretch) => Node;
  /** The element at a row-major position, from 0, of a tensor of static shape. */
  readonly element: (x: Operand, position: number) => Node;
  readonly diagonal: (x: Operand) => Node;
  readonly concat: (axis: number, inputs: readonly Operand[]) => Node;
  /** The slices of `x` along `axis` at the 1-based positions `index`, whose axes take the place of that axis. */
  readonly gather: (x: Operand, index: Operand, axis: number) => Node;
  /** The transpose of `gather`: zeros of `length` along `axis`, to which the slices of `x` are added at `index`. */
  readonly scatterAdd: (x: Operand, index: Operand, axis: number, length: Size) => Node;
  readonly cumsum: (x: Operand, scan: Scan) => Node;
  readonly cumprod: (x: Operand, scan: Scan) => Node;
  /** einsum of two operands: any subscripts in which no operand repeats a letter. */
  readonly contract: (subscripts: string, x: Operand, y: Operand) => Node;
  /** `x` with new axes of length 1: `axes` are their positions in the result, ascending. */
  readonly expand: (x: Operand, axes: readonly number[]) => Node;
  /** `x` without axis `axis`, which has length 1. */
  readonly drop: (x: Operand, axis: number) => Node;
  /** Tensors of one shape along a new first axis. */
  readonly stack: (inputs: readonly Operand[]) => Node;
  /** 1 where the two indices are equal, else 0, as a mask of rows x columns. */
  readonly eye: (rows: Size, columns: Size) => Node;
  /** Rebuilds `node` (of this or another graph) over `inputs` of this graph. */
  readonly rebuild: (node: Node, inputs: readonly Node[]) => Node;
  /** The node of any operation by name: constants folded, identities applied. */
  readonly make: (op: OpName, inputs: readonly Node[], attrs?: Attrs) => Node;
};

/** The value of a constant node, or undefined. */
export function constantOf(node: Node): number | undefined {
  return node.op === 'const' ? node.attrs.value : undefined;
}

export function isConstant(node: Node, value: number): boolean {
  return node.op === 'const' && Object.is(node.attrs.value, value);
}

/** True for 0 and -0. */
export function isZero(node: Node): boolean {
  return node.op === 'const' && node.attrs.value === 0;
}

/**
 * The builders of `graph`. `settle` may replace each node they make by one that is equal in meaning: a rewriting engine
 * hooks in here, so that whatever is built is rewritten as it is built.
 */
export function builder(graph: Graph, settle: (node: Node) => Node = node => node): Builder {
  const constant = (value: number): Node => graph.constant(value);
  const toNode = (x: Operand): Node => (typeof x === 'number' ? graph.constant(x) : x);

  const make = (op: OpName, inputs: readonly Node[], attrs?: Attrs): Node => {
    const folded = fold(op, inputs, attrs);
    if (folded !== undefined) return graph.constant(folded);
    if (!isElementwise(op)) {
      return arrangement(op, inputs, attrs) ?? settle(graph.intern(op, inputs, attrs));
    }
    const known = identity(op, inputs);
    if (inputs.every(isScalarNode)) return known ?? settle(graph.intern(op, inputs, attrs));
    if (known === undefined && !inputs.some(isBroadcast)) return settle(graph.intern(op, inputs, attrs));
    // A law may lose an operand that gave the shape, and operands broadcast by themselves.
    const shape = graph.shapeOf(inputs);
    const result = known ?? make(op, inputs.map(withoutBroadcast), attrs);
    return sameShape(result.shape, shape) ? result : broadcast(result, shape);
  };

  const broadcast = (x: Node, shape: Shape): Node => make('broadcast', [x], { shape });
  const reshape = (x: Node, shape: Shape): Node => make('reshape', [x], { shape });

  /** Identities of the operations that are not elementwise. */
  const arrangement = (op: OpName, inputs: readonly Node[], attrs: Attrs): Node | undefined => {
    const [x] = inputs;
    switch (op) {
      case 'broadcast': {
        const { shape } = attrs as AttrsOf['broadcast'];
        if (sameShape(x.shape, shape)) return x;
        return x.op === 'broadcast' ? broadcast(x.inputs[0], shape) : undefined;
      }
      case 'reshape': {
        const { shape } = attrs as AttrsOf['reshape'];
        if (sameShape(x.shape, shape)) return x;
        // What is left out below would have noted that the numbers of elements have to be equal.
        shapeOf(op, inputs, attrs, (left, right) => graph.require(left, right));
        if (x.op === 'reshape' && mayReshape(x.inputs[0].shape, shape)) return reshape(x.inputs[0], shape);
        if (isScalarNode(x)) return broadcast(x, shape);
        if (x.op === 'broadcast' && isScalarNode(x.inputs[0])) return broadcast(x.inputs[0], shape);
        return x.op === 'array' && isStatic(shape) ? array(x.attrs.values, shape) : undefined;
      }
      case 'permute':
        return permuted(x, (attrs as AttrsOf['permute']).permutation);
      case 'slice':
        return sliced(x, attrs as AttrsOf['slice']);
      case 'pad': {
        const { axis, start, step, length } = attrs as AttrsOf['pad'];
        return start === 0 && step === 1 && sameSize(length, x.shape[axis]) ? x : undefined;
      }
      case 'concat':
        return inputs.length === 1 ? x : joined(inputs, (attrs as AttrsOf['concat']).axis);
      case 'reduceSum':
        return summed(x, (attrs as AttrsOf['reduceSum']).axes);
      case 'reduceProd':
      case 'reduceMax':
      case 'reduceMin':
      case 'reduceLogsumexp':
      case 'any': {
        const { axes } = attrs as AttrsOf['any'];
        if (axes.every(axis => x.shape[axis] === 1)) return reshape(x, without(x.shape, axes));
        return op === 'any' && x.op === 'broadcast' ? anyOfBroadcast(x, axes) : undefined;
      }
      case 'norm': {
        const { axes } = attrs as AttrsOf['norm'];
        if (!axes.every(axis => x.shape[axis] === 1)) return undefined;
        return make('abs', [reshape(x, without(x.shape, axes))]);
      }
      case 'element':
        return elementOf(x, (attrs as AttrsOf['element']).position);
      case 'size': {
        const { size } = attrs as AttrsOf['size'];
        return typeof size === 'number' ? constant(size) : undefined;
      }
      case 'gather':
        return picked(x, inputs[1], (attrs as AttrsOf['gather']).axis);
      case 'contract':
        return contraction(x, inputs[1], (attrs as AttrsOf['contract']).subscripts);
      default:
        return undefined;
    }
  };

  const array = (values: readonly number[], shape: readonly number[]): Node => {
    if (shape.length === 0) return constant(values[0]);
    if (values.length > 0 && values.every(value => Object.is(value, values[0]))) {
      return broadcast(constant(values[0]), shape);
    }
    return make('array', [], { shape, values });
  };

  /** permute(permute(x)) -> permute(x); of what is the same along all axes -> that. */
  const permuted = (x: Node, permutation: readonly number[]): Node | undefined => {
    if (permutation.every((axis, at) => axis === at)) return x;
    if (x.op === 'permute') {
      const inner = x.attrs.permutation;
      return make('permute', x.inputs, { permutation: permutation.map(axis => inner[axis]) });
    }
    const shape = permutation.map(axis => x.shape[axis]);
    if (x.op === 'broadcast' && isScalarNode(x.inputs[0])) return broadcast(x.inputs[0], shape);
    // Only axes of length 1 move: nothing moves in memory.
    const moving = permutation.filter(axis => x.shape[axis] !== 1);
    if (moving.every((axis, at) => at === 0 || moving[at - 1] < axis)) return reshape(x, shape);
    return undefined;
  };

  const sliced = (x: Node, { axis, start, step, length }: Stretch): Node | undefined => {
    const own = x.shape[axis];
    if (start === 0 && step === 1 && sameSize(length, own)) return x;
    if (x.op === 'slice' && x.attrs.axis === axis) {
      const inner = x.attrs;
      const first = addSizes(inner.start, multiplySizes(inner.step, start));
      return make('slice', x.inputs, { axis, start: first, step: inner.step * step, length });
    }
    const shape = x.shape.map((size, at) => (at === axis ? length : size));
    if (x.op === 'broadcast') {
      const [source] = x.inputs;
      const at = axis - x.shape.length + source.shape.length;
      if (at < 0 || source.shape[at] === 1) return broadcast(source, shape);
      return broadcast(make('slice', [source], { axis: at, start, step, length }), shape);
    }
    if (x.op === 'iota') {
      const from = make('size', [], { size: start });
      const steps = make('mul', [constant(step), make('iota', [], { length })]);
      return length === 1 ? broadcast(from, shape) : make('add', [from, steps]);
    }
    if (x.op === 'array' && typeof start === 'number' && typeof length === 'number') {
      return array(slicedValues(x.attrs, axis, start, step, length), shape as readonly number[]);
    }
    if (
      x.op === 'concat' &&
      x.attrs.axis === axis &&
      typeof start === 'number' &&
      typeof length === 'number'
    ) {
      let first = 0;
      for (const part of x.inputs) {
        const size = part.shape[axis];
        if (typeof size !== 'number') return undefined;
        const last = start + (length - 1) * step;
        if (Math.min(start, last) >= first && Math.max(start, last) < first + size) {
          return make('slice', [part], { axis, start: start - first, step, length });
        }
        first += size;
      }
    }
    return undefined;
  };

  /** Constants in one array; an empty part is left out. */
  const joined = (inputs: readonly Node[], axis: number): Node | undefined => {
    if (inputs.some(input => input.shape[axis] === 0)) {
      const parts = inputs.filter(input => input.shape[axis] !== 0);
      return parts.length === 0 ? inputs[0] : make('concat', parts, { axis });
    }
    const outer = inputs[0].shape.slice(0, axis);
    if (productOfSizes(outer) !== 1) return undefined;
    const values: number[] = [];
    for (const {
      op,
      attrs,
      shape,
      inputs: [source],
    } of inputs) {
      if (op === 'array') for (const value of attrs.values) values.push(value);
      else if (op === 'broadcast' && source.op === 'const' && isStatic(shape)) {
        const count = productOfSizes(shape) as number;
        if (count > LARGEST_FILL) return undefined;
        for (let k = 0; k < count; k++) values.push(source.attrs.value);
      } else return undefined;
    }
    const length = inputs.reduce((sum, { shape }) => sum + (shape[axis] as number), 0);
    return array(values, inputs[0].shape.map((size, at) => (at === axis ? length : size)) as number[]);
  };

  /** Sums over axes along which nothing changes are products; sums of padding are sums. */
  const summed = (x: Node, axes: readonly number[]): Node | undefined => {
    if (axes.every(axis => x.shape[axis] === 1)) return reshape(x, without(x.shape, axes));
    if (x.op === 'broadcast') {
      const { source, repeated, others } = alongBroadcast(x, axes);
      // Of nothing it is 0, whatever it is that is not there.
      if (repeated.includes(0)) return broadcast(constant(0), without(x.shape, axes));
      const count = make('size', [], { size: productOfSizes(repeated) });
      const sum = make('reduceSum', [source], { axes: others });
      return broadcast(make('mul', [count, sum]), without(x.shape, axes));
    }
    if (x.op === 'pad' && axes.includes(x.attrs.axis)) return make('reduceSum', x.inputs, { axes });
    const isWhole = axes.length === x.shape.length;
    if (isWhole && (x.op === 'permute' || x.op === 'reshape')) {
      return make('reduceSum', x.inputs, { axes: x.inputs[0].shape.map((_, axis) => axis) });
    }
    return undefined;
  };

  const anyOfBroadcast = (x: Node, axes: readonly number[]): Node | undefined => {
    const { source, repeated, others } = alongBroadcast(x, axes);
    // Of nothing it is false: a length that may be 0 is not dropped.
    if (repeated.length === 0 || repeated.some(size => typeof size !== 'number' || size === 0))
      return undefined;
    return broadcast(make('any', [source], { axes: others }), without(x.shape, axes));
  };

  /** The source of a broadcast at full rank, the lengths among `axes` along which it repeats, the other axes. */
  const alongBroadcast = (x: Node, axes: readonly number[]) => {
    const [inner] = x.inputs;
    const missing = x.shape.length - inner.shape.length;
    const shape = x.shape.map((_, axis) => (axis < missing ? 1 : inner.shape[axis - missing]));
    const repeated = axes.filter(axis => shape[axis] === 1).map(axis => x.shape[axis]);
    return { source: reshape(inner, shape), repeated, others: axes };
  };

  const elementOf = (x: Node, position: number): Node | undefined => {
    if (x.op === 'array') return constant(x.attrs.values[position]);
    if (x.op === 'reshape') return make('element', x.inputs, { position });
    return isScalarNode(x) ? x : undefined;
  };

  /** A constant position is a slice. */
  const picked = (x: Node, index: Node, axis: number): Node | undefined => {
    const at = constantOf(index);
    const size = x.shape[axis];
    if (at === undefined || !Number.isInteger(at) || at < 1) return undefined;
    if (typeof size === 'number' && at > size) return undefined;
    return typeof size === 'number'
      ? dropped(make('slice', [x], { axis, start: at - 1, step: 1, length: 1 }), axis)
      : undefined;
  };

  const dropped = (x: Node, axis: number): Node => reshape(x, x.shape.toSpliced(axis, 1));

  const expanded = (x: Node, axes: readonly number[]): Node => {
    const shape = [...x.shape];
    for (const axis of axes) shape.splice(axis, 0, 1);
    return reshape(x, shape);
  };

  /**
   * The normal form of a contraction: letters a, b, ... in the order of appearance, each summed letter in both operands,
   * at least one of them. What is summed in one operand alone is a sum before; without a sum it is an aligned product.
   */
  const contraction = (x: Node, y: Node, text: string): Node | undefined => {
    const { x: p, y: q, out } = subscriptsOf(text);
    const alone = (own: string, other: string) =>
      [...own].flatMap((letter, axis) => (other.includes(letter) || out.includes(letter) ? [] : [axis]));
    const [onlyX, onlyY] = [alone(p, q), alone(q, p)];
    if (onlyX.length > 0 || onlyY.length > 0) {
      const rest = (own: string, axes: readonly number[]) =>
        [...own].filter((_, axis) => !axes.includes(axis)).join('');
      const sums = [make('reduceSum', [x], { axes: onlyX }), make('reduceSum', [y], { axes: onlyY })];
      return make('contract', sums, { subscripts: `${rest(p, onlyX)},${rest(q, onlyY)}->${out}` });
    }
    if ([...p].every(letter => out.includes(letter))) {
      const aligned = (node: Node, own: string): Node => {
        const order = [...out].filter(letter => own.includes(letter));
        const turned = make('permute', [node], { permutation: order.map(letter => own.indexOf(letter)) });
        return expanded(
          turned,
          [...out].flatMap((letter, axis) => (own.includes(letter) ? [] : [axis])),
        );
      };
      return make('mul', [aligned(x, p), aligned(y, q)]);
    }
    const names = new Map<string, string>();
    const renamed = [...`${p}${q}`].map(letter => {
      const name = names.get(letter) ?? LETTERS[names.size];
      names.set(letter, name);
      return name;
    });
    const [left, right] = [renamed.slice(0, p.length).join(''), renamed.slice(p.length).join('')];
    const canonical = `${left},${right}->${[...out].map(letter => names.get(letter)).join('')}`;
    return canonical === text ? undefined : make('contract', [x, y], { subscripts: canonical });
  };

  /** Exact identities: the law holds bit for bit, but for the sign of a zero in x + 0. */
  const identity = (op: OpName, inputs: readonly Node[]): Node | undefined => {
    const [x, y, z] = inputs;
    switch (op) {
      case 'add': // x + 0 -> x; x + x -> 2 x; x + -y -> x - y
        if (isZero(x)) return y;
        if (isZero(y)) return x;
        if (x === y) return make('mul', [constant(2), x]);
        if (y.op === 'neg') return make('sub', [x, y.inputs[0]]);
        if (x.op === 'neg') return make('sub', [y, x.inputs[0]]);
        return undefined;
      case 'sub': // x - 0 -> x; 0 - x -> -x; x - -y -> x + y
        if (isZero(y)) return x;
        if (isZero(x)) return make('neg', [y]);
        if (y.op === 'neg') return make('add', [x, y.inputs[0]]);
        return undefined;
      case 'mul': // x * 1 -> x; x * -1 -> -x; -x * -y -> x * y
        if (isConstant(x, 1)) return y;
        if (isConstant(y, 1)) return x;
        if (isConstant(x, -1)) return make('neg', [y]);
        if (isConstant(y, -1)) return make('neg', [x]);
        if (x.op === 'neg' && y.op === 'neg') return make('mul', [x.inputs[0], y.inputs[0]]);
        return undefined;
      case 'div': // x / 1 -> x; x / -1 -> -x; -x / -y -> x / y
        if (isConstant(y, 1)) return x;
        if (isConstant(y, -1)) return make('neg', [x]);
        if (x.op === 'neg' && y.op === 'neg') return make('div', [x.inputs[0], y.inputs[0]]);
        return undefined;
      case 'neg': // -(-x) -> x
        return x.op === 'neg' ? x.inputs[0] : undefined;
      case 'pow': // x^0 -> 1; x^1 -> x; 1^y -> 1 for finite y
        if (isZero(y)) return constant(1);
        if (isConstant(y, 1)) return x;
        return undefined;
      case 'max':
      case 'min':
      case 'logsumexp': // of one value -> the value
        return inputs.length === 1 ? x : undefined;
      case 'hypot': // of one value -> its absolute value
        return inputs.length === 1 ? make('abs', [x]) : undefined;
      case 'select': {
        // c ? x : x -> x; true ? x : y -> x; !c ? x : y -> c ? y : x
        if (y === z) return y;
        if (x.op === 'const') return x.attrs.value ? y : z;
        if (x.op === 'not') return make('select', [x.inputs[0], z, y]);
        return undefined;
      }
      case 'and': // true and p -> p; false and p -> false; p and p -> p; p and not p -> false
        if (x.op === 'const') return x.attrs.value ? y : x;
        if (y.op === 'const') return y.attrs.value ? x : y;
        if (x === y) return x;
        return opposite(x, y) ? constant(0) : undefined;
      case 'or': // true or p -> true; false or p -> p; p or p -> p; p or not p -> true
        if (x.op === 'const') return x.attrs.value ? x : y;
        if (y.op === 'const') return y.attrs.value ? y : x;
        if (x === y) return x;
        return opposite(x, y) ? constant(1) : undefined;
      case 'not':
        return x.op === 'not' ? x.inputs[0] : undefined;
      default:
        return undefined;
    }
  };

  const rebuild = (node: Node, inputs: readonly Node[]): Node => {
    switch (node.op) {
      case 'const':
        return constant(node.attrs.value);
      case 'input':
        return graph.input(node.attrs.name, node.dtype, node.shape);
      default:
        return make(node.op, inputs, node.attrs);
    }
  };

  const axesOf = (x: Node, axes: readonly number[] | undefined) => ({
    axes: axes === undefined ? x.shape.map((_, axis) => axis) : [...axes].sort((p, q) => p - q),
  });
  const table: Record<string, unknown> = { graph, constant, make, rebuild, array };
  for (const op of Object.keys(OPS) as OpName[]) {
    const { attrs, arity } = factsOf(op);
    const attr = attrs?.[0];
    if (attr === 'order') table[op] = (order: number, x: Operand) => make(op, [toNode(x)], { order });
    else if (attr === 'axes') {
      table[op] = (x: Operand, axes?: readonly number[]) => make(op, [toNode(x)], axesOf(toNode(x), axes));
    } else if (attr !== undefined) continue;
    else if (arity === 1) table[op] = (x: Operand) => make(op, [toNode(x)]);
    else if (arity === 2) table[op] = (x: Operand, y: Operand) => make(op, [toNode(x), toNode(y)]);
    else table[op] = (...inputs: Operand[]) => make(op, inputs.map(toNode));
  }
  const arrangements: Partial<Builder> = {
    size: size => make('size', [], { size }),
    iota: length => make('iota', [], { length }),
    broadcast: (x, shape) => make('broadcast', [toNode(x)], { shape }),
    reshape: (x, shape) => make('reshape', [toNode(x)], { shape }),
    permute: (x, permutation) => make('permute', [toNode(x)], { permutation }),
    slice: (x, stretch) => make('slice', [toNode(x)], stretchOf(stretch)),
    pad: (x, stretch) => make('pad', [toNode(x)], stretchOf(stretch)),
    element: (x, position) => make('element', [toNode(x)], { position }),
    concat: (axis, inputs) => make('concat', inputs.map(toNode), { axis }),
    gather: (x, index, axis) => make('gather', [toNode(x), toNode(index)], { axis }),
    scatterAdd: (x, index, axis, length) => make('scatterAdd', [toNode(x), toNode(index)], { axis, length }),
    cumsum: (x, scan) => make('cumsum', [toNode(x)], scanOf(scan)),
    cumprod: (x, scan) => make('cumprod', [toNode(x)], scanOf(scan)),
    contract: (subscripts, x, y) => make('contract', [toNode(x), toNode(y)], { subscripts }),
    expand: (x, axes) => expanded(toNode(x), axes),
    drop: (x, axis) => dropped(toNode(x), axis),
    stack: inputs =>
      make(
        'concat',
        inputs.map(x => expanded(toNode(x), [0])),
        { axis: 0 },
      ),
    eye: (rows, columns) =>
      make('eq', [expanded(make('iota', [], { length: rows }), [1]), make('iota', [], { length: columns })]),
  };
  return Object.assign(table, arrangements) as Builder;
}

/** Letters for the subscripts of contractions. */
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** A constant is not written out so many times to join it with others. */
const LARGEST_FILL = 4096;

// The attributes of a node are written in one order, so that equal ones have equal texts.
const stretchOf = ({ axis, start, step, length }: Stretch): Stretch => ({ axis, start, step, length });
const scanOf = ({ axis, exclusive, reverse }: Scan): Scan => ({ axis, exclusive, reverse });

/** The value of an elementwise `op` over constants, or undefined if an input is not constant. */
function fold(op: OpName, inputs: readonly Node[], attrs: Attrs): number | undefined {
  for (let i = inputs.length - 1; i >= 0; i--) if (inputs[i].op !== 'const') return undefined;
  if (inputs.length === 0 || !isElementwise(op)) return undefined;
  const values = inputs.map(input => (input as { attrs: { value: number } }).attrs.value);
  if (attrs !== undefined && 'order' in attrs) values.push(attrs.order);
  return factsOf(op).evaluate(...values);
}

function isScalarNode(node: Node): boolean {
  return node.shape === SCALAR;
}

function isBroadcast(node: Node): boolean {
  return node.op === 'broadcast';
}

function withoutBroadcast(node: Node): Node {
  return node.op === 'broadcast' ? node.inputs[0] : node;
}

/** False if the numbers of elements differ whatever the named sizes are. */
function mayReshape(from: Shape, to: Shape): boolean {
  const difference = subtractSizes(productOfSizes(from), productOfSizes(to));
  return typeof difference !== 'number' || difference === 0;
}

function without(shape: Shape, axes: readonly number[]): Shape {
  return shape.filter((_, axis) => !axes.includes(axis));
}

function slicedValues(
  { values, shape }: AttrsOf['array'],
  axis: number,
  start: number,
  step: number,
  length: number,
): number[] {
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const outer = shape.slice(0, axis).reduce((product, size) => product * size, 1);
  const result: number[] = [];
  for (let o = 0; o < outer; o++) {
    for (let k = 0; k < length; k++) {
      const from = (o * shape[axis] + start + k * step) * inner;
      for (let i = 0; i < inner; i++) result.push(values[from + i]);
    }
  }
  return result;
}

/** True if exactly one of the two masks holds, whatever the inputs: p and not p. */
export function opposite(p: Node, q: Node): boolean {
  return (p.op === 'not' && p.inputs[0] === q) || (q.op === 'not' && q.inputs[0] === p);
}
