import { expect, it } from 'vitest';
import { images } from '../../test/training/problem.ts';
import { highestRate, optimizerFrom } from '../optimizers/index.ts';
import { quick, type Recipe, record, withSettings } from '../recipes/index.ts';
import { planRun } from './plan-run.ts';
import type { RunOptions } from './run-record.ts';

const few = { train: images(96, 32, 32) };

function wanted({ name, epochs, batchSize, optimizer, options, ...rest }: Recipe): RunOptions {
  return {
    recipe: name,
    recipeOptions: options,
    data: 'images',
    epochs,
    batchSize,
    seed: 1,
    threads: 1,
    optimizer: optimizerFrom(optimizer).config,
    loss: rest.loss ?? {},
    microBatch: rest.microBatch,
    augmentation: rest.augmentation,
    validationSplit: 0,
    skipBad: false,
  };
}

function rates({ optimizer }: Pick<ReturnType<typeof planRun>, 'optimizer'>): number[] {
  const all = [optimizer, ...optimizer.groups.map((group) => group.optimizer)];
  return all.map(({ learningRate }) => highestRate(learningRate));
}

it.each([quick, record])('gives $name small batches of few images, and SGD the rates for these', (recipe) => {
  const plan = planRun(wanted(recipe), few, { recipe });
  const factor = Math.sqrt(plan.options.batchSize / 1024);
  expect(plan.options.batchSize).toBeLessThan(100);
  const [muon, bias, beta, dense] = rates(plan);
  expect(muon).toBe(0.24);
  expect([bias, beta, dense].map((rate) => rate / factor)).toEqual([
    expect.closeTo(106, 9),
    expect.closeTo(106, 9),
    expect.closeTo(0.02, 12),
  ]);
  // What the record of the run keeps is what trains it.
  expect(plan.optimizer.config).toEqual(optimizerFrom(plan.options.optimizer).config);
});

it('leaves the rates of a resumed run as its record has them', () => {
  const options = { ...wanted(quick), batchSize: 32, epochs: 34 };
  const { network } = planRun(options, few, { recipe: quick, chosen: ['batchSize', 'epochs'] });
  const resumed = planRun(options, few, { stored: network.config() });
  expect(resumed.options.optimizer).toBe(options.optimizer);
  expect(rates(resumed)).toEqual([0.24, 106, 106, 0.02, 0.001]);
});

it('follows a batch that somebody chose, and keeps a learning rate that somebody chose', () => {
  const small = { ...wanted(quick), batchSize: 20 };
  const plan = planRun(small, few, { recipe: quick, chosen: ['batchSize', 'learningRate'] });
  expect(plan.options.batchSize).toBe(20);
  const factor = Math.sqrt(20 / 1024);
  expect(rates(plan)).toEqual([
    0.24,
    expect.closeTo(106 * factor, 9),
    expect.closeTo(106 * factor, 9),
    expect.closeTo(0.02 * factor, 12),
    0.001,
  ]);
});

it('changes the size of images after the same part of a run of another length', () => {
  const resolution = [
    { fromEpoch: 1, size: 24 },
    { fromEpoch: 5, size: 32 },
  ];
  const recipe = { ...quick, epochs: 8, resolution };
  const { epochs, ...plan } = planRun({ ...wanted(recipe), resolution }, few, { recipe }).options;
  expect(epochs).toBeGreaterThan(16);
  expect(plan.resolution).toEqual([resolution[0], { fromEpoch: 1 + Math.floor(epochs / 2), size: 32 }]);
  // Epochs that were named with --resolution stay.
  const named = planRun({ ...wanted(recipe), resolution: [...resolution] }, few, { recipe });
  expect(named.options.resolution).toEqual(resolution);
  expect(withSettings(recipe, { epochs: 4 }).resolution).toEqual([resolution[0], { fromEpoch: 3, size: 32 }]);
});
