import { getPriority, platform, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { type LoadOrder, load } from './load.ts';

/** As nice as the server's own threads that compute. */
const NICER_BY = 10;
const NICEST = 19;

const order = workerData as LoadOrder;
if (order.yields && platform() === 'linux') setPriority(0, Math.min(NICEST, getPriority() + NICER_BY));

// On a thread of its own, so that nothing else of the benchmark is in its way.
parentPort!.postMessage(await load(order));
