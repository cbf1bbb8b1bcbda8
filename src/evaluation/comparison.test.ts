import { describe, expect, it } from 'vitest';
import { random } from '../data/random.ts';
import { renderComparison } from '../report/index.ts';
import {
  type ComparedRun,
  compareRuns,
  comparisonText,
  evaluatePredictions,
  labelPredictionsFromCsv,
  mcnemar,
  type Predictions,
  predictionsFromCsv,
  predictionsToCsv,
} from './index.ts';

const STYLE = { strong: (text: string) => text, faint: (text: string) => text };

/** Predictions for two classes from "1" (right) and "0" (wrong) per image. */
function predictionsOf(rights: string): Predictions {
  const labels = [...rights].map((_, image) => image % 2);
  const probabilities = Float32Array.from(
    labels.flatMap((label, image) => {
      const predicted = rights[image] === '1' ? label : 1 - label;
      return predicted === 0 ? [0.75, 0.25] : [0.25, 0.75];
    }),
  );
  return { probabilities, labels, classNames: ['cat', '<dog>'] };
}

function runOf(name: string, rights: string, more: Partial<ComparedRun> = {}): ComparedRun {
  const predictions = predictionsOf(rights);
  return {
    name,
    options: { recipe: 'r', 'optimizer.learningRate': name === 'a' ? '0.1' : '0.2' },
    testHash: 'same',
    evaluation: evaluatePredictions(predictions),
    history: [1, 2].map((epoch) => ({ epoch, loss: 1 / epoch, accuracy: 0.5 + epoch / 10 })),
    seconds: 90,
    parameters: 1234,
    predictions: predictionsFromCsv(predictionsToCsv(predictions)),
    ...more,
  };
}

describe('mcnemar', () => {
  it('is the exact sign test on the images where two models differ', () => {
    const first = [true, true, true, true, true, true, false, true];
    const second = [true, false, false, false, false, false, true, true];
    // 1 against 5 of 6 fair tosses: 2 · (1 + 6) / 64.
    expect(mcnemar(first, second)).toEqual({ onlyFirst: 5, onlySecond: 1, p: expect.closeTo(0.21875, 12) });
  });

  it('agrees with the normal approximation where that is good', () => {
    const rights = (count: number, from: number) =>
      Array.from({ length: 5000 }, (_, i) => i >= from && i < from + count);
    // 1,100 against 1,000: z with continuity correction is 99 / sqrt(2100) = 2.160, p = 0.0308.
    const { p } = mcnemar(rights(1100, 0), rights(1000, 1100));
    expect(p).toBeCloseTo(0.0308, 3);
  });

  it('tosses groups as a whole: the sign-flip test on their differences', () => {
    // Groups that differ by 3, 2 and −1 images: of 8 ways to set the signs, 4 sum up to 4 or more, either way.
    const groups = [7, 7, 7, 2, 2, 5];
    const second = [true, true, true, true, true, false];
    const first = second.map((right) => !right);
    expect(mcnemar(first, second, groups)).toEqual({
      onlyFirst: 1,
      onlySecond: 5,
      p: expect.closeTo(0.5, 12),
      groups: 3,
    });
    const single = first.map((_, image) => image);
    expect(mcnemar(first, second, single)).toEqual(mcnemar(first, second));
  });

  it('calls two equally good models different in about 5% of cases, of frames of a few videos too', () => {
    const [videos, frames, trials] = [20, 50, 200];
    const groups = Array.from({ length: videos * frames }, (_, image) => Math.floor(image / frames));
    let [found, single] = [0, 0];
    for (let trial = 0; trial < trials; trial++) {
      const draws = random(trial, 'videos');
      const [first, second] = [0, 1].map(() => {
        const chances = Array.from({ length: videos }, () => draws.uniform() ** 0.3);
        return groups.map((video) => draws.uniform() < chances[video]);
      });
      found += Number(mcnemar(first, second, groups).p < 0.05);
      single += Number(mcnemar(first, second).p < 0.05);
    }
    expect(found / trials).toBeLessThan(0.09);
    expect(single / trials).toBeGreaterThan(0.3);
  });

  it('finds no difference where there is none', () => {
    expect(mcnemar([true, false], [true, false])).toEqual({ onlyFirst: 0, onlySecond: 0, p: 1 });
  });

  it('refuses lists of different lengths', () => {
    expect(() => mcnemar([true, false], [true])).toThrow(
      'mcnemar: second is not of the images of first: expected a list of 2, received 1',
    );
    expect(() => mcnemar([true], [true], [1, 2])).toThrow('groups is not of the images of first');
  });
});

