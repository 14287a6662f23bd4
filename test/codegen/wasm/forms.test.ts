// Every elementwise operation as WebAssembly gives what its JavaScript gives, bit for bit, at samples and at hard points.

import { describe, expect, test } from 'vitest';
import { ANY, ATOM, FORMS, type Operands, WORD } from '../../../src/codegen/forms.ts';
import { WasmEncoder } from '../../../src/codegen/wasm/encoder.ts';
import { WasmEnvironment } from '../../../src/codegen/wasm/environment.ts';
import { WASM_FORMS } from '../../../src/codegen/wasm/forms.ts';
import { builder } from '../../../src/ir/build.ts';
import { Graph, type Node } from '../../../src/ir/graph.ts';
import { factsOf, isElementwise, OPS, type OpName } from '../../../src/ir/ops.ts';
import { DOMAINS } from '../../domains.ts';
import { evaluated, instantiate, type Numeric } from './instantiate.ts';

/** Operations that are written differently, and by how many units in the last place they may then differ. */
const TOLERANCE: { readonly [O in OpName]?: number } = {
  hypot: 4,
  expm1: 2,
  log1p: 2,
  tanh: 4,
  coth: 4,
  pow: 2,
  sigmoid: 3,
  softplus: 3,
  erf: 2,
  logsumexp: 2,
};

const MASKS: readonly OpName[] = ['and', 'or', 'not', 'real'];

// biome-ignore format: grouped by size
const HARD = [0, -0, NaN, Infinity, -Infinity, 5e-324, -1e-310, 1e-20, 0.49999999999999994, 0.5, -0.5, 0.3, -0.3, 1, -1, 1.5,
  -1.5, 2, 2.5, -2.5, 3, -7.2, 20.7, 710, -750, 4503599627370495.5, -4503599627370497, 1e160, -1e160, 1e308, -1e308];

const OPERATIONS = (Object.keys(OPS) as OpName[]).filter(
  op => isElementwise(op) && op !== 'const' && op !== 'input',
);

describe('every elementwise operation', () => {
  for (const op of OPERATIONS) {
    test(op, () => {
      for (const [node, isMask] of nodesOf(op)) {
        const [f, expected] = [compiled(node, isMask, false), printed(node, isMask)];
        for (const args of argumentLists(node, isMask)) {
          const [a, e] = [f(...args), expected(...args)];
          const unit = Math.max(Number.EPSILON * Math.abs(e), Number.MIN_VALUE);
          const isClose = Math.abs(a - e) <= (TOLERANCE[op] ?? 0) * unit && e !== 0;
          expect(Object.is(a, e) || isClose, `${op}(${args}) is ${a}, not ${e}`).toBe(true);
        }
      }
    });
  }
});

test('a selection with a dear side computes the chosen side only', () => {
  const graph = new Graph();
  const b = builder(graph);
  const select = b.select(graph.input('c', 'bool'), graph.input('x'), graph.input('y'));
  const [eager, lazy] = [false, true].map(isDear => compiled(select, [true, false, false], isDear));
  for (const args of [
    [1, 2, Number.NaN],
    [0, Number.NaN, -0],
  ]) {
    expect(eager(...args)).toBe(args[0] === 1 ? 2 : -0);
    expect(lazy(...args)).toBe(args[0] === 1 ? 2 : -0);
  }
});

test('constants keep their bits', () => {
  const graph = new Graph();
  for (const value of [0, -0, Number.NaN, 5e-324, Math.PI, -Infinity])
    expect(compiled(graph.constant(value), [], false)()).toBe(value);
});

test('an operand that is used twice is asked for once', () => {
  for (const op of OPERATIONS) {
    for (const [node, isMask] of nodesOf(op)) {
      const asked = new Array<number>(node.inputs.length).fill(0);
      compiled(node, isMask, false, index => asked[index]++);
      expect(asked, op).toEqual(node.inputs.map((_, i) => (isConstant(node, i) ? expect.any(Number) : 1)));
    }
  }
});

