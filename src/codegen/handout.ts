// What a function over arrays hands out, and how: by the loop that computes it, written straight into the array of the
// caller; by a copy, of what is there already; or number by number at the end.

import { constantOf } from '../ir/build.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { scalarsOf } from '../ir/literal.ts';
import { SCALAR } from '../ir/shape.ts';
import type { Deposit } from './loops/deposit.ts';
import { isLeaf } from './loops/stored.ts';
import type { ArrayRef } from './loops/values.ts';
import type { Block, Part } from './parts.ts';
import { indexOf } from './scalars.ts';

/** A value and its place. */
export interface Placement {
  readonly node: Node;
  readonly to: ArrayRef;
}

export class Handout {
  /** What has to be computed. */
  readonly roots: Node[] = [];
  /** Everything that is handed out. */
  readonly all: Node[] = [];
  readonly results = new Map<Node, ArrayRef>();
  /** Results of which the lower triangle need not be there, with the number of axes that are rows. */
  readonly triangles = new Map<Node, number>();
  readonly copies: Placement[] = [];
  readonly scalars: (Placement & { readonly index: readonly number[] })[] = [];
  /** Terms, and where they are put. */
  readonly deposits: Deposit[] = [];
  /** The number that the function returns. */
  readonly returned: Node | undefined;

  /**
   * `arrays` are the names of those that the caller hands over, by block; the value of a block without one is returned.
   * `placesOf` is the array that says where the elements of a sparse matrix stand.
   */
  constructor(
    graph: Graph,
    blocks: readonly Block[],
    arrays: ReadonlyMap<Block, string>,
    placesOf: (block: Block) => string,
  ) {
    for (const block of blocks) {
      const name = arrays.get(block);
      for (const part of block.parts) {
        if (part.node !== undefined && name !== undefined) this.#add(graph, part, part.node, name);
      }
      for (const deposit of block.deposits ?? []) {
        const { to, places, value } = deposit;
        this.all.push(value);
        this.deposits.push({
          ...deposit,
          to: { ...to, name: name! }, // what is a sum of terms is handed out in an array
          ...(places && { places: { ...places, name: placesOf(block) } }),
        });
      }
    }
    const [value] = blocks.find(({ parameter }) => parameter === undefined)?.parts ?? [];
    this.returned = value?.node;
    if (this.returned !== undefined) {
      this.roots.push(this.returned);
      this.all.push(this.returned);
    }
  }

  #add(graph: Graph, { shape, offset, strides, rowAxes }: Part, node: Node, name: string): void {
    const to = { name, offset, strides };
    this.all.push(node);
    const isLiteral = node.op === 'concat' || node.op === 'reshape' || node.shape === SCALAR;
    const scalars = isLiteral ? scalarsOf(graph, node) : undefined;
    if (scalars !== undefined) {
      for (const [k, scalar] of scalars.entries()) {
        const index = indexOf(k, shape as readonly number[]).map(at => at - 1); // a literal has a static shape
        this.scalars.push({ node: scalar, to, index });
        this.roots.push(scalar);
      }
    } else if (isLeaf(node) || this.results.has(node) || isConstantFill(node)) {
      this.copies.push({ node, to });
      this.triangles.delete(node); // the copy is made of the whole
    } else {
      this.results.set(node, to);
      this.roots.push(node);
      if (rowAxes !== undefined) this.triangles.set(node, rowAxes);
    }
  }
}

/** A constant everywhere: it has no unit of its own. */
function isConstantFill(node: Node): boolean {
  return node.op === 'broadcast' && constantOf(node.inputs[0]) !== undefined;
}
