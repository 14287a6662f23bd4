// The checks of arguments in an emitted module: a mistake is a TypeError or a RangeError that names the argument.

import { destructure, inputChecks } from './arguments.ts';
import type { Entry } from './entries.ts';
import { type Context, WIDTH } from './functions.ts';
import { indent } from './text.ts';

/** The checks that the functions of the module call; `hasRecords` if some take the inputs as a record apart. */
export function checksText(context: Context, entries: readonly Entry[], hasRecords: boolean): string[][] {
  const { own, program } = context;
  const { inputs } = program;
  const isInt = inputs.map(({ dtype }) => dtype === 'int');
  const texts: string[][] = [];
  if (hasRecords && inputs.length > 0) texts.push(recordCheck(context));
  if (isInt.includes(false) || entries.some(({ extra }) => extra)) texts.push(numberCheck(own.number));
  if (isInt.includes(true)) texts.push(integerCheck(own.integer));
  return [...texts, lengthError(own.length)];
}

function recordCheck(context: Context): string[] {
  const { program, own, locals } = context;
  const isOptional = program.inputs.every(input => input.default !== undefined);
  return [
    '/** The inputs, if each is a number. */',
    `function ${own.check}(${own.inputs}${isOptional ? ' = {}' : ''}) {`,
    ...indent(destructure(program.inputs, locals, own.inputs, WIDTH - 2)),
    ...indent([...inputChecks(context, program.inputs), `return ${own.inputs};`]),
    '}',
  ];
}

const numberCheck = (own: string): string[] =>
  `function ${own}(name, x) {
  if (typeof x === 'number') return;
  if (x === undefined) throw new TypeError(\`missing input \${name}\`);
  throw new TypeError(\`\${name}: expected a number, got \${x === null ? x : typeof x}\`);
}`.split('\n');

const integerCheck = (own: string): string[] =>
  `function ${own}(name, x) {
  if (Number.isInteger(x)) return;
  if (x === undefined) throw new TypeError(\`missing input \${name}\`);
  const got = x === null || typeof x === 'number' ? x : typeof x;
  throw new TypeError(\`\${name}: expected an integer, got \${got}\`);
}`.split('\n');

const lengthError = (own: string): string[] =>
  `function ${own}(name, array, n) {
  if (array === undefined) throw new TypeError(\`missing input \${name}\`);
  throw new RangeError(\`\${name}: expected \${n} elements, got \${array?.length}\`);
}`.split('\n');
