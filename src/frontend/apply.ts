// How a function of the language is applied to values: to numbers as it stands, to arrays element by element or as its
// row says. Inside of a mapped function the parameters are numbers, whatever computes them.

import type { Builder } from '../ir/build.ts';
import type { Node } from '../ir/graph.ts';
import { ShapeError } from '../ir/shapes.ts';
import type { FunctionFacts } from './facts.ts';
import { within } from './limits.ts';
import { elementwiseMismatch } from './mismatch.ts';
import type { Call } from './mistakes.ts';
import { isElement, isList, isNode, type ListValue, type Present, rankOf, toNode, toReal } from './values.ts';

/** The value of `call`, which has as many operands as the function takes. Throws `Mistake`. */
export function applied(facts: FunctionFacts, call: Call): Present {
  const { b, operands, count } = call;
  const [first] = operands;
  const { numbers, arrays, collects, arity } = facts;
  if (collects && count === 1 && numbers && isList(first.value) && first.value.elements.length <= arity[1]) {
    return numbers(
      b,
      first.value.elements.map(element => toReal(b, element)),
    );
  }
  if (operands.every(({ value }) => rankOf(value) === 0)) {
    if (numbers) return ofNumbers(call, facts);
    if (collects && operands.every(({ value }) => isNode(value))) {
      const list: ListValue = { kind: 'list', shape: [count], elements: call.nodes() };
      return within(
        call.span,
        withShapes(call, () => arrays!(call.over([{ ...first, value: list }]))),
      );
    }
  } else if (operands.some(({ value }) => isElement(value))) {
    throw call.mistake(
      'mapped-array',
      'inside of a mapped function its parameters are numbers, and this takes an array',
      'write the formula with arrays: outside of map, A + 1 and exp(A) take all elements',
    );
  }
  if (arrays)
    return within(
      call.span,
      withShapes(call, () => arrays(call)),
    );
  const nodes = operands.map(({ value }) => toNode(b, value));
  try {
    return within(call.span, built(b, facts, nodes));
  } catch (error) {
    if (error instanceof ShapeError) throw elementwiseMismatch(call);
    throw error;
  }
}

function built(b: Builder, { numbers, masks }: FunctionFacts, nodes: readonly Node[]): Node {
  return numbers!(b, masks ? nodes : nodes.map(x => toReal(b, x))); // a row without arrays has it
}

/** Of elements of one map an element. */
function ofNumbers(call: Call, facts: FunctionFacts): Present {
  const { b, operands } = call;
  const [map, ...others] = new Set(operands.flatMap(({ value }) => (isElement(value) ? [value.map] : [])));
  if (others.length > 0) {
    throw call.mistake(
      'mapped-array',
      'parameters of two mapped functions in one formula',
      'write it with arrays: outer(v, w), or broadcasting',
    );
  }
  const nodes = operands.map(({ value }) => toNode(b, value));
  const node = built(b, facts, nodes);
  return map === undefined ? node : { kind: 'element', node, map };
}

/** Shapes that a builder refuses, of which the function knows nothing. */
function withShapes(call: Call, build: () => Present): Present {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw call.mismatch(
      `\`${call.name}\`: ${error.message}`,
      ...(error.hint === undefined ? [] : [error.hint]),
    );
  }
}
