/** Trains the seed's network, and writes what memory the process takes as it goes (JSON lines on stdout). */
import { random } from '../../src/data/random.ts';
import { initialWeights } from '../../src/models/index.ts';
import { SGD } from '../../src/optimizers/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { networkOf, recipeNamed } from '../../src/recipes/index.ts';
import { Trainer } from '../../src/training/index.ts';

const BATCH = 32;
const [steps, every] = process.argv.slice(2).map(Number);
const recipe = recipeNamed('keras-cnn');
/** A narrower hidden layer: steps take less time, and what stayed of each would be a larger part of the whole. */
const options = { ...recipe.options, units: 128 };
const network = networkOf({ ...recipe, options }, { inputShape: [32, 32, 3], classes: 10 });
const trainer = new Trainer({
  network,
  optimizer: new SGD(),
  runtime: nodeRuntime({ threads: 1 }),
  seed: 1,
  weights: initialWeights(network.parameters, 1),
});
const stream = random(1, 'test/memory');
const images = Uint8Array.from({ length: 8 * BATCH * 3072 }, () => stream.integer(256));

for (let step = 1; step <= steps; step++) {
  // A fresh batch, as `fit` gathers it.
  const start = (step % 8) * BATCH * 3072;
  const pixels = images.slice(start, start + BATCH * 3072);
  const targets = new Float32Array(BATCH * 10);
  for (let i = 0; i < BATCH; i++) targets[i * 10 + (i % 10)] = 1;
  await trainer.step(pixels, targets, step - 1, 0.001);
  if (step % every === 0) {
    const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
    process.stdout.write(`${JSON.stringify({ step, rss, heapUsed, arrayBuffers })}\n`);
  }
}
await trainer.dispose();
