import { describe, expect, it } from 'vitest';
import { kerasCnn } from '../recipes/index.ts';
import {
  epochsIn,
  ranked,
  readVariation,
  renderSweep,
  rivals,
  rungsOf,
  scoreOf,
  trialsOf,
  trialsText,
} from './index.ts';

const vary = (...texts: string[]) => texts.map((text) => readVariation(kerasCnn, text));

describe('trialsOf', () => {
  it('takes every combination of lists, in order', () => {
    expect(trialsOf(vary('activation=relu,tanh', 'units=8,16'), undefined, 1)).toEqual([
      { activation: 'relu', units: 8 },
      { activation: 'relu', units: 16 },
      { activation: 'tanh', units: 8 },
      { activation: 'tanh', units: 16 },
    ]);
  });

  it('takes some of them by chance, the same for the same seed', () => {
    const some = trialsOf(vary('activation=relu,tanh,elu', 'units=8,16,32'), 4, 7);
    expect(new Set(some.map((each) => JSON.stringify(each))).size).toBe(4);
    expect(trialsOf(vary('activation=relu,tanh,elu', 'units=8,16,32'), 4, 7)).toEqual(some);
    expect(trialsOf(vary('activation=relu,tanh,elu', 'units=8,16,32'), 4, 8)).not.toEqual(some);
  });

  it('fills a logarithmic range without gaps: a third of the trials in each of its decades', () => {
    const rates = trialsOf(vary('learningRate=log:1e-4..1e-1'), 30, 3).map(({ learningRate }) =>
      Number(learningRate),
    );
    for (const from of [1e-4, 1e-3, 1e-2]) {
      const count = rates.filter((rate) => rate >= from && rate < 10 * from).length;
      expect(count).toBeGreaterThanOrEqual(9);
      expect(count).toBeLessThanOrEqual(11);
    }
  });

  it('keeps whole numbers whole, both ends included, and no two trials equal', () => {
    const trials = trialsOf(vary('filters=int:3..6'), 10, 1);
    expect(trials.map(({ filters }) => filters).sort()).toEqual([3, 4, 5, 6]);
  });
});

describe('readVariation', () => {
  it.each<[string, RegExp]>([
    ['activations=relu', /unknown setting of keras-cnn "activations"\. Did you mean "activation"\?/],
    ['activation', /this varies nothing: expected name=value,value/],
    ['units=8,many', /units cannot have this value: expected a number, received "many"/],
    ['units=8,16,8', /one value is given twice/],
    ['learningRate=log:1e-1..1e-4', /--vary learningRate: this range is empty: expected the lower end first/],
    ['learningRate=log:0..1', /a logarithm needs numbers above 0/],
    ['learningRate=log:1e-4', /this is not a range: expected two numbers, such as 1e-4\.\.1e-1/],
    ['activation=lin:relu..tanh', /only numbers have ranges: expected a list, such as relu,…/],
    ['dropout=lim:0..1', /unknown kind of range "lim"\. Did you mean "lin"\?/],
    ['filters=int:1.5..3', /the ends of a range of whole numbers/],
    ['epochs=3,4', /epochs cannot vary: trials are compared after equal numbers of epochs/],
  ])('refuses %s', (text, message) => {
    expect(() => readVariation(kerasCnn, text)).toThrow(message);
  });

  it('refuses one setting twice', () => {
    expect(() => trialsOf(vary('units=3,4', 'units=5'), undefined, 1)).toThrow('units varies twice');
  });
});

describe('rungsOf', () => {
  it('halves after 1/2, 1/4, … of the epochs, and leaves two to the end', () => {
    expect(rungsOf(20, 30, true)).toEqual([
      { epochs: 2, trials: 20 },
      { epochs: 4, trials: 10 },
      { epochs: 8, trials: 5 },
      { epochs: 15, trials: 3 },
      { epochs: 30, trials: 2 },
    ]);
    expect(rungsOf(5, 5, true).map(({ epochs, trials }) => [epochs, trials])).toEqual([
      [2, 5],
      [3, 3],
      [5, 2],
    ]);
  });

  it('costs what it says', () => {
    expect(epochsIn(rungsOf(5, 5, true))).toBe(5 * 2 + 3 * 1 + 2 * 2);
    expect(epochsIn(rungsOf(5, 5, false))).toBe(25);
  });

  it.each([
    [1, 5],
    [2, 5],
    [9, 1],
  ])('never asks the impossible of %i trials of %i epochs', (trials, epochs) => {
    const rungs = rungsOf(trials, epochs, true);
    expect(rungs.at(-1)?.epochs).toBe(epochs);
    expect(rungs[0].trials).toBe(trials);
    expect(rungs.map((rung) => rung.epochs)).toEqual(
      [...new Set(rungs.map((rung) => rung.epochs))].sort((a, b) => a - b),
    );
  });
});

it('scores a training by the epoch of the lowest validation loss, up to the epoch asked about', () => {
  const history = [0.9, 0.7, 0.8, 0.6].map((validationLoss, i) => ({
    epoch: i + 1,
    loss: 1,
    accuracy: 0.5,
    validationLoss,
    validationAccuracy: 0.6 + i / 100,
  }));
  expect(scoreOf(history)).toEqual({ epoch: 4, accuracy: 0.63, loss: 0.6 });
  expect(scoreOf(history, { upTo: 3 })?.epoch).toBe(2);
  expect(scoreOf(history, { upTo: 3, keepBest: false })?.epoch).toBe(3);
  expect(scoreOf([{ epoch: 1, loss: 1, accuracy: 0.5 }])).toBeUndefined();
  expect(scoreOf(history, { byLoss: true })).toEqual({ epoch: 4, accuracy: 0.63, loss: 0.6, byLoss: true });
});

it('ranks trials of several labels by the loss: few images are right in all before thresholds are chosen', () => {
  const trial = (number: number, accuracy: number, loss: number, byLoss?: true) => ({
    number,
    settings: { units: number },
    state: 'finished' as const,
    epochs: 1,
    score: { epoch: 1, accuracy, loss, ...(byLoss && { byLoss }) },
    seconds: 1,
    folder: `trial-${number}`,
  });
  const ofClasses = [trial(1, 0.02, 0.3), trial(2, 0.01, 0.1)];
  const ofLabels = [trial(1, 0.02, 0.3, true), trial(2, 0.01, 0.1, true)];
  expect(ranked(ofClasses).map(({ number }) => number)).toEqual([1, 2]);
  expect(ranked(ofLabels).map(({ number }) => number)).toEqual([2, 1]);
  expect([rivals(ofClasses, 100).length, rivals(ofLabels, 100).length]).toEqual([1, 0]);
  expect(
    trialsText(ofLabels, 100)
      .split('\n')
      .map((line) => line.trim()),
  ).toEqual([
    'units  validation loss  epochs   time',
    '2               0.1000       1  1.0 s',
    '1               0.3000       1  1.0 s',
  ]);
});

describe('renderSweep', () => {
  it('draws trials that are all right about everything', () => {
    const variations = vary('activation=relu,tanh', 'units=8,16');
    const trials = trialsOf(variations, undefined, 1).map((settings, i) => ({
      number: i + 1,
      settings,
      state: 'finished' as const,
      epochs: 1,
      score: { epoch: 1, accuracy: 1, loss: 0.1 },
      seconds: 1,
      folder: `trial-${i + 1}`,
    }));
    expect(renderSweep({ title: 'x', variations, trials, images: 10 })).not.toContain('NaN');
  });
});
