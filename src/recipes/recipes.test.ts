import { describe, expect, it } from 'vitest';
import { HarrierError } from '../errors.ts';
import { optimizerFrom } from '../optimizers/index.ts';
import { networkOf, RECIPES, recipeNamed } from './index.ts';

describe.each(Object.entries(RECIPES))('recipe %s', (name, recipe) => {
  it('is complete', () => {
    expect(recipe.name).toBe(name);
    expect(recipe.description).toMatch(/^[A-Z].*\.$/);
    expect(recipe.target.accuracy).toBeGreaterThan(0);
    expect(recipe.target.accuracy).toBeLessThan(1);
    expect(recipe.epochs).toBeGreaterThan(0);
    expect(recipe.batchSize).toBeGreaterThan(0);
    expect(recipe.validationSplit).toBeGreaterThanOrEqual(0);
    expect(recipe.validationSplit).toBeLessThan(1);
    expect(
      optimizerFrom(recipe.optimizer).learningRate.at(0, { steps: 100, stepsPerEpoch: 10 }),
    ).toBeGreaterThan(0);
  });

  it.each([
    [[32, 32, 3], 10],
    [[64, 48, 3], 2],
    [[33, 35, 3], 101],
  ] as const)('fits images of %j and %d classes', (inputShape, classes) => {
    const network = networkOf(recipe, { inputShape, classes });
    expect(network.name).toBe(name);
    expect(network.inputShape).toEqual(inputShape);
    expect(network.outputSize).toBe(classes);
  });

  it('makes new layers every time', () => {
    const input = { inputShape: [32, 32, 3], classes: 10 } as const;
    const [one, other] = [networkOf(recipe, input), networkOf(recipe, input)];
    expect(one.layers[0].layer).not.toBe(other.layers[0].layer);
  });
});

describe('recipeNamed', () => {
  it('finds a recipe', () => {
    expect(recipeNamed('keras-cnn')).toBe(RECIPES['keras-cnn']);
  });

  it.each([
    ['keras-cn', 'unknown recipe "keras-cn". Did you mean "keras-cnn"? There are: keras-cnn'],
    ['resnet', 'unknown recipe "resnet". There are: keras-cnn'],
    ['toString', 'unknown recipe "toString"'],
  ])('refuses %s', (name, message) => {
    expect(() => recipeNamed(name)).toThrow(HarrierError);
    expect(() => recipeNamed(name)).toThrow(message);
  });

  it("reports images that are too small for a recipe's layers", () => {
    expect(() => networkOf(recipeNamed('keras-cnn'), { inputShape: [1, 1, 3], classes: 2 })).toThrow(
      'keras-cnn, layer "max_pooling2d" (MaxPooling2D) on (1, 1, 32): ',
    );
  });

  it('names the options that a layer cannot be made with', () => {
    const record = { ...RECIPES.record, options: { width: 64, growth: 0 } };
    expect(() => networkOf(record, { inputShape: [32, 32, 3], classes: 10 })).toThrow(
      'received 0. The layers of record were made with width=64, growth=0.',
    );
  });
});