describe('compareRuns', () => {
  it('tests on images where both kept their predictions', () => {
    const { options, differences, classes } = compareRuns([
      runOf('a', '1111111111111100'),
      runOf('b', '0000000011111100'),
    ]);
    expect(options).toEqual({ 'optimizer.learningRate': ['0.1', '0.2'] });
    expect(differences).toEqual([
      {
        accuracy: -0.5,
        by: 'mcnemar',
        mcnemar: { onlyFirst: 8, onlySecond: 0, p: expect.closeTo(2 / 256, 12) },
        significant: true,
      },
    ]);
    expect(classes.map(({ recalls }) => recalls)).toEqual([
      [0.875, 0.375],
      [0.875, 0.375],
    ]);
  });

  it('tests images with several labels by whether all of them are right', () => {
    const labelled = (name: string, given: readonly string[], files: readonly string[] = []) => {
      const tags = Uint8Array.from({ length: 32 }, (_, i) => Number(i % 4 === 0 || i % 4 === 3));
      const predictions = {
        probabilities: Float32Array.from(given.join(''), (each) => (each === '1' ? 0.9 : 0.1)),
        labels: Array.from({ length: 16 }, (_, image) => image % 2),
        tags,
        classNames: ['sea, or lake', 'sky'],
      };
      return runOf(name, '1', {
        evaluation: evaluatePredictions(predictions),
        predictions: undefined,
        labelPredictions: labelPredictionsFromCsv(predictionsToCsv(predictions, files)),
      });
    };
    const right = Array.from({ length: 16 }, (_, image) => (image % 2 === 0 ? '10' : '01'));
    // Eight images get a label too many: each is wrong.
    const wrong = right.map((each, image) => (image < 8 ? '11' : each));
    const [difference] = compareRuns([labelled('a', right), labelled('b', wrong)]).differences;
    expect(difference).toEqual({
      accuracy: -0.5,
      by: 'mcnemar',
      mcnemar: { onlyFirst: 8, onlySecond: 0, p: expect.closeTo(2 / 256, 12) },
      significant: true,
    });
    const files = right.map((_, image) => `${image}.jpg`);
    const smaller = { ...labelled('a', right, files), place: '/photos', size: '32' };
    const larger = { ...labelled('b', wrong, files), place: '/photos', size: '64', testHash: 'larger' };
    expect(compareRuns([smaller, larger]).differences[0].by).toBe('mcnemar');
  });

  it('tests groups of images as a whole, where the predictions of one run name them', () => {
    const groups = Array.from({ length: 16 }, (_, image) => Math.floor(image / 8));
    const grouped = (name: string, rights: string) => {
      const predictions = predictionsFromCsv(predictionsToCsv({ ...predictionsOf(rights), groups }));
      return runOf(name, rights, { predictions });
    };
    const [a, b] = [grouped('a', '1111111111111100'), grouped('b', '0000000011111100')];
    expect(a.predictions?.map(({ group }) => group)).toEqual(groups);
    for (const runs of [
      [a, b],
      [a, runOf('b', '0000000011111100')],
    ]) {
      const { differences, ...comparison } = compareRuns(runs);
      expect(differences).toEqual([
        {
          accuracy: -0.5,
          by: 'mcnemar',
          mcnemar: { onlyFirst: 8, onlySecond: 0, p: 1, groups: 2 },
          significant: false,
        },
      ]);
      expect(comparisonText({ differences, ...comparison }, STYLE)).toContain(
        'this may be chance (only it classifies 0 images correctly, only the other 8; permutation test over 2 groups of images, p = 1).',
      );
    }
  });

  it('asks for more where several runs are tested', () => {
    // 6 images against none: p = 2 / 64 alone, and twice that of two tests.
    const [first, better, other] = [
      runOf('a', '0000000011'),
      runOf('b', '1111110011'),
      runOf('c', '1000000011'),
    ];
    expect(compareRuns([first, better]).differences[0]).toMatchObject({ significant: true });
    const both = compareRuns([first, better, other]);
    expect(both.differences).toMatchObject([
      {
        mcnemar: { p: expect.closeTo(2 / 64, 12) },
        correctedP: expect.closeTo(4 / 64, 12),
        significant: false,
      },
      { mcnemar: { p: 1 }, correctedP: 1, significant: false },
    ]);
    expect(comparisonText(both, STYLE)).toContain(
      "only the other 0; McNemar's test, p = 0.063, by Holm's correction for several runs).",
    );
  });

  it('falls back on intervals, and says nothing about other images', () => {
    const near = compareRuns([runOf('a', '11110000'), runOf('b', '11100000', { predictions: undefined })]);
    expect(near.differences[0]).toEqual({ accuracy: -0.125, by: 'intervals' });
    const far = compareRuns([
      runOf('a', '1'.repeat(40)),
      runOf('b', '0'.repeat(40), { predictions: undefined }),
    ]);
    expect(far.differences[0]).toMatchObject({ by: 'intervals', significant: true });
    const other = compareRuns([runOf('a', '1111'), runOf('b', '0000', { testHash: 'other' })]);
    expect(other.differences[0]).toEqual({ accuracy: -1, by: 'other images' });
  });

  it('takes the same files of one place for the same images, whatever size they are trained at', () => {
    const files = (...names: string[]) => ({
      place: '/photos',
      size: '64',
      predictions: predictionsFromCsv(predictionsToCsv(predictionsOf('1100'), names)),
    });
    const small = runOf('a', '1100', {
      ...files('a,1.png', 'b "2".png', 'c.png', 'd.png'),
      size: '32',
    });
    const by = (other: Partial<ComparedRun>) =>
      compareRuns([small, runOf('b', '1100', { ...other, testHash: 'larger' })]).differences[0].by;
    expect(small.predictions?.map(({ file }) => file)).toEqual(['a,1.png', 'b "2".png', 'c.png', 'd.png']);
    expect(by(files('a,1.png', 'b "2".png', 'c.png', 'd.png'))).toBe('mcnemar');
    expect(by(files('a,1.png', 'b "2".png', 'c.png', 'e.png'))).toBe('other images');
    expect(by({ ...files('a,1.png', 'b "2".png', 'c.png', 'd.png'), place: '/others' })).toBe('other images');
    expect(by({ ...files('a,1.png', 'b "2".png', 'c.png', 'd.png'), size: '32' })).toBe('other images');
    // Without names nothing says that they are the same.
    expect(by({ place: '/photos' })).toBe('other images');
  });

  it('reads as text and as a page, with names from outside escaped', () => {
    const comparison = compareRuns([runOf('a', '1111111111111100'), runOf('b', '0000000011111100')]);
    const text = comparisonText(comparison, STYLE);
    expect(text).toMatch(/^accuracy +87\.50% +37\.50%$/m);
    expect(text).toMatch(/^optimizer\.learningRate +0\.1 +0\.2$/m);
    expect(text).toContain(
      "b is 50.00 points worse than a: more than chance (only it classifies 0 images correctly, only the other 8; McNemar's test, p = 0.0078).",
    );
    const page = renderComparison(comparison);
    expect(page).toContain('&lt;dog>');
    expect(page).not.toMatch(/<dog>|<script|https?:/);
    expect(page.match(/<path class="line run1"/g)).toHaveLength(2);
  });
});

