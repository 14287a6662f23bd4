// What every graph and every program is, checked. Passes may rely on each of these and need not check it again; tests
// verify after every pass.
//
// Graph
//   G1  The id of a node is its position in the graph.
//   G2  The inputs of a node belong to the same graph and come before it.
//   G3  A node has as many inputs as its operation takes, and exactly the attributes its operation carries; these are
//       what attributes.ts says: axes that exist, ascending, canonical subscripts, slices within static lengths, ...
//   G4  A mask (bool) is used only where a mask is expected: as a condition, by and, or, not, real, any. There, a constant
//       or an array of constants has elements 0 and 1. What only moves elements takes both. Everything else takes
//       numbers (real, int).
//   G5  The type and the shape of a node are what its operation makes of its inputs (shapes.ts). The lengths of an input
//       are natural numbers or polynomials.
//   G6  Equal nodes are one object: same operation, attributes and inputs, in either order if it is commutative.
//   G7  A span is a range of offsets. Names belong to nodes of the graph and are not empty.
//   G8  Lengths that a node takes to be equal are the same polynomial or a constraint of the graph. A constraint can be
//       true and can be false.
// Program
//   P1  Inputs are input nodes of the graph with the name, type and shape they declare; names are unique, not empty, and
//       have no dot. The names of outputs likewise.
//   P2  An output is one node of its shape, or as many scalar nodes as a static shape has elements. They belong to the
//       graph and are numbers, not masks.
//   P3  wrt names inputs, each once; int inputs are not differentiable.
//   P4  There is at most one derivative of a kind; its values belong to the graph and are numbers; its own inputs are
//       input nodes, each listed once, with names that no input of the formula has.
//   P5  The paths of a derivative: `x` (grad, hvp, vjp), `x.y` (hessian), `x.y.z` (derivative3) and so on, `f` (jvp), `f.x` (jacobian), where x, y are in
//       wrt and f is an output of one node or, as in `r.1`, an element of one that is a list: its 1-based position. The
//       shape of the value is that of the parts joined.
//   P6  Every input node that is needed is an input of the program or of a derivative, and outputs need only the former.
//   P7  The terms of a derivative have paths as its values do, and a coordinate for each axis of the shape there; axes of
//       coordinates are those of the term's value, and every axis of it that is not of length 1 is in one of them. Steps
//       are not 0; an index is a number, or a vector as long as the axis it goes with.
//   P8  The nonzeros of a compressed matrix are one vector of numbers, as long as its pattern, whose rows ascend by columns.

import { InternalError } from '../errors.ts';
import { attributesProblem, isLength } from './attributes.ts';
import { type Attrs, attrsText, constraintKey, type Graph, type Node } from './graph.ts';
import { liveNodes } from './live.ts';
import { factsOf, isOpName, MOST_INPUTS, type OpName } from './ops.ts';
import { nodeText, numberText } from './print.ts';
import { type Derivative, nodeOf, type Output, orderOf, type Program } from './program.ts';
import { type DType, elementsIn, type Shape, sameShape, shapeText } from './shape.ts';
import { type Constrain, ShapeError, shapeOf } from './shapes.ts';
import { type Size, sizeText, subtractSizes } from './size.ts';
import type { Sparsity } from './sparse.ts';

/**
 * Throws `InternalError` if an invariant is broken, naming `pass`, the invariant and the node, and showing the nodes
 * around it. Linear in the size of the graph.
 */
export function verify(program: Program, pass?: string): void {
  const broken = graphProblem(program.graph) ?? programProblem(program);
  if (broken === undefined) return;
  const { law, message, node } = broken;
  const where = pass === undefined ? '' : `after ${pass}: `;
  const at = node === undefined ? '' : ` at %${node.id}`;
  const context = node === undefined ? '' : `\n${surroundings(program.graph, node)}`;
  throw new InternalError(`${where}${law} is broken${at}: ${message}${context}`);
}

/** A broken invariant: its label above, what is wrong, and the node if it is one node's fault. */
interface Problem {
  readonly law: string;
  readonly message: string;
  readonly node?: Node;
}

/**
 * What is wrong with applying `op` to `inputs` with `attrs` (G3, G4), or undefined. The parser of `.ir` text asks this
 * before it makes a node.
 */
export function applicationProblem(op: OpName, inputs: readonly Node[], attrs: Attrs): Problem | undefined {
  const arity = arityProblem(op, inputs);
  if (arity !== undefined) return arity;
  const message = attributesProblem(op, inputs, attrs);
  return message === undefined ? operandProblem(op, inputs) : { law: 'G3', message };
}

