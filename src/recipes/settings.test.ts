import { describe, expect, it } from 'vitest';
import type { Dense } from '../layers/index.ts';
import {
  checkRecipe,
  kerasCnn,
  networkOf,
  type Recipe,
  readSettings,
  settingsOf,
  withSettings,
} from './index.ts';

const scheduled: Recipe = {
  ...kerasCnn,
  name: 'scheduled',
  optimizer: {
    name: 'SGD',
    momentum: 0.9,
    learningRate: {
      name: 'linearWarmup',
      warmupSteps: 10,
      schedule: { name: 'polynomialDecay', initialLearningRate: 0.4, endLearningRate: 0.04 },
    },
  },
};

describe('settings', () => {
  it('are those of the network, of all recipes, and of the optimizer', () => {
    expect(settingsOf(kerasCnn)).toEqual({
      activation: 'relu',
      filters: 32,
      units: 512,
      dropout: 0.3,
      epochs: 30,
      batchSize: 32,
      validationSplit: 0,
      labelSmoothing: 0,
      optimizer: 'SGD',
      learningRate: 0.01,
      momentum: 0,
      nesterov: false,
      weightDecay: 0,
    });
    expect(settingsOf(scheduled).learningRate).toBe(0.4);
  });

  it('change what the network is built with', () => {
    const recipe = withSettings(kerasCnn, { units: 64, activation: 'tanh' });
    const { layers } = networkOf(recipe, { inputShape: [32, 32, 3], classes: 10 });
    expect((layers[3].layer as Dense).options).toMatchObject({ units: 64, activation: 'tanh' });
    expect(settingsOf(kerasCnn).units).toBe(512);
  });

  it('change length, loss and optimizer; options that need each other come in any order', () => {
    const set = {
      nesterov: true,
      momentum: 0.9,
      epochs: 3,
      labelSmoothing: 0.1,
      weightDecay: 1e-4,
      clipNorm: 1,
    };
    const recipe = withSettings(kerasCnn, set);
    expect(recipe).toMatchObject({ epochs: 3, loss: { labelSmoothing: 0.1 } });
    expect(recipe.optimizer).toMatchObject({ name: 'SGD', learningRate: 0.01, nesterov: true, clipNorm: 1 });
  });

  it('may be off until they are given', () => {
    expect(settingsOf(kerasCnn)).not.toHaveProperty('microBatch');
    const recipe = withSettings(kerasCnn, readSettings(kerasCnn, ['microBatch=8', 'averageMomentum=0.99']));
    expect(recipe).toMatchObject({ microBatch: 8, averageMomentum: 0.99 });
    expect(settingsOf(recipe)).toMatchObject({ microBatch: 8, averageMomentum: 0.99 });
  });

  it('scale a schedule as a whole', () => {
    expect(withSettings(scheduled, { learningRate: 0.2 }).optimizer.learningRate).toMatchObject({
      name: 'linearWarmup',
      warmupSteps: 10,
      schedule: { name: 'polynomialDecay', initialLearningRate: 0.2, endLearningRate: 0.02 },
    });
  });

  it('scale where a schedule ends also where the recipe leaves that to it', () => {
    const learningRate = { name: 'polynomialDecay', initialLearningRate: 0.1 };
    const recipe = { ...kerasCnn, optimizer: { name: 'SGD', learningRate } };
    expect(withSettings(recipe, { learningRate: 1e-5 }).optimizer.learningRate).toMatchObject({
      initialLearningRate: 1e-5,
      endLearningRate: 1e-8,
    });
  });

  it("scale Muon's rate for vectors, and rates that a group leaves to its optimizer", () => {
    const groups = [{ parameters: 'dense/*', optimizer: 'Adam' }];
    const muon = { ...kerasCnn, optimizer: { name: 'Muon', groups } };
    expect(withSettings(muon, { learningRate: 0.04 }).optimizer).toMatchObject({
      learningRate: 0.04,
      vectorLearningRate: 0.002,
      groups: [{ parameters: 'dense/*', optimizer: { name: 'Adam', learningRate: 0.002 } }],
    });
  });

  it('scale the rates of groups of parameters in proportion', () => {
    const groups = [{ parameters: '*/bias', optimizer: { name: 'SGD', learningRate: 0.5 } }];
    const grouped = { ...kerasCnn, optimizer: { name: 'SGD', learningRate: 0.1, groups } };
    expect(withSettings(grouped, { learningRate: 0.2 }).optimizer).toMatchObject({
      learningRate: 0.2,
      groups: [{ parameters: '*/bias', optimizer: { learningRate: 1 } }],
    });
  });

  it('of an optimizer hold for groups of parameters that have them in common with it', () => {
    const groups = [
      { parameters: 'dense/*', optimizer: { name: 'AdamW', weightDecay: 0.01, learningRate: 0.1 } },
      { parameters: '*/kernel', optimizer: { name: 'AdamW', weightDecay: 0.5 } },
      { parameters: '*/bias', optimizer: 'SGD' },
    ];
    const grouped = { ...kerasCnn, optimizer: { name: 'AdamW', weightDecay: 0.01, groups } };
    const { optimizer } = withSettings(grouped, { weightDecay: 0.1, globalClipNorm: 1 });
    expect(optimizer).toEqual({
      name: 'AdamW',
      weightDecay: 0.1,
      globalClipNorm: 1,
      groups: [
        {
          parameters: 'dense/*',
          optimizer: { name: 'AdamW', weightDecay: 0.1, learningRate: 0.1, globalClipNorm: 1 },
        },
        { parameters: '*/kernel', optimizer: { name: 'AdamW', weightDecay: 0.5, globalClipNorm: 1 } },
        { parameters: '*/bias', optimizer: 'SGD' },
      ],
    });
  });

  it('of another optimizer start from its own defaults', () => {
    const settings = readSettings(kerasCnn, ['beta1=0.8', 'optimizer=adam']);
    expect(settingsOf(withSettings(kerasCnn, settings))).toMatchObject({
      optimizer: 'Adam',
      learningRate: 0.001,
      beta1: 0.8,
    });
  });

  it.each<[string, RegExp]>([
    [
      'filter=3',
      /unknown setting of keras-cnn "filter"\. Did you mean "filters"\? There are: activation, filters/,
    ],
    ['beta1=0.8', /unknown setting of keras-cnn "beta1"/],
    ['filters=many', /keras-cnn: filters cannot have this value: expected a number, received "many"/],
    ['nesterov=1', /nesterov cannot have this value: expected true or false/],
    ['epochs=2.5', /epochs cannot have this value: expected a whole number of at least 1, received 2\.5/],
    [
      'microBatch=0.5',
      /microBatch cannot have this value: expected a whole number of at least 1, received 0\.5/,
    ],
    ['validationSplit=1', /expected a number of at least 0 and below 1, received 1/],
    ['momentum=2', /SGD: momentum: expected a number from 0 to 1/],
    ['optimizer=adan', /unknown optimizer "adan"\. Did you mean "Adam"\?/],
    ['epochs', /--set: this is not a setting: expected name=value, such as epochs=5, received "epochs"/],
  ])('refuse %s', (text, message) => {
    expect(() => withSettings(kerasCnn, readSettings(kerasCnn, [text]))).toThrow(message);
  });
});

