/** Training steps: the same in a page and, imported, in Node. */

import { random } from '../../../src/data/random.ts';
import {
  BatchNormalization,
  Conv2D,
  Dense,
  Dropout,
  Flatten,
  MaxPooling2D,
} from '../../../src/layers/index.ts';
import { initialWeights, Network, type Weights } from '../../../src/models/index.ts';
import { type OptimizerConfig, optimizerFrom } from '../../../src/optimizers/index.ts';
import { type WebRuntimeOptions, webRuntime } from '../../../src/platform/web/index.ts';
import { networkOf, record } from '../../../src/recipes/index.ts';
import type { Runtime } from '../../../src/runtime/index.ts';
import { Trainer } from '../../../src/training/index.ts';
import { batchOf, images } from '../../training/problem.ts';

const SIDE = 16;
const CLASSES = 3;
const BATCH = 12;

interface Case {
  network(): Network;
  readonly rate: number;
  readonly optimizer: OptimizerConfig;
  readonly averageMomentum?: number;
}

const own = (optimizer: OptimizerConfig, rate: number): Case => ({
  optimizer,
  rate,
  averageMomentum: 0.9,
  network: () =>
    new Network({
      inputShape: [SIDE, SIDE, 3],
      layers: [
        new Conv2D({ filters: 6, kernelSize: 3, padding: 'same', activation: 'relu' }),
        new MaxPooling2D(),
        new BatchNormalization(),
        new Conv2D({ filters: 8, kernelSize: 3, strides: 2, padding: 'same', activation: 'gelu' }),
        new Flatten(),
        new Dropout({ rate: 0.3 }),
        new Dense({ units: CLASSES, activation: 'softmax' }),
      ],
    }),
});

const ofRecipe = (recipe: typeof record, rate: number): Case => ({
  rate,
  optimizer: recipe.optimizer,
  averageMomentum: recipe.averageMomentum,
  network: () =>
    networkOf(
      { ...recipe, options: { ...recipe.options, width: 8 } },
      {
        inputShape: [SIDE, SIDE, 3],
        classes: CLASSES,
        normalization: { mean: [125, 123, 114], deviation: [63, 62, 67] },
      },
    ),
});

const oneLayer = (): Network =>
  new Network({
    inputShape: [SIDE, SIDE, 3],
    layers: [new Flatten(), new Dense({ units: CLASSES, activation: 'softmax' })],
  });

const adamW: OptimizerConfig = { name: 'AdamW', weightDecay: 0.01, epsilon: 1e-3 };

export const cases: Readonly<Record<string, Case>> = {
  'SGD with momentum, clipped': own({ name: 'SGD', momentum: 0.9, clipNorm: 1 }, 0.02),
  AdamW: own(adamW, 0.003),
  /** Soon prepared. */
  'one layer': { optimizer: { name: 'SGD', momentum: 0.9 }, rate: 0.02, network: oneLayer },
  'one layer, AdamW': { optimizer: adamW, rate: 0.003, averageMomentum: 0.9, network: oneLayer },
  'record, narrow': ofRecipe(record, 0.02),
};

export interface Trajectory {
  readonly losses: number[];
  readonly weights: Record<string, Float32Array>;
}

/** Some steps from the same beginning, and where they lead. */
export async function trajectory(runtime: Runtime, name: string, steps: number): Promise<Trajectory> {
  const trainer = newTrainer(runtime, name);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) losses.push(await oneStep(trainer, name, step));
  const { weights } = await trainer.read();
  await trainer.dispose();
  return { losses, weights: Object.fromEntries(weights) };
}

function newTrainer(runtime: Runtime, name: string): Trainer {
  const { network: build, optimizer, averageMomentum } = cases[name];
  const network = build();
  return new Trainer({
    network,
    optimizer: optimizerFrom({ ...optimizer }),
    averageMomentum,
    runtime,
    seed: 1,
    weights: firstWeights(network),
  });
}

/** Recipes begin with kernels of zeros that learn nothing from images that they have not measured. */
function firstWeights(network: Network): Weights {
  return new Map(
    Array.from(initialWeights(network.parameters, 1), ([name, values]) => {
      if (!name.endsWith('/kernel') || values.some((value) => value !== 0)) return [name, values];
      const stream = random(1, `test/${name}`);
      return [name, values.map(() => 0.2 * stream.normal())];
    }),
  );
}

async function oneStep(trainer: Trainer, name: string, step: number): Promise<number> {
  const indices = Array.from({ length: BATCH }, (_, i) => (step * BATCH + i) % 48);
  const { pixels, targets } = batchOf(images(48, SIDE, SIDE), indices);
  return (await trainer.step(pixels, targets, step, cases[name].rate)).loss;
}

/** The same in this page. */
export async function trainHere(
  options: WebRuntimeOptions,
  name: string,
  steps: number,
): Promise<Trajectory> {
  return trajectory(await webRuntime(options), name, steps);
}

/**
 * Trains on WebGPU, keeps the weights after some steps, loses the device, and goes on from what was kept on
 * WebAssembly.
 */
export async function loseTheDevice(name: string, before: number, steps: number) {
  const devices: GPUDevice[] = [];
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    const device = await requestDevice.call(this, descriptor);
    devices.push(device);
    return device;
  };
  const trainer = newTrainer(await webRuntime({ backend: 'webgpu' }), name);
  const losses: number[] = [];
  for (let step = 0; step < before; step++) losses.push(await oneStep(trainer, name, step));
  const saved = await trainer.read();
  losses.push(await oneStep(trainer, name, before));
  const codes: string[] = [];
  const refusal = (error: { code?: string }) => void codes.push(error.code ?? String(error));
  const underWay = oneStep(trainer, name, before + 1).then(() => void codes.push('done'), refusal);
  devices[0].destroy();
  await underWay;
  await oneStep(trainer, name, before + 1).catch(refusal);
  await trainer.read().catch(refusal);
  await trainer.dispose().catch(refusal);

  const next = newTrainer(await webRuntime({ backend: 'wasm', threads: 1 }), name);
  next.write(saved);
  losses.length = before;
  for (let step = before; step < steps; step++) losses.push(await oneStep(next, name, step));
  await next.dispose();
  await webRuntime({ backend: 'webgpu' }).catch(refusal);
  return { codes, losses };
}
