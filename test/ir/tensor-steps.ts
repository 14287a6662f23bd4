// One more node of a random graph, for every operation: operands that fit and attributes that are right, chosen by
// numbers that are drawn. Made with the raw constructor, so that nothing is folded.

import type { Attrs, Graph, Node } from '../../src/ir/graph.ts';
import { factsOf, isElementwise, type OpName } from '../../src/ir/ops.ts';
import { elementsIn, isStatic, type Shape } from '../../src/ir/shape.ts';
import { ShapeError, shapeOf } from '../../src/ir/shapes.ts';
import { addSizes, multiplySizes, type Size, sameSize } from '../../src/ir/size.ts';

/** A natural number below `limit`, drawn. */
export type Draw = (limit: number) => number;

/** Larger nodes are not made: what is evaluated stays small. */
const MOST_ELEMENTS = 64;
const MOST_AXES = 4;

/** Appends a node of `op`, or returns undefined if nothing fits. `sizes` are the lengths that leaves may have. */
export function appendStep(graph: Graph, op: OpName, draw: Draw, sizes: readonly Size[]): Node | undefined {
  const step = isElementwise(op)
    ? elementwise(graph, op, draw)
    : STEPS[op]!(new Pool(graph, draw), (): Size => sizes[draw(sizes.length)]);
  if (step === undefined) return undefined;
  const [inputs, attrs] = step;
  const shape = shapeOrNone(op, inputs, attrs);
  if (shape === undefined || shape.length > MOST_AXES) return undefined;
  if (isStatic(shape) && (elementsIn(shape) as number) > MOST_ELEMENTS) return undefined;
  return graph.intern(op, inputs, attrs);
}

type Step = readonly [inputs: readonly Node[], attrs?: Attrs] | undefined;

/** The nodes there are, to draw operands from. */
class Pool {
  readonly graph: Graph;
  readonly draw: Draw;

  constructor(graph: Graph, draw: Draw) {
    this.graph = graph;
    this.draw = draw;
  }

  /** A number of at least `rank` axes, if there is one that passes. */
  number(rank = 0, test: (node: Node) => boolean = () => true): Node | undefined {
    return this.#one(node => node.dtype !== 'bool' && node.shape.length >= rank && test(node));
  }

  mask(rank = 0): Node | undefined {
    return this.#one(node => node.dtype === 'bool' && node.shape.length >= rank);
  }

  /** A number or a mask. */
  node(rank = 0): Node | undefined {
    return this.#one(node => node.shape.length >= rank);
  }

  axisOf({ shape }: Node): number {
    return this.draw(shape.length);
  }

  someAxes({ shape }: Node): number[] {
    return shape.map((_, axis) => axis).filter(() => this.draw(2) === 0);
  }

  shuffled<T>(items: readonly T[]): T[] {
    const rest = [...items];
    return items.map(() => rest.splice(this.draw(rest.length), 1)[0]);
  }

  /** Positions 1 to `length`, as an array of 0 or 1 axes; a shape may be asked for. */
  index(
    length: number,
    shape: readonly number[] = this.draw(3) === 0 ? [] : [this.draw(4)],
  ): Node | undefined {
    const count = elementsIn(shape) as number;
    if (length === 0 && count > 0) return undefined;
    const values = Array.from({ length: count }, () => this.draw(length) + 1);
    return this.graph.intern('array', [], { shape, values });
  }

  #one(test: (node: Node) => boolean): Node | undefined {
    const fitting = this.graph.nodes.filter(test);
    // Half the time one of those that are not scalars: leaves are many.
    const tensors = fitting.filter(node => node.shape.length > 0);
    const among = tensors.length > 0 && this.draw(4) > 0 ? tensors : fitting;
    const last = among.slice(-4);
    return this.draw(3) > 0 ? last[this.draw(last.length)] : among[this.draw(among.length)];
  }
}

