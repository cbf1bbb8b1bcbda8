import { workerData } from 'node:worker_threads';
import { answerCalls, Moved } from '../../../calls.ts';
import { batchMaker } from '../../../data/batches.ts';
import { parentChannel } from '../worker.ts';
import { threadDataset } from './thread-dataset.ts';
import type { BatchCalls, ThreadPlan } from './threaded-batches.ts';

// The thread that prepares batches: it is sent a step and memory for its batch, and sends the memory back filled.

const { dataset, ...plan } = workerData as ThreadPlan;
let make: ReturnType<typeof batchMaker> | undefined;

answerCalls<BatchCalls>(parentChannel(), {
  prepare(epoch, step, memory) {
    make ??= batchMaker({ ...plan, dataset: threadDataset(dataset) });
    const { pixels, targets, imageShape } = make(epoch, step, memory);
    const prepared = { memory, pixels: pixels.length, targets: targets.length, imageShape };
    return new Moved(prepared, [memory.pixels, memory.targets]);
  },
});
