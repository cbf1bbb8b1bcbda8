import { workerData } from 'node:worker_threads';
import { answerCalls, Moved } from '../../calls.ts';
import { Classifier } from '../../models/classifier.ts';
import { nodeRuntime } from '../../platform/node/engine/runtime.ts';
import { parentChannel } from '../../platform/node/worker.ts';
import type { ClassifyingCalls, ClassifyingSetup } from './classifying.ts';

// Classifies images with a model of its own.

const { bytes, where, threads } = workerData as ClassifyingSetup;
const loading = Classifier.load(nodeRuntime({ threads }), bytes, where);
// Told to those who ask for an answer.
loading.catch(() => {});

answerCalls<ClassifyingCalls>(parentChannel(), {
  async answer(pixels) {
    const answer = await (await loading).answer(pixels);
    const buffers = Object.values(answer).map((values: Float32Array) => values.buffer as ArrayBuffer);
    return new Moved(answer, buffers);
  },
  async end() {
    await (await loading.catch(() => undefined))?.dispose();
  },
});
