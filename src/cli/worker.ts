// The entry of the worker thread of deep.ts: one job in, its result out.

import { parentPort, workerData } from 'node:worker_threads';
import { type Job, runJob } from './job.ts';

parentPort?.postMessage(await runJob(workerData as Job));
