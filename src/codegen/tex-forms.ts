// The spelling of every operation in LaTeX: one row each, with the precedence that decides about parentheses. Mathematical
// association is used freely: a + (b + c) is a + b + c here, unlike in forms.ts, because this is for reading.

import type { AttrsOf, Node } from '../ir/graph.ts';
import { isElementwise, type OpName } from '../ir/ops.ts';
import * as tensors from './tex-tensors.ts';
import {
  AND,
  ATOM,
  atom,
  CASES,
  COMPARISON,
  call,
  difference,
  exponential,
  FUNCTION,
  negation,
  OR,
  operand,
  POWER,
  power,
  product,
  quotient,
  root,
  SUM,
  sum,
  type Term,
  term,
  texNumber,
  whole,
} from './tex-terms.ts';

type TexForm = (operands: readonly Term[], node: Node, letters: tensors.Letters) => Term;

/** The formula of `node` from those of its inputs; `letters` are for its indices. */
export function texOf(node: Node, operands: readonly Term[], letters: tensors.Letters): Term {
  const own = isElementwise(node.op) ? tensors.asRows(operands, node) : operands;
  return TEX_FORMS[node.op](own, node, letters);
}

const TEX_FORMS: { readonly [O in OpName]: TexForm } = {
  const: (_, node) => texNumber((node.attrs as AttrsOf['const']).value),
  input: () => {
    throw new RangeError('the name of an input is chosen by the document');
  },

  add: ([x, y]) => sum(x, y),
  sub: ([x, y]) => difference(x, y),
  mul: tensors.elementwiseProduct,
  div: ([x, y]) => quotient(x, y),
  neg: ([x]) => negation(x),
  pow: ([x, y], node) => (isScalar(node) ? power(x, y) : tensors.elementwisePower([x, y])),
  mod: ([x, y]) => term(`${operand(x, POWER)} \\bmod ${operand(y, POWER)}`, COMPARISON),
  abs: ([x]) => atom(`\\left|${whole(x)}\\right|`),
  sign: named('\\operatorname{sgn}'),
  floor: ([x]) => atom(`\\left\\lfloor ${whole(x)} \\right\\rfloor`),
  ceil: ([x]) => atom(`\\left\\lceil ${whole(x)} \\right\\rceil`),
  round: named('\\operatorname{round}'),
  fix: named('\\operatorname{trunc}'),

  sqrt: ([x]) => root(whole(x)),
  cbrt: ([x]) => term(`\\sqrt[3]{${whole(x)}}`, FUNCTION),
  nthRoot: ([x, n]) => term(`\\sqrt[{${whole(n)}}]{${whole(x)}}`, FUNCTION),
  hypot: (operands, node) => {
    const square = (x: Term) => (isScalar(node) ? power(x, TWO) : tensors.elementwisePower([x, TWO]));
    return root(whole(operands.map(square).reduce(sum)));
  },
  exp: ([x], node) => (isScalar(node) ? exponential(x) : call('\\exp', x)),
  expm1: ([x]) => difference(exponential(x), ONE),
  log: named('\\ln'),
  log1p: ([x]) => call('\\ln', sum(ONE, x)),
  log2: named('\\log_{2}', false),
  log10: named('\\log_{10}', false),

  sin: named('\\sin'),
  cos: named('\\cos'),
  tan: named('\\tan'),
  cot: named('\\cot'),
  sec: named('\\sec'),
  csc: named('\\csc'),
  asin: named('\\arcsin'),
  acos: named('\\arccos'),
  atan: named('\\arctan'),
  acot: named('\\operatorname{arccot}'),
  asec: named('\\operatorname{arcsec}'),
  acsc: named('\\operatorname{arccsc}'),
  atan2: named('\\operatorname{atan2}'),
  sinh: named('\\sinh'),
  cosh: named('\\cosh'),
  tanh: named('\\tanh'),
  coth: named('\\coth'),
  sech: named('\\operatorname{sech}'),
  csch: named('\\operatorname{csch}'),
  asinh: named('\\operatorname{arsinh}'),
  acosh: named('\\operatorname{arcosh}'),
  atanh: named('\\operatorname{artanh}'),
  acoth: named('\\operatorname{arcoth}'),
  asech: named('\\operatorname{arsech}'),
  acsch: named('\\operatorname{arcsch}'),

  erf: named('\\operatorname{erf}'),
  erfc: named('\\operatorname{erfc}'),
  gamma: named('\\Gamma', false),
  lgamma: ([x]) => call('\\ln', atom(`\\left|\\Gamma\\left(${whole(x)}\\right)\\right|`)),
  polygamma: ([x], node) => {
    const order = orderOf(node);
    return call(order === 0 ? '\\psi' : `\\psi^{(${order})}`, x, false);
  },

  max: named('\\max', false),
  min: named('\\min', false),
  relu: ([x]) => call('\\max', atom(`${whole(x)}, 0`), false),
  select: ([condition, x, y]) => cases(condition, x, y),

  sigmoid: named('\\operatorname{sigmoid}'),
  softplus: named('\\operatorname{softplus}'),
  logit: named('\\operatorname{logit}'),
  xlogy: ([x, y]) => product(x, call('\\ln', y)),
  xlog1py: ([x, y]) => product(x, call('\\ln', sum(ONE, y))),
  xlogx: ([x]) => product(x, call('\\ln', x)),
  logsumexp: operands => call('\\ln', operands.map(exponential).reduce(sum)),
  logcosh: ([x]) => call('\\ln', call('\\cosh', x)),
  log1mexp: ([x]) => call('\\ln', difference(ONE, exponential(x))),
  sqrt1pm1: ([x]) => difference(root(whole(sum(ONE, x))), ONE),
  phi: ([x], node) => call(`\\varphi_{${orderOf(node)}}`, x, false),
  sphericalBessel: ([x], node) => call(`j_{${orderOf(node)}}`, x, false),

  lt: comparison('<'),
  le: comparison('\\le'),
  eq: (operands, node, letters) =>
    tensors.isEye(node) ? atom('\\mathbf{I}') : comparison('=')(operands, node, letters),
  ne: comparison('\\ne'),
  and: ([p, q]) => term(`${operand(p, AND)} \\land ${operand(q, AND)}`, AND),
  or: ([p, q]) => term(`${operand(p, OR)} \\lor ${operand(q, OR)}`, OR),
  not: ([p]) => term(`\\lnot ${operand(p, ATOM)}`, COMPARISON),
  real: ([p], { inputs: [mask] }) => (tensors.isEye(mask) ? p : atom(`\\left[${whole(p)}\\right]`)),

  array: (_, node) => tensors.array(node.attrs as AttrsOf['array']),
  size: (_, node) => tensors.texSize((node.attrs as AttrsOf['size']).size),
  iota: (_, node) => tensors.iota(node.attrs as AttrsOf['iota']),
  broadcast: tensors.broadcast,
  reshape: tensors.reshape,
  permute: tensors.permute,
  slice: tensors.slice,
  pad: tensors.pad,
  element: tensors.element,
  diagonal: named('\\operatorname{diag}', false),
  concat: tensors.concat,
  gather: tensors.gather,
  scatterAdd: tensors.scatterAdd,
  reduceSum: tensors.reduction,
  reduceProd: tensors.reduction,
  reduceMax: tensors.reduction,
  reduceMin: tensors.reduction,
  norm: tensors.norm,
  reduceLogsumexp: tensors.logsumexp,
  any: tensors.reduction,
  argmax: tensors.reduction,
  argmin: tensors.reduction,
  cumsum: tensors.scan,
  cumprod: tensors.scan,
  contract: tensors.contraction,
};

const ONE = atom('1');
const TWO = atom('2');

function named(name: string, plain = true): TexForm {
  return operands => call(name, atom(operands.map(whole).join(', ')), plain);
}

function comparison(symbol: string): TexForm {
  return ([x, y]) => term(`${operand(x, SUM)} ${symbol} ${operand(y, SUM)}`, COMPARISON);
}

/** A case distinction in the last case adds its rows. */
function cases(condition: Term, x: Term, y: Term): Term {
  const rest = y.rows ?? [`${whole(y)} & \\text{otherwise}`];
  const rows = [`${whole(x)} & \\text{if } ${whole(condition)}`, ...rest];
  return { ...term(`\\begin{cases} ${rows.join(' \\\\ ')} \\end{cases}`, CASES), rows };
}

function isScalar({ shape }: Node): boolean {
  return shape.length === 0;
}

function orderOf(node: Node): number {
  return (node.attrs as { readonly order: number }).order;
}