describe('checkRecipe', () => {
  it('takes every recipe', () => {
    expect(checkRecipe(scheduled, 'a test')).toBe(scheduled);
  });

  it.each<[string, unknown, RegExp]>([
    ['nothing', null, /a test: this is no recipe: .* received null/],
    [
      'no epochs',
      { ...kerasCnn, epochs: undefined },
      /the field "epochs" of this recipe does not fit: .* received nothing/,
    ],
    ['a batch size in words', { ...kerasCnn, batchSize: '32' }, /"batchSize".*received "32"/],
    [
      'layers that are a list',
      { ...kerasCnn, layers: [] },
      /"layers".*a function that returns the layers, or nothing, received \[\]/,
    ],
    ['parts of no image', { ...kerasCnn, microBatch: 0 }, /"microBatch".*at least 1, or nothing, received 0/],
    [
      'views that there are not',
      { ...kerasCnn, testTimeAugmentation: 'flipp' },
      /"testTimeAugmentation".*"flip-shift" or "adaptive", or nothing, received "flipp"/,
    ],
    [
      'a loss that is none',
      { ...kerasCnn, loss: { labelSmoothing: 2 } },
      /"loss\.labelSmoothing".*below 1, or nothing, received 2/,
    ],
    [
      'an optimizer that is none',
      { ...kerasCnn, optimizer: { name: 'SDG' } },
      /a test, optimizer: unknown optimizer "SDG"/,
    ],
    [
      'an option of a general name',
      { ...kerasCnn, options: { epochs: 3 } },
      /an option of a recipe cannot be named "epochs"/,
    ],
  ])('refuses %s', (_, value, message) => {
    expect(() => checkRecipe(value, 'a test')).toThrow(message);
  });
});