/** Nodes of `op` over inputs, in each arity, order and special case, and which of the inputs are masks. */
function nodesOf(op: OpName): [node: Node, isMask: boolean[]][] {
  const { arity, attrs } = factsOf(op);
  const graph = new Graph();
  const b = builder(graph);
  const isMask = (k: number): boolean => MASKS.includes(op) || (op === 'select' && k === 0);
  const inputs = (count: number): Node[] =>
    Array.from({ length: count }, (_, k) => graph.input(`x${k}`, isMask(k) ? 'bool' : 'real'));
  const orders = attrs?.[0] === 'order' ? [0, 1, 2, 3, 5] : [undefined];
  const nodes = (arity === 'variadic' ? [1, 2, 3, 4, 7] : [arity]).flatMap(count =>
    orders.map(order => graph.intern(op, inputs(count), order === undefined ? undefined : { order })),
  );
  if (op === 'pow') {
    for (const exponent of [2, 3, 0.5, -1])
      nodes.push(graph.intern(op, [...inputs(1), b.constant(exponent)]));
  }
  return nodes.map(node => [node, node.inputs.map((_, k) => isMask(k))]);
}

function isConstant(node: Node, index: number): boolean {
  return node.inputs[index].op === 'const';
}

/** All combinations of hard points for up to two operands, else each of them in each place, and samples of the domain. */
function argumentLists(node: Node, isMask: readonly boolean[]): number[][] {
  const { op } = node;
  const count = node.inputs.length;
  const points = (k: number): readonly number[] => {
    if (isConstant(node, k)) return [(node.inputs[k] as Extract<Node, { op: 'const' }>).attrs.value];
    return isMask[k] ? [0, 1] : HARD;
  };
  const lists: number[][] = [];
  const ranges = DOMAINS[op as keyof typeof DOMAINS]?.ranges ?? [[-3, 3]];
  for (let sample = 0; sample < 20; sample++) {
    lists.push(
      Array.from({ length: count }, (_, k) => {
        const [low, high] = ranges[Math.min(k, ranges.length - 1)];
        const own = points(k);
        return own === HARD
          ? low + ((high - low) * ((sample * 7 + k * 3) % 20)) / 19
          : own[sample % own.length];
      }),
    );
  }
  if (count <= 2) {
    let all: number[][] = [[]];
    for (let k = 0; k < count; k++) all = all.flatMap(list => points(k).map(point => [...list, point]));
    return [...lists, ...all];
  }
  for (let k = 0; k < count; k++)
    for (const [i, point] of points(k).entries()) lists.push(lists[i % 20].with(k, point));
  return [...lists, ...HARD.map((_, i) => Array.from({ length: count }, (_, k) => points(k).at(i - k) ?? 0))];
}

/** The WebAssembly of `node` as a function of its inputs. */
function compiled(
  node: Node,
  isMask: readonly boolean[],
  isDear: boolean,
  asked: (index: number) => void = () => {},
): Numeric {
  const encoder = new WasmEncoder();
  const environment = new WasmEnvironment(encoder, 'f64');
  const code = encoder.function(
    isMask.map(is => (is ? 'i32' : 'f64')),
    [node.dtype === 'bool' ? 'i32' : 'f64'],
  );
  const get = (index: number): void => {
    asked(index);
    if (node.inputs[index].op === 'const') WASM_FORMS.const({ ...operands, node: node.inputs[index] });
    else code.get(index);
  };
  const operands = { node, code, environment, number: get, mask: get, isDear: () => isDear };
  WASM_FORMS[node.op](operands);
  encoder.export('f', code);
  return instantiate(encoder).exports.f;
}

/** The JavaScript of `node` as a function of its inputs. */
function printed(node: Node, isMask: readonly boolean[]): Numeric {
  const text = (index: number): string => {
    const operand = node.inputs[index];
    if (operand.op === 'const') return `(${FORMS.const.print({ ...operands, node: operand })})`;
    return `x${index}`;
  };
  const operands: Operands = {
    node,
    text,
    mask: index => (isMask[index] ? `x${index} === 1` : text(index)),
    precedence: index => (isConstant(node, index) ? ATOM : WORD),
  };
  const { print, helper } = FORMS[node.op];
  const masked = { ...operands, mask: (index: number, least: number) => mask(operands, index, least) };
  const parameters = node.inputs.map((_, k) => `x${k}`);
  const body = node.dtype === 'bool' ? `+(${print(masked)})` : print(masked);
  const helpers = helper === undefined ? [] : [helper(node)];
  return evaluated(`(${parameters.join(', ')}) => ${body}`, helpers) as Numeric;
}

function mask(operands: Operands, index: number, least: number): string {
  return least > ANY ? `(${operands.mask(index, least)})` : operands.mask(index, least);
}
