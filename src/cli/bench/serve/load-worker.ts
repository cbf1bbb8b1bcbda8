import { parentPort, workerData } from 'node:worker_threads';
import { type LoadOrder, load } from './load.ts';

// On a thread of its own, so that nothing else of the benchmark is in its way.
parentPort!.postMessage(await load(workerData as LoadOrder));
