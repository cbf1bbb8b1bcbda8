import { describe, expect, it } from 'vitest';
import { random } from '../data/random.ts';
import { rarestTags } from '../data/tags.ts';
import {
  bestThresholds,
  evaluatePredictions,
  evaluationText,
  fitTemperature,
  headline,
  mostConfidentLabelMistakes,
  type Predictions,
  predictionsToCsv,
  withTemperature,
} from './index.ts';

const TAGS = [[1, 0, 1], [1, 1, 0], [0, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]]; // biome-ignore format: a table
const PROBABILITIES = [
  [0.9, 0.2, 0.6], [0.7, 0.6, 0.1], [0.4, 0.3, 0.2], [0.6, 0.4, 0.1], [0.3, 0.1, 0.4], [0.2, 0.7, 0.8],
]; // biome-ignore format: a table
const tags = Uint8Array.from(TAGS.flat());
const predictions: Predictions = {
  probabilities: Float32Array.from(PROBABILITIES.flat()),
  labels: rarestTags(tags, 3),
  tags,
  classNames: ['animal', 'flies', 'hooves'],
};

describe('the evaluation of images with any number of labels', () => {
  // scikit-learn 1.9.1: average_precision_score, precision_recall_fscore_support, hamming_loss, accuracy_score, log_loss.
  it('has scikit-learn’s values', () => {
    const { multiLabel, macro, accuracy, correct, loss, matrix, confusions } =
      evaluatePredictions(predictions);
    const { labels, meanAveragePrecision, micro, hammingLoss } = multiLabel!;
    const each = (values: readonly (number | undefined)[], expected: number[]) => {
      values.forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i], 6);
      });
    };
    each(
      labels.map(({ averagePrecision }) => averagePrecision),
      [0.86666667, 0.58333333, 1],
    );
    for (const score of ['precision', 'recall', 'f1'] as const) {
      each(
        labels.map((row) => row[score]),
        [0.66666667, 0.5, 1],
      );
    }
    each(
      [meanAveragePrecision, micro.f1, macro.f1, hammingLoss, accuracy, loss],
      [0.81666667, 0.71428571, 0.72222222, 0.22222222, 0.5, 1.3851993],
    );
    expect(labels.map(({ support }) => support)).toEqual([3, 2, 2]);
    expect([correct, matrix, confusions]).toEqual([3, [], []]);
  });

  it('gives a label from its own threshold on', () => {
    const thresholds = [0.25, 0.25, 0.5];
    const { multiLabel } = evaluatePredictions({ ...predictions, thresholds });
    expect(multiLabel!.labels.map(({ recall, threshold }) => [recall, threshold])).toEqual([
      [1, 0.25],
      [1, 0.25],
      [1, 0.5],
    ]);
  });

  it('chooses thresholds between two probabilities, with the highest F1 that there is', () => {
    const thresholds = bestThresholds(predictions);
    // 0.7 and 0.6; 0.4 and 0.3; 0.6 and 0.4.
    expect(thresholds.map((value) => Number(value.toFixed(4)))).toEqual([0.65, 0.35, 0.5]);
    const f1 = (given: readonly number[]) =>
      evaluatePredictions({ ...predictions, thresholds: given }).multiLabel!.labels.map((row) => row.f1);
    const best = f1(thresholds);
    for (let step = 0; step <= 100; step++) {
      f1([step / 100, step / 100, step / 100]).forEach((other, label) => {
        expect(other).toBeLessThanOrEqual(best[label]);
      });
    }
  });

  it('leaves a threshold at one half where no image has the label', () => {
    const none = { ...predictions, tags: tags.map((tag, i) => (i % 3 === 1 ? 0 : tag)) };
    expect(bestThresholds(none)[1]).toBe(0.5);
    const { multiLabel } = evaluatePredictions(none);
    expect(multiLabel!.labels[1].averagePrecision).toBeUndefined();
    expect(multiLabel!.meanAveragePrecision).toBeCloseTo((0.86666667 + 1) / 2, 6);
  });

  it('says it in words, and lists the surest mistakes and all labels', () => {
    const evaluation = evaluatePredictions(predictions);
    expect(headline(evaluation)).toContain(
      'mAP 81.67%, micro F1 71.43%; 3 of 6 right in every label: 50.00%',
    );
    const text = evaluationText(evaluation);
    expect(text).toContain('Hamming loss 0.2222.');
    expect(text).toMatch(/hooves +2 +100.00% +100.00% +100.00% +100.00% +0.500/);
    expect(text).toContain('Thresholds of 0.5: none were chosen on held-out images.');
    expect(mostConfidentLabelMistakes(predictions, 2)).toEqual([
      { index: 4, label: 0, has: true, probability: Math.fround(0.3) },
      { index: 5, label: 1, has: false, probability: Math.fround(0.7) },
    ]);
    // Where each fold decided by thresholds of its own, its decisions count.
    const given = Uint8Array.from(predictions.tags!, (tag, i) => (i === 4 ? 1 - tag : tag));
    expect(mostConfidentLabelMistakes({ ...predictions, given }, 2)).toMatchObject([{ index: 1, label: 1 }]);
    expect(predictionsToCsv(predictions, ['a.jpg']).split('\n').slice(0, 2)).toEqual([
      'image,file,labels,predicted_labels,probability of animal,probability of flies,probability of hooves',
      '0,a.jpg,animal;hooves,animal;hooves,0.9,0.2,0.6',
    ]);
  });
});

describe('the temperature of labels', () => {
  it('finds how much too sure a model is', () => {
    const stream = random(1, 'label-temperature');
    const logits = Float64Array.from({ length: 6000 }, () => 1.2 * stream.normal());
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const truth = Uint8Array.from(logits, (logit) => Number(stream.uniform() < sigmoid(logit)));
    const given = {
      probabilities: Float32Array.from(logits, (logit) => sigmoid(3 * logit)),
      labels: rarestTags(truth, 3),
      tags: truth,
      classNames: ['a', 'b', 'c'],
    };
    const fitted = fitTemperature(given) as { temperature: number };
    expect(fitted.temperature).toBeGreaterThan(2.7);
    expect(fitted.temperature).toBeLessThan(3.3);
    const cooled = withTemperature(given, 3).probabilities;
    cooled.forEach((probability, i) => {
      expect(probability).toBeCloseTo(sigmoid(logits[i]), 3);
    });
  });
});