it('refuses a file that holds no predictions', () => {
  expect(() => predictionsFromCsv('a,b\n1,2')).toThrow('this file holds no predictions');
  expect(() => predictionsFromCsv('image,label,predicted,probability\n0,x,1,0.5')).toThrow(
    'predictions.csv, line 2: this line is not a prediction',
  );
  expect(() => labelPredictionsFromCsv('image,label,predicted,probability\n')).toThrow(
    'this file holds no predictions',
  );
});

it('predictions name files and classes, in cells that are no formulas, and are read as of old', () => {
  const csv = predictionsToCsv(
    {
      probabilities: Float32Array.of(0.25, 0.75, 0.9, 0.1),
      labels: [1, 1],
      classNames: ['=cat()', 'a,b'],
    },
    ['-photos/1.png', 'x\x1b[2J.png'],
  );
  expect(csv.split('\n').slice(0, 3)).toEqual([
    'image,label,predicted,probability,file,class,predicted_class,probability of =cat(),"probability of a,b"',
    `0,1,1,0.75,'-photos/1.png,"a,b","a,b",0.25,0.75`,
    `1,1,0,0.9,x\ufffd[2J.png,"a,b",'=cat(),0.9,0.1`,
  ]);
  const rows = [
    { label: 1, predicted: 1, probability: 0.75 },
    { label: 1, predicted: 0, probability: 0.9 },
  ];
  expect(predictionsFromCsv(csv)).toEqual(
    rows.map((row, i) => ({ ...row, file: ["'-photos/1.png", 'x\ufffd[2J.png'][i] })),
  );
  expect(predictionsFromCsv('image,label,predicted,probability\n0,1,1,0.75\n1,1,0,0.9\n')).toEqual(rows);
  // A column says which images belong together, where some do.
  const groups = {
    probabilities: Float32Array.of(0.25, 0.75, 0.9, 0.1),
    labels: [1, 1],
    classNames: ['a', 'b'],
  };
  expect(
    predictionsToCsv({ ...groups, groups: [4, 4] }, [], [2, 1])
      .split('\n')
      .slice(0, 2),
  ).toEqual([
    'image,label,predicted,probability,file,class,predicted_class,fold,group,probability of a,probability of b',
    '0,1,1,0.75,,b,b,2,4,0.25,0.75',
  ]);
  expect(predictionsToCsv({ ...groups, groups: [4, 5] })).toBe(predictionsToCsv(groups));
});
