// The instructions of WebAssembly that take no immediates, by their names in the specification (WebAssembly 2.0, section
// 5.4): one table, so that a misspelt name is a type error. Numbers above 0xff are those behind the prefix 0xfd (SIMD) or
// 0xfc. Instructions with immediates are methods of Code (code.ts) or rows of MEMORY and LANES below.

/** The prefixes of instructions of two parts, as they stand in the tables. */
const SIMD = 0xfd00;
const MISC = 0xfc00;

// biome-ignore format: the order of the specification
export const OPCODES = {
  unreachable: 0x00, return: 0x0f, drop: 0x1a, select: 0x1b,

  'i32.eqz': 0x45, 'i32.eq': 0x46, 'i32.ne': 0x47, 'i32.lt_s': 0x48, 'i32.lt_u': 0x49, 'i32.gt_s': 0x4a, 'i32.gt_u': 0x4b,
  'i32.le_s': 0x4c, 'i32.le_u': 0x4d, 'i32.ge_s': 0x4e, 'i32.ge_u': 0x4f,
  'i64.eqz': 0x50, 'i64.eq': 0x51, 'i64.ne': 0x52, 'i64.lt_s': 0x53, 'i64.gt_s': 0x55, 'i64.le_s': 0x57, 'i64.ge_s': 0x59,
  'f32.eq': 0x5b, 'f32.ne': 0x5c, 'f32.lt': 0x5d, 'f32.gt': 0x5e, 'f32.le': 0x5f, 'f32.ge': 0x60,
  'f64.eq': 0x61, 'f64.ne': 0x62, 'f64.lt': 0x63, 'f64.gt': 0x64, 'f64.le': 0x65, 'f64.ge': 0x66,

  'i32.clz': 0x67, 'i32.ctz': 0x68, 'i32.add': 0x6a, 'i32.sub': 0x6b, 'i32.mul': 0x6c, 'i32.div_s': 0x6d, 'i32.div_u': 0x6e,
  'i32.rem_s': 0x6f, 'i32.rem_u': 0x70, 'i32.and': 0x71, 'i32.or': 0x72, 'i32.xor': 0x73, 'i32.shl': 0x74, 'i32.shr_s': 0x75,
  'i32.shr_u': 0x76,
  'i64.add': 0x7c, 'i64.sub': 0x7d, 'i64.mul': 0x7e, 'i64.and': 0x83, 'i64.or': 0x84, 'i64.xor': 0x85, 'i64.shl': 0x86,
  'i64.shr_s': 0x87, 'i64.shr_u': 0x88,
  'f32.abs': 0x8b, 'f32.neg': 0x8c, 'f32.ceil': 0x8d, 'f32.floor': 0x8e, 'f32.trunc': 0x8f, 'f32.nearest': 0x90,
  'f32.sqrt': 0x91, 'f32.add': 0x92, 'f32.sub': 0x93, 'f32.mul': 0x94, 'f32.div': 0x95, 'f32.min': 0x96, 'f32.max': 0x97,
  'f32.copysign': 0x98,
  'f64.abs': 0x99, 'f64.neg': 0x9a, 'f64.ceil': 0x9b, 'f64.floor': 0x9c, 'f64.trunc': 0x9d, 'f64.nearest': 0x9e,
  'f64.sqrt': 0x9f, 'f64.add': 0xa0, 'f64.sub': 0xa1, 'f64.mul': 0xa2, 'f64.div': 0xa3, 'f64.min': 0xa4, 'f64.max': 0xa5,
  'f64.copysign': 0xa6,

  'i32.wrap_i64': 0xa7, 'i64.extend_i32_s': 0xac, 'i64.extend_i32_u': 0xad, 'f32.convert_i32_s': 0xb2,
  'f32.demote_f64': 0xb6, 'f64.convert_i32_s': 0xb7, 'f64.convert_i32_u': 0xb8, 'f64.convert_i64_s': 0xb9,
  'f64.promote_f32': 0xbb, 'i32.reinterpret_f32': 0xbc, 'i64.reinterpret_f64': 0xbd, 'f32.reinterpret_i32': 0xbe,
  'f64.reinterpret_i64': 0xbf,
  'i32.trunc_sat_f32_s': MISC + 0, 'i32.trunc_sat_f64_s': MISC + 2, 'i64.trunc_sat_f64_s': MISC + 6,

  'i8x16.swizzle': SIMD + 14, 'i8x16.splat': SIMD + 15, 'i32x4.splat': SIMD + 17, 'i64x2.splat': SIMD + 18,
  'f32x4.splat': SIMD + 19, 'f64x2.splat': SIMD + 20,
  'i32x4.eq': SIMD + 55, 'i32x4.ne': SIMD + 56, 'i32x4.lt_s': SIMD + 57, 'i32x4.lt_u': SIMD + 58, 'i32x4.gt_s': SIMD + 59,
  'i32x4.gt_u': SIMD + 60, 'i32x4.le_s': SIMD + 61, 'i32x4.ge_s': SIMD + 63,
  'f32x4.eq': SIMD + 65, 'f32x4.ne': SIMD + 66, 'f32x4.lt': SIMD + 67, 'f32x4.gt': SIMD + 68, 'f32x4.le': SIMD + 69,
  'f32x4.ge': SIMD + 70,
  'f64x2.eq': SIMD + 71, 'f64x2.ne': SIMD + 72, 'f64x2.lt': SIMD + 73, 'f64x2.gt': SIMD + 74, 'f64x2.le': SIMD + 75,
  'f64x2.ge': SIMD + 76,
  'v128.not': SIMD + 77, 'v128.and': SIMD + 78, 'v128.andnot': SIMD + 79, 'v128.or': SIMD + 80, 'v128.xor': SIMD + 81,
  'v128.bitselect': SIMD + 82, 'v128.any_true': SIMD + 83,
  'f32x4.demote_f64x2_zero': SIMD + 94, 'f64x2.promote_low_f32x4': SIMD + 95,
  'f32x4.ceil': SIMD + 103, 'f32x4.floor': SIMD + 104, 'f32x4.trunc': SIMD + 105, 'f32x4.nearest': SIMD + 106,
  'f64x2.ceil': SIMD + 116, 'f64x2.floor': SIMD + 117, 'f64x2.trunc': SIMD + 122, 'f64x2.nearest': SIMD + 148,
  'i32x4.abs': SIMD + 160, 'i32x4.neg': SIMD + 161, 'i32x4.all_true': SIMD + 163, 'i32x4.bitmask': SIMD + 164,
  'i32x4.shl': SIMD + 171, 'i32x4.shr_s': SIMD + 172, 'i32x4.shr_u': SIMD + 173, 'i32x4.add': SIMD + 174,
  'i32x4.sub': SIMD + 177, 'i32x4.mul': SIMD + 181, 'i32x4.min_s': SIMD + 182, 'i32x4.max_s': SIMD + 184,
  'i64x2.abs': SIMD + 192, 'i64x2.neg': SIMD + 193, 'i64x2.all_true': SIMD + 195, 'i64x2.bitmask': SIMD + 196,
  'i64x2.extend_low_i32x4_s': SIMD + 199, 'i64x2.extend_high_i32x4_s': SIMD + 200, 'i64x2.extend_low_i32x4_u': SIMD + 201,
  'i64x2.extend_high_i32x4_u': SIMD + 202, 'i64x2.shl': SIMD + 203, 'i64x2.shr_s': SIMD + 204, 'i64x2.shr_u': SIMD + 205,
  'i64x2.add': SIMD + 206, 'i64x2.sub': SIMD + 209, 'i64x2.mul': SIMD + 213, 'i64x2.eq': SIMD + 214, 'i64x2.ne': SIMD + 215,
  'i64x2.lt_s': SIMD + 216, 'i64x2.gt_s': SIMD + 217, 'i64x2.le_s': SIMD + 218, 'i64x2.ge_s': SIMD + 219,
  'f32x4.abs': SIMD + 224, 'f32x4.neg': SIMD + 225, 'f32x4.sqrt': SIMD + 227, 'f32x4.add': SIMD + 228,
  'f32x4.sub': SIMD + 229, 'f32x4.mul': SIMD + 230, 'f32x4.div': SIMD + 231, 'f32x4.min': SIMD + 232, 'f32x4.max': SIMD + 233,
  'f32x4.pmin': SIMD + 234, 'f32x4.pmax': SIMD + 235,
  'f64x2.abs': SIMD + 236, 'f64x2.neg': SIMD + 237, 'f64x2.sqrt': SIMD + 239, 'f64x2.add': SIMD + 240,
  'f64x2.sub': SIMD + 241, 'f64x2.mul': SIMD + 242, 'f64x2.div': SIMD + 243, 'f64x2.min': SIMD + 244, 'f64x2.max': SIMD + 245,
  'f64x2.pmin': SIMD + 246, 'f64x2.pmax': SIMD + 247,
  'i32x4.trunc_sat_f32x4_s': SIMD + 248, 'f32x4.convert_i32x4_s': SIMD + 250, 'i32x4.trunc_sat_f64x2_s_zero': SIMD + 252,
  'f64x2.convert_low_i32x4_s': SIMD + 254,
} as const;

