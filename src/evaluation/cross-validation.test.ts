import { expect, it } from 'vitest';
import { crossValidationResult, crossValidationText, groupedInterval } from './cross-validation.ts';
import { wilsonInterval } from './wilson.ts';

const fold = (right: readonly boolean[]) => ({
  probabilities: Float32Array.from(right.flatMap((each) => (each ? [0.9, 0.1] : [0.2, 0.8]))),
  labels: right.map(() => 0),
  classNames: ['ant', 'bee'],
});

it('pools the images of all folds, and gives the spread of the folds', () => {
  const result = crossValidationResult([fold([true, true, true, false]), fold([true, false])]);
  expect(result).toMatchObject({ folds: 2, correct: 4, total: 6, perFold: { accuracies: [0.75, 0.5] } });
  expect(result.interval95).toEqual(wilsonInterval(4, 6));
  expect(result.perFold.standardDeviation).toBeCloseTo(0.25 / Math.SQRT2, 12);
  expect(crossValidationText(result, result)).toMatch(
    /^2-fold cross-validation, each image by .*: mean 62\.50% ± 17\.68%/,
  );
  expect(crossValidationText(result, { correct: 1, total: 2 })).toContain(': 4 of 6 right: 66.67% (95%');
});

it('is less sure of images that come in groups', () => {
  // 40 people with 10 images each; all images of one person are right, or none is.
  const groups = Array.from({ length: 400 }, (_, i) => Math.floor(i / 10));
  const alike = groups.map((group) => group % 4 !== 0);
  const [low, high] = groupedInterval(alike, groups);
  const [asPeopleLow, asPeopleHigh] = wilsonInterval(30, 40);
  // As if there were 40 images, but for the correction of a sample's variance by 40 / 39.
  expect(low).toBeCloseTo(asPeopleLow, 2);
  expect(high).toBeCloseTo(asPeopleHigh, 2);
  // Images of a person that differ as much as those of several people: nothing is lost.
  const mixed = groups.map((_, i) => i % 4 !== 0);
  expect(groupedInterval(mixed, groups)).toEqual(wilsonInterval(300, 400));
  // A single group is as much as a single image.
  expect(groupedInterval([true, true, false], [5, 5, 5])).toEqual(wilsonInterval(2 / 3, 1));
  const single = groups.map((_, i) => i);
  expect(groupedInterval(alike, single)).toEqual(wilsonInterval(300, 400));
  expect(
    groupedInterval(
      groups.map(() => true),
      groups,
    ),
  ).toEqual(wilsonInterval(40, 40));
});

it('counts images whose labels are all right where there are several, by what each fold gave them', () => {
  const of = (probabilities: number[], tags: number[], given: number[]) => ({
    probabilities: Float32Array.from(probabilities),
    labels: probabilities.map(() => 0).slice(tags.length / 2),
    tags: Uint8Array.from(tags),
    given: Uint8Array.from(given),
    classNames: ['sea', 'sky'],
  });
  const first = of([0.9, 0.2, 0.3, 0.4], [1, 0, 0, 1], [1, 0, 0, 1]);
  const second = of([0.9, 0.6, 0.3, 0.4], [0, 1, 1, 0], [1, 1, 0, 0]);
  const result = crossValidationResult([first, second]);
  // The second fold puts the image without the sea before the one with it: an average precision of one half.
  expect(result).toMatchObject({
    correct: 2,
    total: 4,
    perFold: { accuracies: [1, 0] },
    meanAveragePrecision: { perFold: [1, 0.75], mean: 0.875 },
  });
  expect(crossValidationText(result, { correct: 0, total: 1 })).toMatch(
    /: 2 of 4 right in every label: 50\.00% .*; mAP by fold: mean 87\.50% ± 17\.68%/,
  );
});