/** What a node computes. */
export interface Type {
  readonly dtype: DType;
  readonly shape: Shape;
}

/**
 * The type of a result; `declared` decides for an input, whose type is its own. Lengths that have to be equal are handed to
 * `constrain`. Throws `ShapeError` if the shapes of the inputs do not fit.
 */
export function resultType(
  op: OpName,
  inputs: readonly Node[],
  attrs: Attrs,
  declared: Type,
  constrain: Constrain,
): Type {
  if (op === 'input') return { dtype: declared.dtype === 'int' ? 'int' : 'real', shape: declared.shape };
  const { dtype } = factsOf(op);
  return {
    dtype: dtype === 'same' ? inputs[0].dtype : dtype,
    shape: shapeOf(op, inputs, attrs, constrain),
  };
}

function graphProblem(graph: Graph): Problem | undefined {
  const seen = new Map<string, Node>();
  for (const [position, node] of graph.nodes.entries()) {
    const problem = nodeProblem(graph, node, position);
    if (problem !== undefined) return { ...problem, node };
    const key = identityOf(node);
    const equal = seen.get(key);
    if (equal !== undefined) return { law: 'G6', message: `it equals %${equal.id}`, node };
    seen.set(key, node);
  }
  for (const [node, name] of graph.names) {
    const message = `the name ${JSON.stringify(name)}`;
    if (!owns(graph, node)) return { law: 'G7', message: `${message} belongs to a node of another graph` };
    if (name === '') return { law: 'G7', message: 'its name is empty', node };
  }
  for (const { left, right } of graph.constraints.values()) {
    if (isOpen(left, right)) continue;
    return { law: 'G8', message: `${sizeText(left)} = ${sizeText(right)} is decided` };
  }
  return undefined;
}

/** True if two lengths are equal for some values of the names and different for others, as far as can be seen. */
export function isOpen(left: Size, right: Size): boolean {
  return typeof subtractSizes(left, right) !== 'number';
}

function nodeProblem(graph: Graph, node: Node, position: number): Problem | undefined {
  if (node.id !== position) return { law: 'G1', message: `it stands at position ${position}` };
  for (const [i, input] of node.inputs.entries()) {
    if (!owns(graph, input)) return { law: 'G2', message: `input ${i + 1} is a node of another graph` };
    if (input.id >= node.id)
      return { law: 'G2', message: `input ${i + 1}, %${input.id}, does not come before it` };
  }
  if (!isOpName(node.op)) return { law: 'G3', message: `there is no operation ${node.op}` };
  const problem = applicationProblem(node.op, node.inputs, node.attrs);
  if (problem !== undefined) return problem;
  return typeProblem(graph, node) ?? spanProblem(node);
}

function typeProblem({ constraints }: Graph, node: Node): Problem | undefined {
  if (!node.shape.every(isLength)) return { law: 'G5', message: 'its shape is not a list of lengths' };
  let missing: string | undefined;
  const constrain = (left: Size, right: Size): void => {
    const key = constraintKey(left, right);
    if (!constraints.has(key)) missing ??= `${key} is not a constraint`;
  };
  try {
    const { dtype, shape } = resultType(node.op, node.inputs, node.attrs, node, constrain);
    if (node.dtype !== dtype) return { law: 'G5', message: `it is ${dtype}, not ${node.dtype}` };
    if (!sameShape(node.shape, shape)) {
      return { law: 'G5', message: `its shape is ${shapeText(shape)}, not ${shapeText(node.shape)}` };
    }
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    return { law: 'G5', message: error.message };
  }
  return missing === undefined ? undefined : { law: 'G8', message: missing };
}

function arityProblem(op: OpName, inputs: readonly Node[]): Problem | undefined {
  const { arity } = factsOf(op);
  const count = inputs.length;
  if (arity === 'variadic') {
    if (count > 0 && count <= MOST_INPUTS) return undefined;
    return { law: 'G3', message: `${op} takes 1 to ${MOST_INPUTS} inputs, not ${count}` };
  }
  if (count === arity) return undefined;
  return { law: 'G3', message: `${op} takes ${arity} input${arity === 1 ? '' : 's'}, not ${count}` };
}

function operandProblem(op: OpName, inputs: readonly Node[]): Problem | undefined {
  for (const [i, input] of inputs.entries()) {
    const which = `input ${i + 1} of ${op}`;
    const takes = takesMask(op, i);
    if (takes === 'both') continue;
    if (!takes) {
      if (input.dtype === 'bool') return { law: 'G4', message: `${which} is a mask; it takes a number` };
      continue;
    }
    if (input.dtype === 'bool') continue;
    const values = constantsIn(input);
    if (values === undefined) {
      return { law: 'G4', message: `${which} is ${input.dtype}; it takes a mask` };
    }
    const stranger = values.find(value => value !== 0 && value !== 1);
    if (stranger !== undefined) {
      return { law: 'G4', message: `${which} is a mask: 0 or 1, not ${numberText(stranger)}` };
    }
  }
  return undefined;
}

