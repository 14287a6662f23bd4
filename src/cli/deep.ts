// Formulas that the main thread cannot compile: nested deeper than its stack, or so large that memory might end, which
// on the main thread would end the process. Both run again, whole, in a worker with a larger stack and a heap limit whose
// violation is an error that can be reported.

import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { InternalError } from '../errors.ts';
import { type Job, type JobResult, runJob, TOO_LARGE } from './job.ts';

/** A source above this many characters goes to the worker at once, a graph above this many nodes after the first try. */
const LARGE_TEXT = 2_000_000;
const LARGE_GRAPH = 1_000_000;

/** Only the part of a stack that is used takes memory; 100,000 parentheses use 400 MB. */
const STACK_MEGABYTES = 1000;

/** A node of a graph, with its share of tables and of the text printed from it. */
const BYTES_PER_NODE = 300;
const MOST_NODES = 20_000_000;

/** Runs the job on the main thread if it fits there, else in the worker at `workerUrl`. */
export async function runAnywhere(
  job: Job,
  workerUrl: URL,
  maxNodes = affordableNodes(),
): Promise<JobResult> {
  if (job.source.text.length > LARGE_TEXT) return runInWorker(limited(job, maxNodes), workerUrl);
  const here = Math.min(maxNodes, LARGE_GRAPH);
  const result = await runJob(limited(job, here));
  const codes = result.ok ? [] : result.diagnostics.map(({ code }) => code);
  const isTooDeep = codes.includes('too-deep');
  const isTooLarge = here < maxNodes && codes.some(code => code === 'too-large' || code === 'ir-limit');
  return isTooDeep || isTooLarge ? runInWorker(limited(job, maxNodes), workerUrl) : result;
}

function limited(job: Job, maxNodes: number): Job {
  return { ...job, compile: { ...job.compile, maxNodes } };
}

/** As many nodes as the heap has room for. */
function affordableNodes(): number {
  return Math.min(MOST_NODES, Math.floor(heapLimit() / BYTES_PER_NODE));
}

function heapLimit(): number {
  return getHeapStatistics().heap_size_limit;
}

function runInWorker(job: Job, workerUrl: URL): Promise<JobResult> {
  // Every collection scans the whole stack: with a deep one, few large collections are three times faster than many.
  setFlagsFromString('--min-semi-space-size=64');
  return new Promise((resolve, reject) => {
    const worker = new Worker(workerUrl, {
      workerData: job,
      resourceLimits: {
        stackSizeMb: STACK_MEGABYTES,
        maxYoungGenerationSizeMb: 192,
        maxOldGenerationSizeMb: Math.floor(heapLimit() / 2 ** 20),
      },
    });
    worker.once('message', resolve);
    worker.once('error', error => {
      if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY') resolve(outOfMemory(job));
      else reject(error);
    });
    worker.once('exit', () => reject(new InternalError('the worker ended without a result')));
  });
}

function outOfMemory({ source }: Job): JobResult {
  return { ok: false, log: '', source, diagnostics: [TOO_LARGE] };
}
