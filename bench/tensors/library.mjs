// One library in a thread of its own. In the same thread its WebAssembly memory would slow the others down: after the
// first one that grows, V8 no longer believes that arrays keep their buffers, and code on typed arrays takes 1.3 to 1.4 times as
// long.

import { existsSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { generate, pack, twoPoints } from './data.mjs';
import { timed } from './measure.mjs';

/** Name, module and what the module is told, of each. */
const LIBRARIES = [
  { name: 'jax-js', module: './jax.mjs', precisions: ['f32', 'f64'], hessian: true },
  { name: 'tfjs-wasm', module: './tfjs.mjs', precisions: ['f32'], backend: 'wasm' },
];

/**
 * Starts them all, or with `hessian` those that have Hessians; none if they are not installed. `prepare` gives the value and
 * the gradient, `prepareHessian` the Hessian; `slice` is a variant for takeTurns. They must be stopped.
 * @param {{ hessian?: boolean }} [options]
 */
export function startLibraries({ hessian = false } = {}) {
  if (!existsSync(new URL('../node_modules', import.meta.url))) {
    console.error('without jax-js and TensorFlow.js: npm ci --prefix bench installs them');
    return [];
  }
  return LIBRARIES.filter(library => library.hessian || !hessian).map(library => {
    const worker = new Worker(new URL(import.meta.url), { workerData: library });
    const ask = message =>
      new Promise((resolve, reject) => {
        worker.once('error', reject);
        worker.once('message', answer => {
          worker.off('error', reject);
          if (answer.error === undefined) resolve(answer);
          else reject(new Error(answer.error));
        });
        worker.postMessage(message);
      });
    return {
      name: library.name,
      precisions: library.precisions,
      prepare: (workload, precision) => ask({ workload, precision }),
      prepareHessian: (workload, precision, isCompiled) =>
        ask({ workload, precision, hessian: { isCompiled } }),
      slice: async calls => (await ask({ calls })).ms,
      stop: () => worker.terminate(),
    };
  });
}

if (!isMainThread) {
  const { module, backend } = workerData;
  let slice;
  parentPort.on('message', async message => {
    try {
      parentPort.postMessage('calls' in message ? { ms: slice(message.calls) } : await prepare(message));
    } catch (error) {
      parentPort.postMessage({ error: error.message });
    }
  });

  async function prepare({ workload, precision, hessian }) {
    const library = await import(module);
    const Floats = precision === 'f64' ? Float64Array : Float32Array;
    const { inputs, wrt } = generate(workload.kind, workload.sizes, Floats);
    if (hessian) {
      const { point, run } = library.prepareHessian(workload, inputs, wrt, { precision, ...hessian });
      const points = twoPoints(pack(inputs, wrt, Floats)).map(point);
      slice = timed(i => run(points[i & 1]));
      return { H: run(points[0]) };
    }
    const { point, run, gradient } = await library.prepare(workload, inputs, wrt, { precision, backend });
    const points = twoPoints(pack(inputs, wrt, Floats)).map(point);
    slice = timed(i => run(points[i & 1]));
    return { value: run(points[0]), g: gradient() };
  }
}