/** What an operation does with masks: of which operands it takes them, or that it takes whatever there is. */
function takesMask(op: OpName, position: number): boolean | 'both' {
  if (factsOf(op).dtype === 'same') return position === 0 ? 'both' : false;
  return MASKED.has(op) || (op === 'select' && position === 0);
}

const MASKED: ReadonlySet<OpName> = new Set(['and', 'or', 'not', 'real', 'any']);

/** The constants that the elements of `node` are taken from, or undefined if there is more to it. */
function constantsIn(node: Node): readonly number[] | undefined {
  let source = node;
  while (factsOf(source.op).dtype === 'same') source = source.inputs[0];
  if (source.op === 'const') return [source.attrs.value];
  return source.op === 'array' ? source.attrs.values : undefined;
}

function spanProblem({ span }: Node): Problem | undefined {
  if (span === undefined) return undefined;
  const { start, end } = span;
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end)
    return undefined;
  return { law: 'G7', message: `the span ${start}..${end} is not a range` };
}

/** Two nodes are equal if and only if these texts are. */
function identityOf({ op, inputs, attrs }: Node): string {
  const ids = inputs.map(input => input.id);
  if (factsOf(op).commutative) ids.sort((a, b) => a - b);
  return `${op} ${ids} ${attrs === undefined ? '' : attrsText(attrs)}`;
}

function owns(graph: Graph, node: Node): boolean {
  return graph.nodes[node.id] === node;
}

function programProblem(program: Program): Problem | undefined {
  return (
    inputsProblem(program) ??
    outputsProblem(program) ??
    wrtProblem(program) ??
    derivativesProblem(program) ??
    closedProblem(program) ??
    termsProblem(program)
  );
}

function inputsProblem({ inputs, graph }: Program): Problem | undefined {
  for (const { name, node, dtype, shape } of inputs) {
    const what = `the input ${JSON.stringify(name)}`;
    if (!owns(graph, node)) return { law: 'P1', message: `${what} is a node of another graph` };
    if (node.op !== 'input') return { law: 'P1', message: `${what} is no input node`, node };
    if (node.attrs.name !== name) return { law: 'P1', message: `${what} has another name there`, node };
    if (node.dtype !== dtype || !sameShape(node.shape, shape)) {
      return { law: 'P1', message: `${what} has another type there`, node };
    }
  }
  return namesProblem('inputs', inputs);
}

function outputsProblem({ outputs, graph }: Program): Problem | undefined {
  for (const output of outputs) {
    const what = `the output ${JSON.stringify(output.name)}`;
    const problem = valueProblem(graph, output.elements);
    if (problem !== undefined) return { ...problem, law: 'P2', message: `${what} ${problem.message}` };
    const message = elementsProblem(output);
    if (message !== undefined) return { law: 'P2', message: `${what} ${message}` };
  }
  return namesProblem('outputs', outputs);
}

/** What is wrong with the shapes of the elements of an output (P2), or undefined. */
function elementsProblem(output: Output): string | undefined {
  const { shape, elements } = output;
  const node = nodeOf(output);
  if (node !== undefined) {
    if (sameShape(node.shape, shape)) return undefined;
    return `is ${shapeText(shape)}, its node is ${shapeText(node.shape)}`;
  }
  const count = elementsIn(shape);
  const tensor = elements.find(element => element.shape.length > 0);
  if (elements.length === count && tensor === undefined) return undefined;
  const wanted = typeof count === 'number' ? `${count} scalar ${count === 1 ? 'node' : 'nodes'}` : 'one node';
  const found = tensor === undefined ? elements.length : `a node of ${shapeText(tensor.shape)}`;
  return `of shape ${shapeText(shape)} has ${wanted}, not ${found}`;
}

function namesProblem(what: string, all: readonly { readonly name: string }[]): Problem | undefined {
  const seen = new Set<string>();
  for (const { name } of all) {
    const quoted = JSON.stringify(name);
    if (name === '' || name.includes('.'))
      return { law: 'P1', message: `${quoted} among ${what} is no name` };
    if (seen.has(name)) return { law: 'P1', message: `two ${what} are called ${quoted}` };
    seen.add(name);
  }
  return undefined;
}

