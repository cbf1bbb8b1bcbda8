import { exportModel, initialWeights, type LayerRow, type Network } from '../models/index.ts';
import type { Model } from '../onnx/index.ts';
import { optimizerFrom, settledIn } from '../optimizers/index.ts';
import { networkOf, type Recipe } from '../recipes/index.ts';
import type { Runtime } from '../runtime/index.ts';
import { Trainer } from '../training/index.ts';
import { type Clock, type Measured, measure } from './measure.ts';

/** CIFAR-10's, so that recipes compare. */
const [SIDE, CLASSES, IMAGES] = [32, 10, 50_000];

/** What a recipe's training costs on images of CIFAR-10's size. */
export interface RecipeSpeed {
  readonly batch: number;
  readonly stepMs: Measured;
  readonly imagesPerSecond: number;
  /** Multiply-adds of layers, forward and both ways back, at two operations each. */
  readonly gflops: number;
  readonly secondsPerEpoch: number;
  /** To the end of the recipe's epochs, validation and evaluating not counted. */
  readonly minutes: number;
  /** Later steps, where some learning rates have come to their end at 0 and their gradients are spared. */
  readonly laterSteps: readonly LaterSteps[];
}

/** Steps from some place of a run on. */
export interface LaterSteps {
  /** The part of the run that lies before them. */
  readonly from: number;
  readonly stepMs: Measured;
}

/** Something that takes training steps of a recipe on made-up images. */
export interface RecipeSteps {
  /** Names of layers with their types. */
  readonly layers: ReadonlyMap<string, string>;
  readonly multiplyAdds: number;
  step(): Promise<unknown>;
  /** As `Trainer.settle`. */
  settle(groups: readonly number[]): Promise<boolean>;
  dispose(): Promise<void>;
}

function sampleNetwork(recipe: Recipe): Network {
  const normalization = { mean: [125, 123, 114], deviation: [63, 62, 67] } as const;
  return networkOf(recipe, { inputShape: [SIDE, SIDE, 3], classes: CLASSES, normalization });
}

/** The layers of a recipe's network for images of CIFAR-10's size. */
export function recipeRows(recipe: Recipe): readonly LayerRow[] {
  return sampleNetwork(recipe).rows;
}

/** The finished model of a recipe, one view of each image, as it is before training. */
export function recipeModel(recipe: Recipe): Model {
  const network = sampleNetwork(recipe);
  return exportModel(network, initialWeights(network.parameters, 1));
}

/** Prepares training steps of a recipe, whole batches and updates included. */
export function recipeSteps(recipe: Recipe, runtime: Runtime): RecipeSteps {
  const network = sampleNetwork(recipe);
  const trainer = new Trainer({
    network,
    optimizer: optimizerFrom({ ...recipe.optimizer }),
    loss: recipe.loss,
    runtime,
    microBatch: recipe.microBatch,
    averageMomentum: recipe.averageMomentum,
    seed: 1,
    weights: initialWeights(network.parameters, 1),
  });
  const { batchSize } = recipe;
  const pixels = Uint8Array.from({ length: batchSize * SIDE * SIDE * 3 }, (_, i) => (i * 7919) % 256);
  const targets = new Float32Array(batchSize * CLASSES);
  for (let i = 0; i < batchSize; i++) targets[i * CLASSES + (i % CLASSES)] = 1;
  let step = 0;
  return {
    layers: new Map(network.rows.map(({ name, type }) => [name, type])),
    multiplyAdds: network.rows.reduce((total, row) => total + row.multiplyAdds, 0),
    // A rate at which nothing moves: speed does not depend on it, and the loss stays a number.
    step: () => trainer.step(pixels, targets, step++, 1e-9),
    settle: (groups) => trainer.settle(groups),
    dispose: () => trainer.dispose(),
  };
}

/** Times whole training steps of a recipe. */
export async function recipeSpeed(
  recipe: Recipe,
  runtime: Runtime,
  clock: Clock,
  { runs = 5 } = {},
): Promise<RecipeSpeed> {
  const steps = recipeSteps(recipe, runtime);
  try {
    const stepMs = await measure(steps.step, { clock, warmUp: 1, runs });
    const laterSteps: LaterSteps[] = [];
    const stepsPerEpoch = Math.ceil(IMAGES / recipe.batchSize);
    const run = { steps: recipe.epochs * stepsPerEpoch, stepsPerEpoch };
    for (const { from, groups } of settledIn(optimizerFrom({ ...recipe.optimizer }), run)) {
      if (!(await steps.settle(groups))) continue;
      const later = await measure(steps.step, { clock, warmUp: 1, runs });
      laterSteps.push({ from: from / run.steps, stepMs: later });
    }
    const phases = [{ from: 0, stepMs }, ...laterSteps];
    const meanMs = phases.reduce(
      (sum, phase, i) => sum + ((phases[i + 1]?.from ?? 1) - phase.from) * phase.stepMs.median,
      0,
    );
    const imagesPerSecond = (1000 * recipe.batchSize) / stepMs.median;
    const secondsPerEpoch = IMAGES / imagesPerSecond;
    return {
      batch: recipe.batchSize,
      stepMs,
      imagesPerSecond,
      gflops: (6 * steps.multiplyAdds * imagesPerSecond) / 1e9,
      secondsPerEpoch,
      minutes: (recipe.epochs * secondsPerEpoch * (meanMs / stepMs.median)) / 60,
      laterSteps,
    };
  } finally {
    await steps.dispose();
  }
}
