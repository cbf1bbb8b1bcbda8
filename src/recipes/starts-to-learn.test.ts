import { describe, expect, it } from 'vitest';
import { openBatches } from '../data/batches.ts';
import { memoryDataset } from '../data/memory.ts';
import { random } from '../data/random.ts';
import { learningRates, type OptimizerConfig, optimizerFrom } from '../optimizers/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { firstWeights } from '../training/fit.ts';
import { Trainer } from '../training/index.ts';
import { optimizerForBatch } from './few-images.ts';
import { deep, networkOf, normalizationOf, quick, type Recipe } from './index.ts';

const SIDE = 64;
const CLASSES = 10;
const BATCH = 32;

/** Faint stripes in noise, of another direction for each class. */
function stripes(count: number) {
  const stream = random(1, 'few');
  const labels = Array.from({ length: count }, (_, i) => i % CLASSES);
  const pixels = new Uint8Array(count * SIDE * SIDE * 3);
  labels.forEach((label, i) => {
    const angle = (Math.PI * label) / CLASSES;
    const phase = stream.uniform() * 6;
    for (let place = 0; place < SIDE * SIDE; place++) {
      const [x, y] = [place % SIDE, Math.floor(place / SIDE)];
      const wave = Math.sin((x * Math.cos(angle) + y * Math.sin(angle)) * 0.7 + phase);
      for (let channel = 0; channel < 3; channel++) {
        pixels[(i * SIDE * SIDE + place) * 3 + channel] = 128 + 25 * wave + stream.integer(50);
      }
    }
  });
  const imageShape = { height: SIDE, width: SIDE, channels: 3 };
  return memoryDataset({
    name: 'stripes',
    classNames: labels.slice(0, CLASSES).map((label) => `direction ${label}`),
    imageShape,
    labels,
    pixels,
  });
}

/** The losses of the first steps of a run of 100, and the offsets before the last activation. */
async function begin(recipe: Recipe, width: number, config: OptimizerConfig, steps: number) {
  const train = stripes(10 * BATCH);
  const network = networkOf(
    { ...recipe, options: { ...recipe.options, width } },
    { inputShape: [SIDE, SIDE, 3], classes: CLASSES, normalization: normalizationOf(train) },
  );
  const optimizer = optimizerFrom(config);
  const runtime = nodeRuntime({ threads: 1 });
  const weights = firstWeights(network, 1, train);
  const trainer = new Trainer({ network, optimizer, loss: recipe.loss, runtime, seed: 1, weights });
  const batches = openBatches({ dataset: train, batchSize: BATCH, seed: 1 });
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const { pixels, targets } = await batches.batch(Math.floor(step / 10), step % 10);
    const rates = learningRates(optimizer, step, { steps: 100 });
    losses.push((await trainer.step(pixels, targets, step, rates)).loss);
  }
  const offsets = [...(await trainer.read()).weights].filter(([name]) => name.endsWith('/beta'));
  await trainer.dispose();
  return { losses, offsets: [...offsets.at(-1)![1]] };
}

describe('on small batches', () => {
  it.each([
    { recipe: quick, width: 32 },
    { recipe: deep, width: 16 },
  ])('$recipe.name starts to learn', async ({ recipe, width }) => {
    const config = optimizerForBatch(recipe, recipe.optimizer, BATCH);
    const { losses, offsets } = await begin(recipe, width, config, 14);
    expect(Math.max(...losses)).toBeLessThan(1.2 * Math.log(CLASSES));
    expect(Math.min(...losses.slice(-3))).toBeLessThan(1.9);
    expect(offsets.some((offset) => offset > 0)).toBe(true);
  });

  it('the rates of the whole batch would end all learning: every offset falls below zero', async () => {
    const { losses, offsets } = await begin(quick, 32, quick.optimizer, 14);
    expect(losses[1]).toBeGreaterThan(1.5 * Math.log(CLASSES));
    expect(offsets.every((offset) => offset < 0)).toBe(true);
  });
});