/** Roots are numbers of this graph. */
function valueProblem(graph: Graph, nodes: Iterable<Node>): Problem | undefined {
  for (const node of nodes) {
    if (!owns(graph, node)) return { law: '', message: 'is a node of another graph' };
    if (node.dtype === 'bool') return { law: '', message: 'is a mask, not a number', node };
  }
  return undefined;
}

function wrtProblem({ wrt, inputs }: Program): Problem | undefined {
  for (const [i, name] of wrt.entries()) {
    const quoted = JSON.stringify(name);
    const input = inputs.find(candidate => candidate.name === name);
    if (input === undefined) return { law: 'P3', message: `wrt names ${quoted}, which is no input` };
    if (input.dtype !== 'real') return { law: 'P3', message: `wrt names ${quoted}, which is ${input.dtype}` };
    if (wrt.indexOf(name) !== i) return { law: 'P3', message: `wrt names ${quoted} twice` };
  }
  return undefined;
}

function derivativesProblem(program: Program): Problem | undefined {
  const { graph, derivatives } = program;
  const taken = new Set(program.inputs.map(input => input.name));
  const kinds = new Set<string>();
  for (const { kind, values, inputs } of derivatives) {
    if (kinds.has(kind)) return { law: 'P4', message: `there are two derivatives of kind ${kind}` };
    kinds.add(kind);
    const own = new Set<string>();
    for (const node of inputs) {
      if (!owns(graph, node)) return { law: 'P4', message: `an input of ${kind} is a node of another graph` };
      if (node.op !== 'input') return { law: 'P4', message: `it is listed as an input of ${kind}`, node };
      const { name } = node.attrs;
      if (taken.has(name) || own.has(name)) {
        return { law: 'P4', message: `the name of an input of ${kind} is taken`, node };
      }
      own.add(name);
    }
    const problem = valueProblem(graph, values.values());
    if (problem !== undefined)
      return { ...problem, law: 'P4', message: `a value of ${kind} ${problem.message}` };
  }
  return pathsProblem(program) ?? compressedProblem(program);
}

function compressedProblem({ graph, derivatives }: Program): Problem | undefined {
  for (const { compressed } of derivatives) {
    if (compressed === undefined) continue;
    const { values, pattern } = compressed;
    const problem = valueProblem(graph, [values]);
    if (problem !== undefined) return { ...problem, law: 'P8', message: `the vector ${problem.message}` };
    if (!sameShape(values.shape, [pattern.rowIndex.length])) {
      const message = `${pattern.rowIndex.length} nonzeros are ${shapeText(values.shape)}`;
      return { law: 'P8', message, node: values };
    }
    if (!isPattern(pattern)) return { law: 'P8', message: 'the pattern is none', node: values };
  }
  return undefined;
}

/** True if columns follow each other, and rows ascend in each. */
function isPattern({ rows, columns, rowIndex, colPointer }: Sparsity): boolean {
  if (colPointer.length !== columns + 1 || colPointer[0] !== 0) return false;
  if (colPointer[columns] !== rowIndex.length) return false;
  for (let j = 0; j < columns; j++) {
    if (colPointer[j] > colPointer[j + 1]) return false;
    for (let k = colPointer[j], last = -1; k < colPointer[j + 1]; last = rowIndex[k++]) {
      if (rowIndex[k] <= last || rowIndex[k] >= rows) return false;
    }
  }
  return true;
}

function pathsProblem({ derivatives, inputs, outputs, wrt }: Program): Problem | undefined {
  const byName = new Map(inputs.map(input => [input.name, input]));
  const variables = new Map(wrt.map(name => [name, byName.get(name)!.shape]));
  const outputOf = new Map(outputs.map(output => [output.name, output]));
  for (const { kind, values } of derivatives) {
    for (const [path, node] of values) {
      const quoted = JSON.stringify(path);
      const shape = shapeAtPath(kind, path, variables, outputOf);
      if (shape === undefined) return { law: 'P5', message: `${quoted} is no path of a ${kind}` };
      if (!sameShape(node.shape, shape)) {
        const message = `${quoted} of a ${kind} is ${shapeText(shape)}, not ${shapeText(node.shape)}`;
        return { law: 'P5', message, node };
      }
    }
  }
  return undefined;
}

