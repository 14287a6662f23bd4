// What mathjs has and a formula here may not use, each with a stable code and a way out. Functions are listed by name;
// a formula may still define a function of its own by any of these names.

import type { Ast, FunctionNode, OperatorNode } from './ast.ts';

export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

type Group = readonly [code: string, what: string, hint: string, names: string];

const GROUPS: readonly Group[] = [
  [
    'unsupported-function',
    'is a function of mathjs that symgrad does not have yet',
    'write it with the functions that symgrad has',
    'apply conv corr count det diff eigs expm fft filter forEach freqz ifft inv kldivergence lsolve lsolveAll ' +
      'lup lusolve lyap mad matrixFromFunction median mode distance intersect partitionSelect pinv polynomialRoot qr ' +
      'quantileSeq resize rotate rotationMatrix schur slu solveODE sort sparse sqrtm sylvester usolve usolveAll zpk2tf',
  ],
  [
    'unit',
    'makes units, which a formula cannot have',
    'scale the input instead',
    'createUnit splitUnit to toBest unit',
  ],
  [
    'complex',
    'works on complex numbers, which are not supported',
    'write the real and the imaginary part as two formulas',
    'arg complex conj im polar re',
  ],
  [
    'number-type',
    'makes another type of number: all numbers here are 64-bit floats',
    'write the number itself',
    'bigint bignumber boolean fraction number',
  ],
  [
    'string',
    'works on strings, which a formula cannot have',
    'a formula computes numbers only',
    'bin format hex oct print string typeOf',
  ],
  [
    'evaluation',
    'runs mathjs itself, and a formula is compiled without it',
    'write the formula out; derivatives come with the module that symgrad emits',
    'chain compile config derivative evaluate help import leafCount parse parser rationalize replacer resolve reviver ' +
      'simplify simplifyConstant simplifyCore symbolicEqual typed',
  ],
  [
    'bitwise',
    'works on the bits of integers and has no derivative',
    'use and, or, xor, not for conditions and ^ for powers',
    'bitAnd bitNot bitOr bitXor leftShift rightArithShift rightLogShift',
  ],
  [
    'random',
    'is random: a formula must give the same value each time',
    'pass the random numbers as inputs',
    'distribution pickRandom random randomInt',
  ],
  [
    'set',
    'works on sets, which a formula cannot have',
    'a formula computes numbers only',
    'setCartesian setDifference setDistinct setIntersect setIsSubset setMultiplicity setPowerset setSize ' +
      'setSymDifference setUnion',
  ],
  [
    'unsupported-function',
    'is a function of mathjs that symgrad does not have',
    'write it with the functions that symgrad has',
    'bellNumbers bernoulli catalan clone combinations combinationsWithRep compare compareNatural compareText ' +
      'composition deepEqual dotMultiplyScalar equalText gcd hasNumericValue invmod isBounded isFinite isInteger isNaN ' +
      'isNegative isNumeric isPositive isPrime isZero lcm multinomial nthRoots numeric permutations stirlingS2 xgcd zeta',
  ],
];

/** Functions of mathjs that are refused. */
export const REFUSED_FUNCTIONS: ReadonlyMap<string, Refusal> = new Map(
  GROUPS.flatMap(([code, what, hint, names]) =>
    names.split(' ').map(name => [name, { code, message: `\`${name}\` ${what}`, hint }] as const),
  ),
);

/** Names that other languages give to functions of this one. */
export const FOREIGN_FUNCTIONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    arccos: 'acos',
    arccosh: 'acosh',
    arcsin: 'asin',
    arcsinh: 'asinh',
    arctan: 'atan',
    arctan2: 'atan2',
    arctanh: 'atanh',
    average: 'mean',
    ceiling: 'ceil',
    clip: 'clamp',
    ctg: 'cot',
    expit: 'sigmoid',
    fabs: 'abs',
    fmod: 'mod',
    if: 'where',
    ifelse: 'where',
    iif: 'where',
    lg: 'log10',
    ln: 'log',
    logistic: 'sigmoid',
    loggamma: 'lgamma',
    gammaln: 'lgamma',
    power: 'pow',
    product: 'prod',
    psi: 'digamma',
    rem: 'mod',
    select: 'where',
    sgn: 'sign',
    signum: 'sign',
    tg: 'tan',
    trunc: 'fix',
  }),
);

/** Operators that parse and are refused, by the function they stand for. */
const REFUSED_OPERATORS: ReadonlyMap<string, Refusal> = new Map(
  Object.entries({
    bitAnd: bitwise('&', 'and'),
    bitOr: bitwise('|', 'or'),
    bitXor: bitwise('^|', 'xor'),
    bitNot: bitwise('~', 'not'),
    leftShift: bitwise('<<'),
    rightArithShift: bitwise('>>'),
    rightLogShift: bitwise('>>>'),
    to: {
      code: 'unit',
      message: 'a formula cannot have units, so there is nothing to convert',
      hint: 'multiply by the factor instead',
    },
    nullish: {
      code: 'nullish',
      message: '`??` asks for a missing value, and every value here is a number',
      hint: 'give the input a default: # @input x: scalar = 1',
    },
  }),
);

function bitwise(operator: string, instead?: string): Refusal {
  return {
    code: 'bitwise',
    message: `\`${operator}\` works on the bits of integers and has no derivative`,
    hint:
      instead === undefined ? 'multiply or divide by a power of two' : `for conditions write \`${instead}\``,
  };
}

/** Why a node is refused as it stands, or undefined if it is not. */
export function refusalOf(node: Ast): Refusal | undefined {
  switch (node.type) {
    case 'Operator':
      return refusedOperator(node);
    case 'Function':
      return refusedCall(node);
    case 'Object':
      return {
        code: 'object',
        message: 'a formula cannot have objects',
        hint: 'give each value a name of its own',
      };
    case 'Accessor':
      return node.index.dotNotation || node.optionalChaining
        ? {
            code: 'property',
            message: 'a formula cannot have objects, so nothing has properties',
            hint: 'give each value a name of its own',
          }
        : undefined;
    default:
      return undefined;
  }
}

function refusedOperator(node: OperatorNode): Refusal | undefined {
  return REFUSED_OPERATORS.get(node.fn);
}

function refusedCall(node: FunctionNode): Refusal | undefined {
  if (node.fn.type === 'Symbol' && !node.optional) return undefined;
  return {
    code: 'property',
    message: 'only a function can be called, and it is called by its name',
    hint: 'to multiply, write `*` between the two',
  };
}

/** Units that are taken for units right after a number; shorter ones, as in `2 m`, are names. */
export const UNITS: ReadonlySet<string> = new Set(
  (
    'nm um mm cm dm km inch inches ft foot feet yd yard yards mi mile miles ml dl kg mg ug lb lbs oz ounce ounces ' +
    'ms us ns sec secs second seconds min mins minute minutes hr hrs hour hours day days week weeks month months ' +
    'year years Hz kHz MHz GHz rad rads deg degs degree degrees radian radians grad arcsec arcmin kW MW kWh mV kV ' +
    'mA kN kPa MPa hPa Pa bar atm psi degC degF kelvin celsius fahrenheit meter meters metre metres liter liters ' +
    'litre litres gram grams joule joules watt watts volt volts ampere amperes newton newtons pascal pascals eV keV ' +
    'MeV GeV cal kcal mol percent bit bits byte bytes kB MB GB'
  ).split(' '),
);

/** Words of mathjs that cannot be names. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set(
  'mod to in and xor or not true false null undefined NaN Infinity end'.split(' '),
);