/** An instruction without immediates. */
export type Opcode = keyof typeof OPCODES;

/** Loads and stores: the opcode, and the bytes that are accessed as a power of two. */
// biome-ignore format: the order of the specification
export const MEMORY = {
  'i32.load': [0x28, 2], 'i64.load': [0x29, 3], 'f32.load': [0x2a, 2], 'f64.load': [0x2b, 3],
  'i32.load8_u': [0x2d, 0],
  'i32.store': [0x36, 2], 'i64.store': [0x37, 3], 'f32.store': [0x38, 2], 'f64.store': [0x39, 3], 'i32.store8': [0x3a, 0],
  'v128.load': [SIMD + 0, 4], 'v128.load32_splat': [SIMD + 9, 2], 'v128.load64_splat': [SIMD + 10, 3],
  'v128.store': [SIMD + 11, 4], 'v128.load32_zero': [SIMD + 92, 2], 'v128.load64_zero': [SIMD + 93, 3],
} as const satisfies Record<string, readonly [opcode: number, align: number]>;

/** Loads and stores of one lane. */
export const MEMORY_LANES = {
  'v128.load32_lane': [SIMD + 86, 2],
  'v128.load64_lane': [SIMD + 87, 3],
  'v128.store32_lane': [SIMD + 90, 2],
  'v128.store64_lane': [SIMD + 91, 3],
} as const satisfies Record<string, readonly [opcode: number, align: number]>;

/** Instructions that name a lane. */
export const LANES = {
  'i32x4.extract_lane': SIMD + 27,
  'i32x4.replace_lane': SIMD + 28,
  'i64x2.extract_lane': SIMD + 29,
  'i64x2.replace_lane': SIMD + 30,
  'f32x4.extract_lane': SIMD + 31,
  'f32x4.replace_lane': SIMD + 32,
  'f64x2.extract_lane': SIMD + 33,
  'f64x2.replace_lane': SIMD + 34,
} as const;

/** Types of values. */
export const TYPES = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
export type ValueType = keyof typeof TYPES;
