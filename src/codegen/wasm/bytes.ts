// A growing list of bytes, and the ways in which the binary format of WebAssembly writes numbers (specification, section
// 5.2): integers as LEB128, floating-point numbers as IEEE 754, little-endian.

export class Bytes {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  length = 0;

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** What has been written; a view that is valid until more is. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.length);
  }

  byte(value: number): void {
    if (this.length === this.#bytes.length) this.#reserve(1);
    this.#bytes[this.length++] = value;
  }

  append(bytes: ArrayLike<number>): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** An integer from 0 to 2^32 - 1. */
  unsigned(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  /** An integer from -2^31 to 2^31 - 1; one up to 2^32 - 1 is taken as the 32 bits that it is. */
  signed(value: number): void {
    let rest = value | 0;
    while (rest > 0x3f || rest < -0x40) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.byte(rest & 0x7f);
  }

  /** An integer of 64 bits. */
  signed64(value: bigint): void {
    let rest = BigInt.asIntN(64, value);
    while (rest > 0x3fn || rest < -0x40n) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest & 0x7fn));
  }

  f32(value: number): void {
    this.#reserve(4);
    this.#view.setFloat32(this.length, oneNaN(value), true);
    this.length += 4;
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.length, oneNaN(value), true);
    this.length += 8;
  }

  /** A text with its length in front. */
  name(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.unsigned(bytes.length);
    this.append(bytes);
  }

  #reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.written);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** Every NaN as the same bits: the sign of a computed one depends on the processor, and modules are to be reproducible. */
function oneNaN(value: number): number {
  return Number.isNaN(value) ? Number.NaN : value;
}
