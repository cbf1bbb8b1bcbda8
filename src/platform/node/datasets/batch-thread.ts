import { parentPort, workerData } from 'node:worker_threads';
import { type BatchMemory, batchMaker } from '../../../data/batches.ts';
import { HarrierError } from '../../../errors.ts';
import { threadDataset } from './thread-dataset.ts';
import type { BatchAnswer, BatchOrder, ThreadPlan } from './threaded-batches.ts';

// The thread that prepares batches: it is sent a step and memory for its batch, and sends the memory back filled.

const port = parentPort!;

function answer(message: BatchAnswer, memory: BatchMemory): void {
  port.postMessage(message, [memory.pixels, memory.targets]);
}

/** Errors cross threads as plain data: their class is lost on the way. */
function described(error: unknown): NonNullable<BatchAnswer['error']> {
  if (error instanceof HarrierError) {
    const { code, message, details } = error;
    return { code, message, details: { ...details, cause: undefined } };
  }
  return { message: error instanceof Error ? error.message : String(error) };
}

const { dataset, ...plan } = workerData as ThreadPlan;
let make: ReturnType<typeof batchMaker> | undefined;

port.on('message', ({ epoch, step, memory }: BatchOrder) => {
  try {
    make ??= batchMaker({ ...plan, dataset: threadDataset(dataset) });
    const { pixels, targets, imageShape } = make(epoch, step, memory);
    answer({ memory, pixels: pixels.length, targets: targets.length, imageShape }, memory);
  } catch (error) {
    answer({ memory, error: described(error) }, memory);
  }
});
