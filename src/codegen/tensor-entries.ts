// What the functions of a tensor module compute: the sections of the flat arrays that their bound forms fill, and how
// the record forms take those apart. A section is one value, a node of some shape, at its place in the array.

import type { Node } from '../ir/graph.ts';
import {
  type Derivative,
  type Input,
  inputsByRole,
  nodeOf,
  type Output,
  type Program,
} from '../ir/program.ts';
import { elementsIn, type Shape } from '../ir/shape.ts';
import { addSizes, multiplySizes, type Size } from '../ir/size.ts';
import { stridesOf } from './loops/space.ts';

/** Elements of one result in an array of the caller: an element is at offset + index . strides; no node means zeros. */
export interface Section {
  readonly parameter: string;
  readonly name: string;
  readonly node: Node | undefined;
  readonly shape: Shape;
  readonly offset: Size;
  readonly strides: readonly Size[];
}

export interface Parameter {
  readonly name: string;
  readonly length: Size;
  /** True for an array that the function fills, false for one that it reads. */
  readonly isFilled: boolean;
  readonly doc: string;
}

/** What a function takes besides the inputs. */
export interface Extra {
  readonly kind: 'tangents' | 'cotangents';
  readonly parameter: string;
  readonly boundParameter: string;
  readonly parts: readonly {
    readonly name: string;
    readonly input: string;
    readonly shape: Shape;
    readonly offset: Size;
  }[];
  /** True if the one part stands for the whole parameter. */
  readonly isBare: boolean;
}

/** The result of a record form. */
export type Result =
  | { readonly kind: 'number' }
  /** A record like theta. */
  | { readonly kind: 'theta'; readonly parameter: string }
  /** What the function `unpack` of bind makes of an array: parts, or blocks of rows by columns. */
  | {
      readonly kind: 'blocks';
      readonly parameter: string;
      readonly unpack: string;
      readonly rows: readonly Section[];
      readonly columns: readonly Input[] | undefined;
      readonly isBare: boolean;
    }
  | { readonly kind: 'record'; readonly fields: readonly (readonly [name: string, result: Result])[] };

export interface Method {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly sections: readonly Section[];
  /** The number that the bound form returns. */
  readonly returned: Node | undefined;
  readonly isNumber: boolean;
  readonly extra?: Extra;
  /** A matrix of which only the upper triangle is computed. */
  readonly mirror?: string;
  readonly records: readonly {
    readonly name: string;
    readonly summary: string;
    readonly result: Result;
    readonly needsValue: boolean;
    readonly extra: boolean;
  }[];
}