function termsProblem({ graph, derivatives, inputs, outputs, wrt }: Program): Problem | undefined {
  const byName = new Map(inputs.map(input => [input.name, input]));
  const variables = new Map(wrt.map(name => [name, byName.get(name)!.shape]));
  const outputOf = new Map(outputs.map(output => [output.name, output]));
  for (const { kind, terms } of derivatives) {
    for (const [path, list] of terms ?? []) {
      const shape = shapeAtPath(kind, path, variables, outputOf);
      const wrong = (message: string): Problem => ({
        law: 'P7',
        message: `${message} in ${path} of a ${kind}`,
      });
      if (shape === undefined) return wrong('there is no path');
      for (const { value, coordinates } of list) {
        if (!owns(graph, value)) return wrong('a value is a node of another graph');
        if (coordinates.length !== shape.length) return wrong('a term has not one coordinate for each axis');
        const used = new Set(coordinates.map(({ axis }) => axis));
        if (value.shape.some((size, axis) => size !== 1 && !used.has(axis))) {
          return wrong('an axis of a value is in no coordinate');
        }
        for (const { axis, step, index } of coordinates) {
          if (axis !== undefined && value.shape[axis] === undefined)
            return wrong('a coordinate has no such axis');
          if (step === 0 || !Number.isInteger(step)) return wrong('a step is no integer or 0');
          if (index === undefined) continue;
          if (!owns(graph, index)) return wrong('an index is a node of another graph');
          const along = axis === undefined ? [] : [value.shape[axis]];
          if (!sameShape(index.shape, along)) return wrong('an index is not as long as its axis');
        }
      }
    }
  }
  return undefined;
}

/** The shape of the value at `path`, or undefined if it is no path (P5); shapes of `wrt` and `outputs` by name. */
export function shapeAtPath(
  kind: Derivative['kind'],
  path: string,
  wrt: ReadonlyMap<string, Shape>,
  outputs: ReadonlyMap<string, Output>,
): Shape | undefined {
  const parts = path.split('.');
  const last = wrt.get(parts[parts.length - 1]);
  const joined = (first: Shape | undefined) => first && last && [...first, ...last];
  switch (kind) {
    case 'hvp':
    case 'vjp':
      return parts.length === 1 ? last : undefined;
    case 'gaussNewton':
      if (path === '') return [];
      return parts.length === 2 ? joined(wrt.get(parts[0])) : parts.length === 1 ? last : undefined;
    case 'jvp':
      return shapeOfResult(parts, outputs);
    case 'jacobian':
      return joined(shapeOfResult(parts.slice(0, -1), outputs));
    default:
      return parts.length === orderOf(kind) ? shapeOfNames(parts, wrt) : undefined;
  }
}

/** The shapes of inputs joined. */
function shapeOfNames(names: readonly string[], wrt: ReadonlyMap<string, Shape>): Shape | undefined {
  return names.every(name => wrt.has(name)) ? names.flatMap(name => wrt.get(name)!) : undefined;
}

/** The shape of an output that is one node, or of an element of one that is a list. */
function shapeOfResult(
  [name, ...positions]: readonly string[],
  outputs: ReadonlyMap<string, Output>,
): Shape | undefined {
  const output = outputs.get(name);
  if (output === undefined) return undefined;
  if (nodeOf(output) !== undefined) return positions.length === 0 ? output.shape : undefined;
  return positions.length === 1 && isPosition(positions[0], output.elements.length) ? [] : undefined;
}

function isPosition(text: string, size: number): boolean {
  return /^[1-9][0-9]*$/.test(text) && Number(text) <= size;
}

function closedProblem({ inputs, outputs, derivatives }: Program): Problem | undefined {
  const given = new Set<Node>(inputs.map(input => input.node));
  const stranger = (roots: readonly Node[]) =>
    liveNodes(roots).find(node => node.op === 'input' && !given.has(node));
  const message = 'it is needed but is no input';
  const forward = stranger(outputs.flatMap(output => output.elements));
  if (forward !== undefined) return { law: 'P6', message: `${message} of the program`, node: forward };
  for (const derivative of derivatives) for (const node of derivative.inputs) given.add(node);
  const other = stranger(
    derivatives.flatMap(({ values, compressed }) => [
      ...values.values(),
      ...(compressed ? [compressed.values] : []),
    ]),
  );
  if (other !== undefined) {
    return { law: 'P6', message: `${message} of the program or of a derivative`, node: other };
  }
  return undefined;
}

/** The node between its neighbours, marked. Written for broken graphs: it believes nothing. */
function surroundings(graph: Graph, node: Node): string {
  const label = (other: Node | undefined) => `%${other?.id ?? '?'}`;
  const at = Math.max(graph.nodes.indexOf(node), 0);
  return graph.nodes
    .slice(Math.max(at - 3, 0), at + 4)
    .map(other => `  ${other === node ? '>' : ' '} ${nodeText(other, label)}`)
    .join('\n');
}
