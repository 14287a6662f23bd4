// All benchmarks, into bench/results.md: npm run bench [-- --quick]. With --quick nothing is written but to the screen.

import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { compilerTable, coreTable } from './compiler.mjs';
import { evaluateTable, peersTable } from './evaluate.mjs';
import { startupTable } from './startup.mjs';
import { bundleTable } from './tensors/bundle.mjs';
import { hessianTable } from './tensors/hessians.mjs';
import { librarySizes, moduleTable } from './tensors/modules.mjs';
import { tensorTables } from './tensors/run.mjs';

const quick = process.argv.includes('--quick');
const options = { quick };

const report = `# Benchmark results

Node ${process.version}, ${cpus()[0].model}. Absolute times move with the load of the machine; the ratios come from
slices that take turns in one process.

## Emitted code against code written by hand

The \`bind\` form: flat vectors in, arrays filled, nothing allocated. The hand-written modules are in \`bench/hand\`; a
test holds them equal to the emitted ones.

${await evaluateTable(options)}

## Against other JavaScript systems

Value and full gradient: \`math.derivative\` and \`compile\` of mathjs, \`diff\` and \`buildFunction\` of nerdamer.

${await peersTable(options)}

## The compiler

Random formulas of 16 inputs, value and gradient, each in its own process: from the text to the module,

${compilerTable(options)}

and without the parser, from the builders to the module.

${await coreTable(options)}

## Start-up of the command

${startupTable(options)}

## Tensors

Value and gradient by the \`bind\` form of both targets, \`js\` and \`wasm\`; \`in place\` is \`wasm\` with parameters and gradient in
its memory. Against them, all in turns: \`gcc\`, programs in C for each work (\`bench/c\`: \`gcc -O3 -march=native -ffast-math\`, loops
over vectors of 64 bytes, OpenBLAS for products) in a process of their own; \`hand\`, loops in JavaScript (\`bench/tensors/hand\`; f32 arrays,
sums in double precision); \`@jax-js/jax\` with \`jit\`, on wasm, and TensorFlow.js on its wasm backend, each in a thread of its own.
Each is checked against the hand-written one before it is timed, and a time is that of the quietest of up to 61 rounds. The
libraries keep data and parameters in their own memory; the gradient is read back.

${await tensorTables(options)}

## Modules

Each in a new process: the compiler's first compilation; from the text of the module to the result of the first call (for \`wasm\`
also step by step: \`import\`, \`bind\`, the call). \`workspace\` is what \`bind\` allocates beyond its copies of the data, for \`wasm\` pages
of 64 KiB that hold parameters and gradient too.

${await moduleTable(options)}

${await librarySizes()}

## Hessians and sparse Jacobians

The dense Hessian by the \`bind\` form, both triangles written on each call, against loops written by hand that know what
each Hessian is made of (\`bench/tensors/hand/*-hessian.mjs\`: one triangle in register tiles and its mirror; blocks and
zeros; sums of outer products of layers), C for logistic regression (\`dsyrk\` of OpenBLAS on blocks of samples), and \`hessian\` of
\`@jax-js/jax\` with \`jit\`, or without it where its jit is wrong.
All are checked against the hand-written one, element by element, before they are timed, as above. TensorFlow.js has no Hessians.

${await hessianTable(options)}

Bundle adjustment (\`samples/bundle-adjustment-problem.expr\`): residuals and the sparse Jacobian by cameras, points and weights,
\`valueAndJacobian(theta, y, values)\`, against straight-line code for one observation in a loop that writes each of its 28
elements to its place in the compressed columns (\`bench/tensors/hand/bundle-adjustment.mjs\`).

${await bundleTable(options)}
`;

if (quick) console.log(report);
else writeFileSync(new URL('results.md', import.meta.url), report);
