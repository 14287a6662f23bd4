// Which values need computing only when a condition holds. A value that every use reaches through one side of a
// selection belongs to the region (condition, side); selections on the same condition share their regions, as a value
// and its derivative do. A region with work worth skipping becomes the branch of an if statement; others stay
// expressions, whose `?:` is lazy by itself.

import type { Graph, Node } from '../ir/graph.ts';
import { FORMS } from './forms.ts';
import { isThere } from './scalars.ts';

/** What one selection computes in each branch, in order. */
export interface Branches {
  readonly whenTrue: readonly number[];
  readonly whenFalse: readonly number[];
}

export interface Branching {
  /** By id of each selection that becomes an if statement. */
  readonly branches: ReadonlyMap<number, Branches>;
  /** By id of such a selection: those after it, on the same condition, that go into its if statement. */
  readonly followers: ReadonlyMap<number, readonly number[]>;
  /** By id: 1 if a later if statement uses the value again. */
  readonly escapes: Uint8Array;
}

/** More plain operations than this are worth a branch; one call is. */
export const LIGHT = 10;
/** Regions inside regions beyond this depth are not told apart. */
const DEEPEST = 8;
const TOP = 0;

/**
 * The branches among `steps` (ids ascending, `~k` for sinks), of which `roots` are handed out, and the steps outside of
 * them. `isInline` tells which values have no statement of their own; selections that become statements are taken out.
 */
export function branching(
  graph: Graph,
  steps: Int32Array,
  roots: readonly Node[],
  isInline: Uint8Array,
): Branching & { readonly outside: Int32Array } {
  const ids = steps.filter(step => step >= 0);
  const regions = new Regions(graph, ids, roots);
  regions.chooseBlocks(isInline);
  const owner = regions.owners();

  const inside = new Map<number, { whenTrue: number[]; whenFalse: number[] }>();
  for (const id of ids) {
    if (owner[id] < 0) continue;
    const own = inside.get(owner[id]) ?? { whenTrue: [], whenFalse: [] };
    inside.set(owner[id], own);
    (regions.isTrueSide(id) ? own.whenTrue : own.whenFalse).push(id);
  }

  const leader = Int32Array.from(owner, (_, id) => id);
  const followers = new Map<number, number[]>();
  /** The selection around `id` that stands in the same list as `selection`, or `id` itself. */
  const outermost = (id: number, selection: number): number => {
    let at = id;
    while (owner[at] >= 0 && owner[at] !== owner[selection]) at = owner[at];
    return at;
  };
  /** True if all that `selection` needs is there when the if statement of `first` begins, or is computed in it. */
  const canJoin = (selection: number, first: number): boolean => {
    const pending = [selection];
    for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
      for (const input of graph.nodes[id].inputs) {
        if (isThere(input) || input.id < first) continue;
        const around = outermost(input.id, selection);
        if (around !== selection && leader[around] !== first) return false;
      }
      const own = inside.get(id);
      if (own !== undefined) pending.push(...own.whenTrue, ...own.whenFalse);
    }
    return true;
  };
  /** `list` without the selections that join an if statement on the same condition before them. */
  const joined = (list: readonly number[]): number[] => {
    const firsts = new Map<Node, number>();
    return list.filter(id => {
      if (!inside.has(id)) return true;
      const [condition] = graph.nodes[id].inputs;
      const first = firsts.get(condition);
      if (first === undefined || !canJoin(id, first)) {
        firsts.set(condition, id);
        return true;
      }
      leader[id] = first;
      followers.set(first, [...(followers.get(first) ?? []), id]);
      return false;
    });
  };
  const outside = joined([...steps].filter(step => step < 0 || owner[step] < 0));
  const branches = new Map<number, Branches>();
  for (const [id, { whenTrue, whenFalse }] of inside) {
    branches.set(id, { whenTrue: joined(whenTrue), whenFalse: joined(whenFalse) });
  }
  const escapes = regions.escapes(owner, leader);
  return { branches, followers, escapes, outside: Int32Array.from(outside) };
}

class Regions {
  readonly #graph: Graph;
  readonly #ids: Int32Array;
  /** By region: the region around it, the nesting, 1 for the first side. Region 0 is the function itself. */
  readonly #outer = [TOP];
  readonly #nesting = [0];
  readonly #side = [0];
  readonly #byKey = new Map<string, number>();
  /** By node id, -1 while unknown. */
  readonly #regionOf: Int32Array;
  /** By region: the nearest region around it, or itself, that is a branch. */
  #blockOf: number[] = [];

