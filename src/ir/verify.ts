// What every graph and every program is, checked. Passes may rely on each of these and need not check it again; tests
// verify after every pass.
//
// Graph
//   G1  The id of a node is its position in the graph.
//   G2  The inputs of a node belong to the same graph and come before it.
//   G3  A node has as many inputs as its operation takes, and exactly the attribute its operation carries.
//   G4  A mask (bool) is used only where a mask is expected: as a condition, by and, or, not, real. There, a constant is
//       0 or 1. Everything else takes numbers (real, int).
//   G5  The type of a node is what its operation makes of its inputs.
//   G6  Equal nodes are one object: same operation, attribute and inputs, in either order if it is commutative.
//   G7  A span is a range of offsets. Names belong to nodes of the graph and are not empty.
// Program
//   P1  Inputs are input nodes of the graph with the name, type and shape they declare; names are unique, not empty, and
//       have no dot. The names of outputs likewise.
//   P2  An output has as many elements as its shape says; they belong to the graph and are numbers, not masks.
//   P3  wrt names inputs, each once; int inputs are not differentiable.
//   P4  There is at most one derivative of a kind; its values belong to the graph and are numbers; its own inputs are
//       input nodes, each listed once, with names that no input of the formula has.
//   P5  The paths of a derivative: `x` (grad, hvp, vjp), `x.y` (hessian), `f` (jvp), `f.x` (jacobian), where x, y are in
//       wrt and f is a scalar output or, as in `r.1`, an element of a tensor output: its 1-based row-major position.
//   P6  Every input node that is needed is an input of the program or of a derivative, and outputs need only the former.

import { InternalError } from '../errors.ts';
import type { Attrs, Graph, Node } from './graph.ts';
import { liveNodes } from './live.ts';
import { factsOf, HIGHEST_ORDER, isOpName, MOST_INPUTS, type OpName } from './ops.ts';
import { nodeText, numberText } from './print.ts';
import type { Derivative, Output, Program } from './program.ts';
import { type DType, SCALAR, type Shape, sameShape } from './shape.ts';

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
  return arityProblem(op, inputs) ?? attrsProblem(op, attrs) ?? operandProblem(op, inputs);
}

/** The type that `op` gives to its result; `declared` decides for an input, whose type is its own. */
export function resultType(op: OpName, declared: DType): { readonly dtype: DType; readonly shape: Shape } {
  return { dtype: op === 'input' && declared === 'int' ? 'int' : factsOf(op).dtype, shape: SCALAR };
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
  return undefined;
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
  const { dtype, shape } = resultType(node.op, node.dtype);
  if (node.dtype !== dtype) return { law: 'G5', message: `it is ${dtype}, not ${node.dtype}` };
  if (!sameShape(node.shape, shape)) {
    return { law: 'G5', message: `its shape is [${shape}], not [${node.shape}]` };
  }
  return spanProblem(node);
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

function attrsProblem(op: OpName, attrs: Attrs): Problem | undefined {
  const { attr } = factsOf(op);
  const carried = attrs === undefined ? [] : Object.keys(attrs);
  const wanted = attr === undefined ? [] : [attr];
  if (carried.join() !== wanted.join()) {
    const [takes, has] = [wanted, carried].map(names => names.join(', ') || 'no attribute');
    return { law: 'G3', message: `${op} carries ${takes}, not ${has}` };
  }
  if (attrs === undefined) return undefined;
  if ('name' in attrs) {
    return attrs.name === '' ? { law: 'G3', message: 'the name of an input is empty' } : undefined;
  }
  if ('value' in attrs) {
    return typeof attrs.value === 'number' ? undefined : { law: 'G3', message: 'the value is not a number' };
  }
  if (Number.isInteger(attrs.order) && attrs.order >= 0 && attrs.order <= HIGHEST_ORDER) return undefined;
  return {
    law: 'G3',
    message: `the order of ${op} is 0 to ${HIGHEST_ORDER}, not ${numberText(attrs.order)}`,
  };
}

function operandProblem(op: OpName, inputs: readonly Node[]): Problem | undefined {
  for (const [i, input] of inputs.entries()) {
    const which = `input ${i + 1} of ${op}`;
    if (!takesMask(op, i)) {
      if (input.dtype === 'bool') return { law: 'G4', message: `${which} is a mask; it takes a number` };
    } else if (input.op === 'const') {
      const { value } = input.attrs;
      if (value !== 0 && value !== 1) {
        return { law: 'G4', message: `${which} is a mask: 0 or 1, not ${numberText(value)}` };
      }
    } else if (input.dtype !== 'bool') {
      return { law: 'G4', message: `${which} is ${input.dtype}; it takes a mask` };
    }
  }
  return undefined;
}

function takesMask(op: OpName, position: number): boolean {
  return op === 'and' || op === 'or' || op === 'not' || op === 'real' || (op === 'select' && position === 0);
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
  if (attrs === undefined) return `${op} ${ids}`;
  if ('name' in attrs) return `${op} ${attrs.name}`;
  return 'order' in attrs ? `${op} ${attrs.order} ${ids}` : `${op} ${numberText(attrs.value)}`;
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
    closedProblem(program)
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
  for (const { name, shape, elements } of outputs) {
    const what = `the output ${JSON.stringify(name)}`;
    const count = shape.reduce((product, size) => product * size, 1);
    if (elements.length !== count) {
      return {
        law: 'P2',
        message: `${what} of shape [${shape}] has ${elements.length} elements, not ${count}`,
      };
    }
    const problem = valueProblem(graph, elements);
    if (problem !== undefined) return { ...problem, law: 'P2', message: `${what} ${problem.message}` };
  }
  return namesProblem('outputs', outputs);
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
  return pathsProblem(program);
}

function pathsProblem({ derivatives, outputs, wrt }: Program): Problem | undefined {
  const variables = new Set(wrt);
  const outputOf = new Map(outputs.map(output => [output.name, output]));
  for (const { kind, values } of derivatives) {
    for (const path of values.keys()) {
      if (isPath(kind, path, variables, outputOf)) continue;
      return { law: 'P5', message: `${JSON.stringify(path)} is no path of a ${kind}` };
    }
  }
  return undefined;
}

/** Law P5 for one path; `outputs` by name. */
export function isPath(
  kind: Derivative['kind'],
  path: string,
  wrt: ReadonlySet<string>,
  outputs: ReadonlyMap<string, Output>,
): boolean {
  const parts = path.split('.');
  const last = parts[parts.length - 1];
  switch (kind) {
    case 'grad':
    case 'hvp':
    case 'vjp':
      return parts.length === 1 && wrt.has(last);
    case 'hessian':
      return parts.length === 2 && parts.every(part => wrt.has(part));
    case 'jvp':
      return isElement(parts, outputs);
    case 'jacobian':
      return wrt.has(last) && isElement(parts.slice(0, -1), outputs);
    default:
      return kind satisfies never;
  }
}

function isElement([name, ...positions]: readonly string[], outputs: ReadonlyMap<string, Output>): boolean {
  const output = outputs.get(name);
  if (output === undefined) return false;
  if (output.shape.length === 0) return positions.length === 0;
  return positions.length === 1 && isPosition(positions[0], output.elements.length);
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
  const other = stranger(derivatives.flatMap(derivative => [...derivative.values.values()]));
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
