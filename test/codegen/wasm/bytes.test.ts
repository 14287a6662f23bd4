// Numbers as the binary format writes them. Expected bytes are worked out by hand: seven bits a byte, the lowest first, the
// eighth bit set on all but the last; of signed numbers bit 6 of the last byte is the sign.

import { describe, expect, it } from 'vitest';
import { Bytes } from '../../../src/codegen/wasm/bytes.ts';

function written(write: (bytes: Bytes) => void): number[] {
  const bytes = new Bytes(1); // so that growing is tested too
  write(bytes);
  return [...bytes.written];
}

/** What the bytes of a LEB128 number stand for, by the definition of the specification (section 5.2.2). */
function decoded(bytes: readonly number[], isSigned: boolean): bigint {
  const bits = bytes.reduce((sum, byte, at) => sum | (BigInt(byte & 0x7f) << BigInt(7 * at)), 0n);
  return isSigned ? BigInt.asIntN(7 * bytes.length, bits) : bits;
}

describe('LEB128', () => {
  it.each<[number, number[]]>([
    [0, [0x00]],
    [1, [0x01]],
    [63, [0x3f]],
    [64, [0x40]],
    [127, [0x7f]],
    [128, [0x80, 0x01]],
    [624485, [0xe5, 0x8e, 0x26]],
    [16383, [0xff, 0x7f]],
    [16384, [0x80, 0x80, 0x01]],
    [2 ** 31 - 1, [0xff, 0xff, 0xff, 0xff, 0x07]],
    [2 ** 31, [0x80, 0x80, 0x80, 0x80, 0x08]],
    [2 ** 32 - 1, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('unsigned %d', (value, expected) => {
    expect(written(bytes => bytes.unsigned(value))).toEqual(expected);
  });

  it.each<[number, number[]]>([
    [0, [0x00]],
    [63, [0x3f]],
    [64, [0xc0, 0x00]],
    [127, [0xff, 0x00]],
    [128, [0x80, 0x01]],
    [-1, [0x7f]],
    [-64, [0x40]],
    [-65, [0xbf, 0x7f]],
    [-128, [0x80, 0x7f]],
    [-129, [0xff, 0x7e]],
    [-123456, [0xc0, 0xbb, 0x78]],
    [2 ** 31 - 1, [0xff, 0xff, 0xff, 0xff, 0x07]],
    [-(2 ** 31), [0x80, 0x80, 0x80, 0x80, 0x78]],
    [2 ** 31, [0x80, 0x80, 0x80, 0x80, 0x78]], // the same 32 bits
    [2 ** 32 - 1, [0x7f]],
  ])('signed %d', (value, expected) => {
    expect(written(bytes => bytes.signed(value))).toEqual(expected);
  });

  it.each<[bigint, number[]]>([
    [0n, [0x00]],
    [-1n, [0x7f]],
    [63n, [0x3f]],
    [64n, [0xc0, 0x00]],
    [-64n, [0x40]],
    [-65n, [0xbf, 0x7f]],
    [2n ** 31n, [0x80, 0x80, 0x80, 0x80, 0x08]],
    [2n ** 63n - 1n, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00]],
    [-(2n ** 63n), [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f]],
    [2n ** 64n - 1n, [0x7f]], // the same 64 bits
  ])('signed of 64 bits %d', (value, expected) => {
    expect(written(bytes => bytes.signed64(value))).toEqual(expected);
  });

  it('is as short as can be and reads back, around every power of two', () => {
    for (let power = 0n; power < 64n; power++)
      for (const offset of [-1n, 0n, 1n])
        for (const sign of [1n, -1n]) {
          const value = BigInt.asIntN(64, sign * 2n ** power + offset);
          const signed = written(bytes => bytes.signed64(value));
          expect(decoded(signed, true)).toBe(value);
          // n bytes hold what lies from -2^(7n-1) to 2^(7n-1) - 1.
          if (signed.length > 1)
            expect(BigInt.asIntN(7 * (signed.length - 1), value), `${value}`).not.toBe(value);
          if (BigInt.asIntN(32, value) === value)
            expect(written(bytes => bytes.signed(Number(value)))).toEqual(signed);
          if (BigInt.asUintN(32, value) !== value) continue;
          const unsigned = written(bytes => bytes.unsigned(Number(value)));
          expect(decoded(unsigned, false)).toBe(value);
          if (unsigned.length > 1)
            expect(value >> BigInt(7 * (unsigned.length - 1)), `${value}`).not.toBe(0n);
        }
  });
});

describe('floating-point numbers', () => {
  it('are little-endian', () => {
    expect(written(bytes => bytes.f64(1))).toEqual([0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
    expect(written(bytes => bytes.f64(-0))).toEqual([0, 0, 0, 0, 0, 0, 0, 0x80]);
    expect(written(bytes => bytes.f64(5e-324))).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
    expect(written(bytes => bytes.f32(1))).toEqual([0, 0, 0x80, 0x3f]);
    expect(written(bytes => bytes.f32(-Infinity))).toEqual([0, 0, 0x80, 0xff]);
  });

  it('have one NaN, whatever its sign', () => {
    const zero = Math.sin(0);
    for (const nan of [Number.NaN, zero / zero, -(zero / zero), Math.sqrt(zero - 1), -Number.NaN]) {
      expect(written(bytes => bytes.f64(nan))).toEqual([0, 0, 0, 0, 0, 0, 0xf8, 0x7f]);
      expect(written(bytes => bytes.f32(nan))).toEqual([0, 0, 0xc0, 0x7f]);
    }
  });
});

describe('a list of bytes', () => {
  it('grows and keeps what it holds', () => {
    const bytes = new Bytes(1);
    for (let i = 0; i < 1000; i++) bytes.byte(i & 0xff);
    bytes.append(new Uint8Array(5000).fill(7));
    bytes.f64(1);
    expect(bytes.length).toBe(6008);
    expect([...bytes.written.subarray(0, 1000)]).toEqual(Array.from({ length: 1000 }, (_, i) => i & 0xff));
    expect(bytes.written.subarray(1000, 6000).every(byte => byte === 7)).toBe(true);
  });

  it('writes names as UTF-8, their lengths in bytes', () => {
    expect(written(bytes => bytes.name(''))).toEqual([0]);
    expect(written(bytes => bytes.name('aλ€'))).toEqual([6, 0x61, 0xce, 0xbb, 0xe2, 0x82, 0xac]);
    expect(written(bytes => bytes.name('x'.repeat(200))).slice(0, 3)).toEqual([0xc8, 0x01, 0x78]);
  });
});