/** The functions of the module of `program`, `value` first. */
export function methodsOf(program: Program): Method[] {
  const { variables: wrt } = inputsByRole(program);
  const total = wrt.reduce<Size>((sum, { shape }) => addSizes(sum, elementsIn(shape)), 0);
  const offsets = new Map<string, Size>();
  let offset: Size = 0;
  for (const { name, shape } of wrt) {
    offsets.set(name, offset);
    offset = addSizes(offset, elementsIn(shape));
  }
  const { outputs, derivatives } = program;
  const isNumber = outputs.length === 1 && outputs[0].shape.length === 0;
  const rows = outputSections(outputs, 'y', output => nodeOf(output));
  const length = outputs.reduce<Size>((sum, { shape }) => addSizes(sum, elementsIn(shape)), 0);
  const y: Parameter = { name: 'y', length, isFilled: true, doc: 'takes the value' };
  const value = { returned: isNumber ? nodeOf(outputs[0]) : undefined, isNumber };
  const valueResult: Result = isNumber
    ? { kind: 'number' }
    : {
        kind: 'blocks',
        parameter: 'y',
        unpack: 'unpackValue',
        rows,
        columns: undefined,
        isBare: outputs.length === 1,
      };
  const valueParameters = isNumber ? [] : [y];
  const valueSections = isNumber ? [] : rows;

  /** One value for each input in wrt, in an array like theta. */
  const like = (parameter: string, derivative: Derivative): Section[] =>
    wrt.map(({ name, shape }) => ({
      parameter,
      name,
      node: derivative.values.get(name),
      shape,
      offset: offsets.get(name)!,
      strides: stridesOf(shape),
    }));
  /** Blocks of outputs (or inputs) by inputs, in a matrix of `total` columns. */
  const blocks = (
    parameter: string,
    of: readonly { name: string; shape: Shape; offset: Size }[],
    derivative: Derivative,
    isUpper: boolean,
  ): Section[] =>
    of.flatMap((row, i) =>
      wrt.flatMap((column, j) => {
        if (isUpper && j < i) return [];
        return {
          parameter,
          name: `${row.name}.${column.name}`,
          node: derivative.values.get(`${row.name}.${column.name}`),
          shape: [...row.shape, ...column.shape],
          offset: addSizes(multiplySizes(row.offset, total), offsets.get(column.name)!),
          strides: [
            ...stridesOf(row.shape).map(stride => multiplySizes(stride, total)),
            ...stridesOf(column.shape),
          ],
        };
      }),
    );
  const thetaRows = wrt.map(({ name, shape }) => ({
    parameter: 'H',
    name,
    node: undefined,
    shape,
    offset: offsets.get(name)!,
    strides: [],
  }));
  const g: Parameter = { name: 'g', length: total, isFilled: true, doc: 'takes the gradient' };
  const summary = outputs.map(({ name }) => name).join(', ');
  const methods: Method[] = [
    {
      name: 'value',
      parameters: valueParameters,
      sections: valueSections,
      ...value,
      records: [
        {
          name: 'value',
          summary: summary === 'value' ? 'The value of the formula.' : `The value of ${summary}.`,
          result: valueResult,
          needsValue: true,
          extra: false,
        },
      ],
    },
  ];
  const gradient = derivatives.find(({ kind }) => kind === 'grad');
  for (const derivative of derivatives) {
    switch (derivative.kind) {
      case 'grad': {
        const result: Result = { kind: 'theta', parameter: 'g' };
        methods.push({
          name: 'valueAndGrad',
          parameters: [g],
          sections: like('g', derivative),
          ...value,
          records: [
            { name: 'grad', summary: 'The gradient.', result, needsValue: false, extra: false },
            {
              name: 'valueAndGrad',
              summary: 'The value and the gradient.',
              result: record([
                ['value', valueResult],
                ['grad', result],
              ]),
              needsValue: true,
              extra: false,
            },
          ],
        });
        break;
      }
      case 'jacobian': {
        const J: Parameter = {
          name: 'J',
          length: multiplySizes(length, total),
          isFilled: true,
          doc: 'takes the Jacobian',
        };
        const sections = blocks('J', rows, derivative, false);
        const result: Result = {
          kind: 'blocks',
          parameter: 'J',
          unpack: 'unpackJacobian',
          rows,
          columns: wrt,
          isBare: outputs.length === 1,
        };
        const both = record([
          ['value', valueResult],
          ['jacobian', result],
        ]);
        methods.push(
          {
            name: 'jacobian',
            parameters: [J],
            sections,
            returned: undefined,
            isNumber: false,
            records: [
              { name: 'jacobian', summary: 'The Jacobian.', result, needsValue: false, extra: false },
            ],
          },
          {
            name: 'valueAndJacobian',
            parameters: [...valueParameters, J],
            sections: [...valueSections, ...sections],
            ...value,
            records: [
              {
                name: 'valueAndJacobian',
                summary: 'The value and the Jacobian.',
                result: both,
                needsValue: true,
                extra: false,
              },
            ],
          },
        );
        break;
      }
      case 'hessian': {
        const H: Parameter = {
          name: 'H',
          length: multiplySizes(total, total),
          isFilled: true,
          doc: 'takes the Hessian',
        };
        const sections = blocks('H', thetaRows, derivative, true);
        const result: Result = {
          kind: 'blocks',
          parameter: 'H',
          unpack: 'unpackHessian',
          rows: thetaRows,
          columns: wrt,
          isBare: false,
        };
        methods.push({
          name: 'hessian',
          parameters: [H],
          sections,
          returned: undefined,
          isNumber: false,
          mirror: 'H',
          records: [{ name: 'hessian', summary: 'The Hessian.', result, needsValue: false, extra: false }],
        });
        if (gradient === undefined) break;
        methods.push({
          name: 'valueGradAndHessian',
          parameters: [g, H],
          sections: [...like('g', gradient), ...sections],
          ...value,
          mirror: 'H',
          records: [
            {
              name: 'valueGradAndHessian',
              summary: 'The value, the gradient and the Hessian, with what they share computed once.',
              result: record([
                ['value', valueResult],
                ['grad', { kind: 'theta', parameter: 'g' }],
                ['hessian', result],
              ]),
              needsValue: true,
              extra: false,
            },
          ],
        });
        break;
      }
      case 'hvp': {
        const extra = tangents('v', 'v', wrt, offsets);
        const result: Result = { kind: 'theta', parameter: 'out' };
        methods.push({
          name: 'hvp',
          parameters: [reads('v', total, 'is the vector'), fills('out', total, 'takes the product')],
          sections: like('out', derivative),
          returned: undefined,
          isNumber: false,
          extra,
          records: [
            {
              name: 'hvp',
              summary: 'The Hessian times the vector `v`.',
              result,
              needsValue: false,
              extra: true,
            },
          ],
        });
        break;
      }
      case 'jvp': {
        const extra = tangents('tangents', 't', wrt, offsets);
        const sections = outputSections(outputs, 'out', ({ name }) => derivative.values.get(name));
        const result: Result = {
          kind: 'blocks',
          parameter: 'out',
          unpack: isNumber ? 'unpackTangent' : 'unpackValue',
          rows,
          columns: undefined,
          isBare: outputs.length === 1,
        };
        methods.push({
          name: 'jvp',
          parameters: [reads('t', total, 'is the vector'), fills('out', length, 'takes the product')],
          sections,
          returned: undefined,
          isNumber: false,
          extra,
          records: [
            {
              name: 'jvp',
              summary: 'The value, and the Jacobian times the vector `tangents`.',
              result: record([
                ['value', valueResult],
                ['tangent', result],
              ]),
              needsValue: true,
              extra: true,
            },
          ],
        });
        break;
      }
      case 'vjp': {
        const parts = rows.map(({ name, shape, offset: at }) => ({
          name,
          input: `cotangent.${name}`,
          shape,
          offset: at,
        }));
        const result: Result = { kind: 'theta', parameter: 'out' };
        methods.push({
          name: 'vjp',
          parameters: [reads('c', length, 'is the vector'), fills('out', total, 'takes the product')],
          sections: like('out', derivative),
          returned: undefined,
          isNumber: false,
          extra: {
            kind: 'cotangents',
            parameter: 'cotangent',
            boundParameter: 'c',
            parts,
            isBare: parts.length === 1,
          },
          records: [
            {
              name: 'vjp',
              summary: 'The value, and the vector `cotangent` times the Jacobian.',
              result: record([
                ['value', valueResult],
                ['grad', result],
              ]),
              needsValue: true,
              extra: true,
            },
          ],
        });
        break;
      }
      default:
        derivative.kind satisfies never;
    }
  }
  return methods;
}

function outputSections(
  outputs: readonly Output[],
  parameter: string,
  nodeFor: (output: Output) => Node | undefined,
): Section[] {
  let offset: Size = 0;
  return outputs.map(output => {
    const { name, shape } = output;
    const section = { parameter, name, node: nodeFor(output), shape, offset, strides: stridesOf(shape) };
    offset = addSizes(offset, elementsIn(shape));
    return section;
  });
}

function tangents(
  parameter: string,
  boundParameter: string,
  wrt: readonly Input[],
  offsets: ReadonlyMap<string, Size>,
): Extra {
  const parts = wrt.map(({ name, shape }) => ({
    name,
    input: `tangent.${name}`,
    shape,
    offset: offsets.get(name)!,
  }));
  return { kind: 'tangents', parameter, boundParameter, parts, isBare: false };
}

function reads(name: string, length: Size, doc: string): Parameter {
  return { name, length, isFilled: false, doc };
}

function fills(name: string, length: Size, doc: string): Parameter {
  return { name, length, isFilled: true, doc };
}

function record(fields: readonly (readonly [string, Result])[]): Result {
  return { kind: 'record', fields };
}
