// The elements of all lanes in memory: side by side, or apart, where each lane is loaded and stored by itself.

import { addSizes, multiplySizes, type Size } from '../../../ir/size.ts';
import type { Code, Local } from '../code.ts';
import { strideOf } from './contents.ts';
import type { Frame } from './frame.ts';
import type { Element, Places } from './places.ts';
import { type Spread, VECTOR } from './spread.ts';
import { LANES_OF } from './vector-forms.ts';

/** Lanes in reverse order. */
const REVERSED = {
  f64x2: [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7],
  f32x4: [12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3],
} as const;

export class VectorMemory {
  readonly #frame: Frame;
  readonly #code: Code;
  readonly #places: Places;
  readonly #spread: Spread;
  readonly #lanes: number;

  constructor(frame: Frame, places: Places, spread: Spread) {
    this.#frame = frame;
    this.#code = frame.code;
    this.#places = places;
    this.#spread = spread;
    this.#lanes = LANES_OF[spread.shape];
  }

  /** The distance of an element to that of the next iteration. */
  #strideOf({ place, base }: Element): Size {
    return strideOf(place, base, this.#spread.lanes.variables);
  }

  /** How far the first lane of a copy is from that of the first one. */
  ofCopy({ place, base }: Element, copy: number): Size {
    const { copyVariables, copyStep } = this.#spread;
    return multiplySizes(strideOf(place, base, copyVariables), copy * copyStep);
  }

  /** The element of the iteration that all are further by. */
  shifted(element: Element): Element {
    const { shift } = this.#spread;
    const { place, base } = element;
    const stride = shift === undefined ? 0 : strideOf(place, base, shift.variables);
    if (shift === undefined || stride === 0) return element;
    return { ...element, place: { ...place, terms: new Map([...place.terms, [shift.by, stride]]) } };
  }

  /** Leaves the address of what the first lane of a copy accesses; returns the offset. */
  #address(element: Element, copy: number): number {
    const places = this.#places;
    const own = this.#spread.sideBySide(element);
    if (own !== undefined) {
      const bytes = VECTOR * this.#spread.copies;
      return places.address(own, 0, bytes) + VECTOR * copy;
    }
    // Against the direction of memory the last lane is first.
    const stride = this.#strideOf(element);
    const back = stride === -1 ? 1 - this.#lanes : 0;
    return places.address(this.shifted(element), addSizes(this.ofCopy(element, copy), back));
  }

  /** How the lanes of an element lie in memory. */
  #layoutOf(element: Element): 'row' | 'reversed' | 'same' | 'apart' {
    if (this.#spread.sideBySide(element) !== undefined) return 'row';
    const stride = this.#strideOf(element);
    if (stride === 1) return 'row';
    return stride === -1 ? 'reversed' : stride === 0 ? 'same' : 'apart';
  }

  /** Leaves the elements of all lanes. */
  load(element: Element, copy: number): void {
    const code = this.#code;
    const shape = this.#spread.shape;
    const type = this.#frame.elementOf(element.array);
    const layout = this.#layoutOf(element);
    const isInteger = type === 'i32' && this.#spread.sideBySide(element) === undefined;
    if (layout === 'row' || layout === 'reversed') {
      const offset = this.#address(element, copy);
      code.memory(isInteger && shape === 'f64x2' ? 'v128.load64_zero' : 'v128.load', offset);
      if (isInteger) code.op(shape === 'f64x2' ? 'f64x2.convert_low_i32x4_s' : 'f32x4.convert_i32x4_s');
      if (layout === 'reversed') this.#reverse();
      return;
    }
    const is64 = type === 'f64';
    const vector = code.local('v128');
    for (let lane = 0; lane < this.#lanes; lane++) {
      const offset = this.#laneAddress(element, copy, lane);
      if (lane === 0) code.memory(is64 ? 'v128.load64_zero' : 'v128.load32_zero', offset);
      else {
        code.get(vector);
        code.memoryLane(is64 ? 'v128.load64_lane' : 'v128.load32_lane', lane, offset);
      }
      if (lane < this.#lanes - 1) code.set(vector);
    }
    code.release(vector);
    if (isInteger) code.op(shape === 'f64x2' ? 'f64x2.convert_low_i32x4_s' : 'f32x4.convert_i32x4_s');
  }

  /** Stores a vector in a local to the elements of all lanes. */
  store(element: Element, copy: number, vector: Local): void {
    const code = this.#code;
    const layout = this.#layoutOf(element);
    if (layout === 'row' || layout === 'reversed') {
      const offset = this.#address(element, copy);
      code.get(vector);
      if (layout === 'reversed') this.#reverse();
      code.memory('v128.store', offset);
      return;
    }
    for (let lane = 0; lane < this.#lanes; lane++) {
      const offset = this.#laneAddress(element, copy, lane);
      code.get(vector);
      code.memoryLane(this.#lanes === 2 ? 'v128.store64_lane' : 'v128.store32_lane', lane, offset);
    }
  }

  /** Turns the lanes of the vector on the stack around. */
  #reverse(): void {
    const vector = this.#code.local('v128');
    this.#code.tee(vector);
    this.#code.get(vector);
    this.#code.shuffle(REVERSED[this.#spread.shape]);
    this.#code.release(vector);
  }

  #laneAddress(element: Element, copy: number, lane: number): number {
    const further = multiplySizes(this.#strideOf(element), lane);
    const ofLane = addSizes(this.ofCopy(element, copy), further);
    return this.#places.address(this.shifted(element), ofLane);
  }
}