function elementwise(graph: Graph, op: OpName, draw: Draw): Step {
  const pool = new Pool(graph, draw);
  const { arity, attrs } = factsOf(op);
  const takesMasks = op === 'and' || op === 'or' || op === 'not' || op === 'real';
  const count = arity === 'variadic' ? 1 + draw(4) : arity;
  const inputs: Node[] = [];
  for (let i = 0; i < count; i++) {
    const isMask = takesMasks || (op === 'select' && i === 0);
    const fits = (node: Node) => shapeOrNone(op, [...inputs, node], undefined) !== undefined;
    const other = isMask ? pool.mask() : pool.number(0, fits);
    inputs.push(other !== undefined && fits(other) ? other : graph.constant(draw(2)));
  }
  return [inputs, attrs?.[0] === 'order' ? { order: draw(5) } : undefined];
}

const VALUES = [1, 2, -0, 0.5, -3, Number.NaN, Infinity, 1e21];
const STATIC_SHAPES: readonly (readonly number[])[] = [[], [3], [2, 2], [0], [1, 2], [2, 3]];

const reduction: Make = pool => {
  const x = pool.number();
  return x && [[x], { axes: pool.someAxes(x) }];
};
const scan: Make = pool => {
  const x = pool.number(1);
  return x && [[x], { axis: pool.axisOf(x), exclusive: pool.draw(2) === 0, reverse: pool.draw(2) === 0 }];
};

type Make = (pool: Pool, size: () => Size) => Step;