  constructor(graph: Graph, ids: Int32Array, roots: readonly Node[]) {
    this.#graph = graph;
    this.#ids = ids;
    this.#regionOf = new Int32Array(graph.nodes.length).fill(-1);
    for (const { id } of roots) this.#regionOf[id] = TOP;
    for (let i = ids.length - 1; i >= 0; i--) {
      const node = graph.nodes[ids[i]];
      for (let k = 0; k < node.inputs.length; k++) {
        const { id } = node.inputs[k];
        const region = this.#regionOfUse(node, k);
        this.#regionOf[id] = this.#regionOf[id] < 0 ? region : this.#meet(this.#regionOf[id], region);
      }
    }
  }

  /** Decides which regions become branches. Children have larger numbers than the regions around them. */
  chooseBlocks(isInline: Uint8Array): void {
    const size = this.#outer.length;
    const work = new Array<number>(size).fill(0);
    const named = new Array<number>(size).fill(0);
    const selects: number[][] = this.#outer.map(() => []);
    for (const id of this.#ids) {
      const node = this.#graph.nodes[id];
      const region = this.#regionOf[id];
      work[region] += FORMS[node.op].dear ? LIGHT + 1 : 1;
      if (isInline[id] === 0) named[region]++;
      if (node.op !== 'select') continue;
      for (const k of [1, 2]) {
        const side = this.#regionOfUse(node, k);
        if (side !== region && this.#regionOf[node.inputs[k].id] === side) selects[side].push(id);
      }
    }
    const isBlock = new Array<boolean>(size).fill(false);
    for (let region = size - 1; region > TOP; region--) {
      if (named[region] === 0 || work[region] <= LIGHT) continue;
      isBlock[region] = true;
      for (const id of selects[region]) {
        if (isInline[id] === 1) named[this.#outer[region]]++;
        isInline[id] = 0;
      }
    }
    this.#blockOf = [TOP];
    for (let region = 1; region < size; region++) {
      this.#blockOf.push(isBlock[region] ? region : this.#blockOf[this.#outer[region]]);
    }
  }

  /** By id: the first selection whose branch needs the value, and so computes it; -1 outside all branches. */
  owners(): Int32Array {
    const owner = new Int32Array(this.#regionOf.length).fill(-1);
    for (let i = this.#ids.length - 1; i >= 0; i--) {
      this.#eachUse(this.#graph.nodes[this.#ids[i]], owner, (id, user) => {
        if (owner[id] < 0 || isBefore(user, owner[id], owner)) owner[id] = user;
      });
    }
    return owner;
  }

  /** By id: 1 for values that another if statement than the one of their owner uses. */
  escapes(owner: Int32Array, leader: Int32Array): Uint8Array {
    const escapes = new Uint8Array(owner.length);
    for (const id of this.#ids) {
      this.#eachUse(this.#graph.nodes[id], owner, (operand, user) => {
        if (leader[user] !== leader[owner[operand]]) escapes[operand] = 1;
      });
    }
    return escapes;
  }

  isTrueSide(id: number): boolean {
    return this.#side[this.#block(id)] === 1;
  }

  /** Calls `visit` for each operand inside a branch, with the selection through whose branch `node` uses it. */
  #eachUse(node: Node, owner: Int32Array, visit: (operand: number, user: number) => void): void {
    for (let k = 0; k < node.inputs.length; k++) {
      const operand = node.inputs[k];
      const { id } = operand;
      const block = this.#block(id);
      if (block === TOP || isThere(operand)) continue;
      if (this.#regionOfUse(node, k) === block && this.#block(node.id) !== block) {
        visit(id, node.id);
        continue;
      }
      let user = node.id;
      while (this.#block(user) !== block) user = owner[user];
      visit(id, owner[user]);
    }
  }

  #block(id: number): number {
    return this.#blockOf[this.#regionOf[id]];
  }

  /** The region in which `node` uses its operand k. */
  #regionOfUse(node: Node, k: number): number {
    const outer = this.#regionOf[node.id];
    if (node.op !== 'select' || k === 0 || this.#nesting[outer] >= DEEPEST) return outer;
    const key = `${node.inputs[0].id} ${k} ${outer}`;
    let region = this.#byKey.get(key);
    if (region === undefined) {
      region = this.#outer.length;
      this.#byKey.set(key, region);
      this.#outer.push(outer);
      this.#nesting.push(this.#nesting[outer] + 1);
      this.#side.push(k === 1 ? 1 : 0);
    }
    return region;
  }

  /** The innermost region around both. */
  #meet(a: number, b: number): number {
    let [p, q] = [a, b];
    while (p !== q) {
      if (this.#nesting[p] > this.#nesting[q]) p = this.#outer[p];
      else if (this.#nesting[q] > this.#nesting[p]) q = this.#outer[q];
      else [p, q] = [this.#outer[p], this.#outer[q]];
    }
    return p;
  }
}

/** True if the if statement of selection `a` comes before that of `b`, which has the same condition and region. */
function isBefore(a: number, b: number, owner: Int32Array): boolean {
  let [p, q] = [a, b];
  while (owner[p] !== owner[q]) [p, q] = [owner[p], owner[q]];
  return p < q;
}
