import { Classifier, exportModel, initialWeights, type Network } from '../models/index.ts';
import type { Model } from '../onnx/index.ts';
import { optimizerFrom } from '../optimizers/index.ts';
import { kerasCnn, networkOf } from '../recipes/index.ts';
import type { Runtime } from '../runtime/index.ts';
import { Trainer } from '../training/index.ts';
import { type Clock, type Measured, measure } from './measure.ts';

const BATCH = 32;
const CLASSES = 10;

function seedNetwork(): Network {
  return networkOf(kerasCnn, { inputShape: [32, 32, 3], classes: CLASSES });
}

/** The finished model of `keras-cnn` as it is before training: what it costs does not depend on its weights. */
export function seedModel(): Model {
  const network = seedNetwork();
  return exportModel(network, initialWeights(network.parameters, 1));
}

function samplePixels(count: number): Uint8Array {
  return Uint8Array.from({ length: count * 32 * 32 * 3 }, (_, i) => (i * 7919) % 256);
}

/** Milliseconds of a whole training step of `keras-cnn` on 32 images: forward, backward, update. */
export async function seedStep(runtime: Runtime, optimizer: 'SGD' | 'Adam', clock: Clock): Promise<Measured> {
  const network = seedNetwork();
  const trainer = new Trainer({
    network,
    optimizer: optimizerFrom(optimizer),
    runtime,
    seed: 1,
    weights: initialWeights(network.parameters, 1),
  });
  const pixels = samplePixels(BATCH);
  const targets = new Float32Array(BATCH * CLASSES);
  for (let i = 0; i < BATCH; i++) targets[i * CLASSES + (i % CLASSES)] = 1;
  let step = 0;
  try {
    return await measure(() => trainer.step(pixels, targets, step++, 0.001), {
      clock,
      warmUp: 20,
      runs: 100,
    });
  } finally {
    await trainer.dispose();
  }
}

/**
 * The least time a step could take at the machine's measured rates, arithmetic and weight traffic not overlapped.
 *
 * Arithmetic: forward, and backward to weights and inputs (but not to the pixels), two operations a multiply-add.
 * Traffic: weights are read forward and backward, gradients are written, and the update reads both and writes
 * weights (SGD); Adam reads and writes two slots more.
 */
export function seedStepFloor(optimizer: 'SGD' | 'Adam', matrixGflops: number, memoryGBs: number): number {
  const network = seedNetwork();
  const multiplyAdds = network.rows.map((row) => row.multiplyAdds);
  const total = multiplyAdds.reduce((sum, value) => sum + value, 0);
  const operations = 2 * BATCH * (3 * total - multiplyAdds[0]);
  const bytes = 4 * network.rows.reduce((sum, row) => sum + row.parameters, 0);
  const passes = optimizer === 'SGD' ? 6 : 10;
  return operations / matrixGflops / 1e6 + (passes * bytes) / memoryGBs / 1e6;
}

/** The least milliseconds that inference could take: forward arithmetic, and every weight read once. */
export function seedInferenceFloor(images: number, matrixGflops: number, memoryGBs: number): number {
  const { rows } = seedNetwork();
  const operations = 2 * images * rows.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0);
  const bytes = 4 * rows.reduce((sum, { parameters }) => sum + parameters, 0);
  return operations / matrixGflops / 1e6 + bytes / memoryGBs / 1e6;
}

/** Images a second through the finished model, uint8 pixels to probabilities. */
export async function seedInference(
  runtime: Runtime,
  clock: Clock,
): Promise<{ batch1: number; batch64: number }> {
  const classifier = await Classifier.load(runtime, seedModel());
  const rate = async (count: number, runs: number): Promise<number> => {
    const pixels = samplePixels(count);
    const { median } = await measure(() => classifier.predict(pixels), { clock, warmUp: 20, runs });
    return (count / median) * 1000;
  };
  try {
    return { batch1: await rate(1, 300), batch64: await rate(64, 60) };
  } finally {
    await classifier.dispose();
  }
}