/** One row for each operation that is not elementwise. */
const STEPS: { readonly [O in OpName]?: Make } = {
  array: pool => {
    const shape = STATIC_SHAPES[pool.draw(STATIC_SHAPES.length)];
    const count = elementsIn(shape) as number;
    const values = Array.from({ length: count }, () => VALUES[pool.draw(VALUES.length)]);
    return [[], { shape, values }];
  },
  size: (_, size) => [[], { size: size() }],
  iota: (_, size) => [[], { length: size() }],

  broadcast: (pool, size) => {
    const x = pool.node();
    const axes = x?.shape.map(length => (length === 1 ? size() : length));
    return x && [[x], { shape: pool.draw(2) === 0 ? [size(), ...axes!] : axes! }];
  },
  reshape: pool => {
    const x = pool.node();
    if (x === undefined) return undefined;
    const shapes: Shape[] = [[elementsIn(x.shape)], [...x.shape].reverse(), [...x.shape, 1], [1, ...x.shape]];
    return [[x], { shape: shapes[pool.draw(shapes.length)] }];
  },
  permute: pool => {
    const x = pool.node();
    return x && [[x], { permutation: pool.shuffled(x.shape.map((_, axis) => axis)) }];
  },
  slice: pool => {
    const x = pool.node(1);
    if (x === undefined) return undefined;
    const { draw } = pool;
    const axis = pool.axisOf(x);
    const own = x.shape[axis];
    if (typeof own !== 'number') {
      if (draw(2) === 0) return [[x], { axis, start: addSizes(own, -1), step: -1, length: own }];
      return [[x], { axis, start: 1, step: 1, length: addSizes(own, -1) }];
    }
    if (own === 0) return [[x], { axis, start: 0, step: 1, length: 0 }];
    const start = draw(own);
    const step = [1, 2, -1, -2][draw(4)];
    const room = Math.floor((step > 0 ? own - 1 - start : start) / Math.abs(step)) + 1;
    return [[x], { axis, start, step, length: draw(room + 1) }];
  },
  pad: pool => {
    const x = pool.number(1);
    if (x === undefined) return undefined;
    const { draw } = pool;
    const axis = pool.axisOf(x);
    const own = x.shape[axis];
    const step = 1 + draw(2);
    const before = draw(2);
    const length = addSizes(multiplySizes(own, step), before + draw(2));
    if (draw(3) > 0) return [[x], { axis, start: before, step, length }];
    const last = addSizes(multiplySizes(addSizes(own, -1), step), before);
    return own === 0 ? undefined : [[x], { axis, start: last, step: -step, length }];
  },
  element: pool => {
    const x = pool.node();
    if (x === undefined || !isStatic(x.shape)) return undefined;
    const count = elementsIn(x.shape) as number;
    return count === 0 ? undefined : [[x], { position: pool.draw(count) }];
  },
  diagonal: pool => {
    const x = pool.node(2);
    return x && [[x], undefined];
  },
  concat: pool => {
    const x = pool.number(1);
    if (x === undefined) return undefined;
    const axis = pool.axisOf(x);
    const rest = (shape: Shape) => shape.toSpliced(axis, 1);
    const others = Array.from({ length: pool.draw(3) }, () =>
      pool.number(1, ({ shape }) => shape.length === x.shape.length && sameSizes(rest(shape), rest(x.shape))),
    );
    return [[x, ...(others as Node[])], { axis }];
  },
  gather: pool => {
    const x = pool.node(1);
    if (x === undefined) return undefined;
    const axis = pool.axisOf(x);
    const length = x.shape[axis];
    const index = typeof length === 'number' ? pool.index(length) : pool.number();
    return index && [[x, index], { axis }];
  },
  scatterAdd: (pool, size) => {
    const x = pool.number();
    if (x === undefined) return undefined;
    const axis = pool.draw(x.shape.length + 1);
    const length = size();
    if (axis === x.shape.length || pool.draw(3) === 0) {
      const index = pool.index(typeof length === 'number' ? length : 1, []);
      return index && [[x, index], { axis, length }];
    }
    const own = x.shape[axis];
    const index =
      typeof own === 'number'
        ? pool.index(typeof length === 'number' ? length : 1, [own])
        : pool.graph.intern('iota', [], { length: own });
    return index && [[x, index], { axis, length }];
  },

  reduceSum: reduction,
  reduceProd: reduction,
  reduceMax: reduction,
  reduceMin: reduction,
  norm: reduction,
  reduceLogsumexp: reduction,
  argmax: reduction,
  argmin: reduction,
  any: pool => {
    const x = pool.mask();
    return x && [[x], { axes: pool.someAxes(x) }];
  },
  cumsum: scan,
  cumprod: scan,
  contract: pool => {
    const x = pool.number(1);
    if (x === undefined) return undefined;
    const own = pool.axisOf(x);
    const length = x.shape[own];
    const y = pool.number(1, ({ shape }) => shape.some(size => sameSize(size, length))) ?? x;
    const other = y.shape.findIndex(size => sameSize(size, length));
    // A letter an axis, those of one sum alike; another pair may be alike, summed or not.
    const left = x.shape.map((_, axis) => LETTERS[axis]);
    const right = y.shape.map((_, axis) => LETTERS[x.shape.length + axis]);
    right[other] = left[own];
    for (const [i, p] of x.shape.entries()) {
      for (const [j, q] of y.shape.entries()) {
        const isFree = i !== own && j !== other && !left.includes(right[j]) && !right.includes(left[i]);
        if (isFree && sameSize(p, q) && pool.draw(2) === 0) right[j] = left[i];
      }
    }
    const alone = [...left, ...right].filter(
      letter => letter !== left[own] && !(left.includes(letter) && right.includes(letter)),
    );
    const both = left.filter(letter => letter !== left[own] && right.includes(letter) && pool.draw(2) === 0);
    const out = pool.shuffled([...alone, ...both]);
    const names = [...new Set([...left, ...right])];
    const renamed = (letters: readonly string[]) =>
      letters.map(letter => LETTERS[names.indexOf(letter)]).join('');
    return [[x, y], { subscripts: `${renamed(left)},${renamed(right)}->${renamed(out)}` }];
  },
};

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

function sameSizes(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => sameSize(size, b[axis]));
}

function shapeOrNone(op: OpName, inputs: readonly Node[], attrs: Attrs): Shape | undefined {
  try {
    return shapeOf(op, inputs, attrs, () => {});
  } catch (error) {
    if (error instanceof ShapeError) return undefined;
    throw error;
  }
}
