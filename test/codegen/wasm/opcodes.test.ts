// Every row of the tables of instructions is what its name says: encoded, and read back by a disassembler.

import { describe, expect, it } from 'vitest';
import { LANES, MEMORY, MEMORY_LANES, OPCODES, type Opcode } from '../../../src/codegen/wasm/opcodes.ts';
import { instructions } from './disassemble.ts';

function keys<T extends object>(table: T): (keyof T & string)[] {
  return Object.keys(table) as (keyof T & string)[]; // a literal has no other keys
}

describe('instructions', () => {
  it('without immediates', () => {
    const names = keys(OPCODES);
    const lines = instructions(code => {
      for (const name of names) {
        code.op('unreachable');
        code.op(name);
      }
    });
    expect(lines).toEqual(names.flatMap(name => ['unreachable', name]));
  });

  it('one at a time, so that none swallows what follows it', () => {
    for (const name of keys(OPCODES))
      expect(
        instructions(code => {
          code.op('unreachable');
          code.op(name);
          code.op('unreachable');
        }),
      ).toEqual(['unreachable', name, 'unreachable']);
  });

  it.each([0, 1, 127, 128, 0x7fff_ffff, 0xffff_ffff])('that load and store, at offset %d', offset => {
    const names = keys(MEMORY);
    const lines = instructions(code => {
      for (const name of names) {
        code.op('unreachable');
        code.memory(name, offset);
      }
    });
    const place = offset === 0 ? '' : ` offset=${offset}`;
    // Vectors stand at multiples of 8 bytes, which is less than their own size: wabt says so.
    const align = (name: string) => (MEMORY[name as keyof typeof MEMORY][1] > 3 ? ' align=8' : '');
    expect(lines).toEqual(names.flatMap(name => ['unreachable', `${name}${place}${align(name)}`]));
  });

  it('that load and store a lane', () => {
    for (const name of keys(MEMORY_LANES))
      for (let lane = 0; lane < (name.includes('32') ? 4 : 2); lane++)
        expect(
          instructions(code => {
            code.op('unreachable');
            code.memoryLane(name, lane, 300);
            code.op('unreachable');
            code.memoryLane(name, lane);
          }),
        ).toEqual(['unreachable', `${name} offset=300 ${lane}`, 'unreachable', `${name} ${lane}`]);
  });

  it('that name a lane', () => {
    for (const name of keys(LANES))
      for (let lane = 0; lane < (name.includes('x4') ? 4 : 2); lane++)
        expect(
          instructions(code => {
            code.op('unreachable');
            code.lane(name, lane);
          }),
        ).toEqual(['unreachable', `${name} ${lane}`]);
  });

  it('that shuffle', () => {
    const bytes = [31, 0, 15, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 30];
    const lines = instructions(code => {
      code.op('unreachable');
      code.shuffle(bytes);
    });
    expect(lines).toEqual(['unreachable', `i8x16.shuffle ${bytes.join(' ')}`]);
  });

  it('has no opcode twice', () => {
    const codes = [
      ...Object.values(OPCODES),
      ...Object.values(LANES),
      ...[...Object.values(MEMORY), ...Object.values(MEMORY_LANES)].map(([code]) => code),
    ];
    expect(new Set(codes).size).toBe(codes.length);
    expect((OPCODES satisfies Readonly<Record<Opcode, number>>).unreachable).toBe(0);
  });
});
