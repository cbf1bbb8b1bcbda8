import { describe, expect, it } from 'vitest';
import { evaluateCosts, leastExpectedCost, readCosts } from './costs.ts';
import { classRankings, thresholdFor } from './ranking.ts';

const classNames = ['ant', 'bee'];
/** scikit-learn's own example of `average_precision_score` and `roc_auc_score`: 0.1, 0.4, 0.35, 0.8 for 0, 0, 1, 1. */
const example = {
  probabilities: Float32Array.from([0.1, 0.4, 0.35, 0.8].flatMap((value) => [1 - value, value])),
  labels: [0, 0, 1, 1],
  classNames,
};

describe('curves of a class', () => {
  it('have the areas that scikit-learn states for its example', () => {
    const bee = classRankings(example)[1];
    expect(bee.averagePrecision).toBeCloseTo(0.8333333, 6);
    expect(bee.rocAuc).toBeCloseTo(0.75, 12);
    expect(bee.curve.map(({ recall }) => recall)).toEqual([0.5, 0.5, 1, 1]);
    expect(bee.curve.map(({ falsePositiveRate }) => falsePositiveRate)).toEqual([0, 0.5, 0.5, 1]);
  });

  it('agree with counting all pairs, ties as halves', () => {
    const values = [0.5, 0.5, 0.25, 0.75, 0.75, 0.125, 0.5, 0.625];
    const labels = [0, 1, 0, 1, 0, 0, 1, 1];
    const probabilities = Float32Array.from(values.flatMap((value) => [1 - value, value]));
    let [wins, pairs] = [0, 0];
    values.forEach((own, i) => {
      values.forEach((other, j) => {
        if (labels[i] !== 1 || labels[j] !== 0) return;
        pairs++;
        wins += own > other ? 1 : own === other ? 0.5 : 0;
      });
    });
    const [ant, bee] = classRankings({ probabilities, labels, classNames });
    expect(bee.rocAuc).toBeCloseTo(wins / pairs, 12);
    expect(ant.rocAuc).toBeCloseTo(wins / pairs, 12);
  });

  it('know nothing of a class without images', () => {
    const [ant, bee] = classRankings({ ...example, labels: [0, 0, 0, 0] });
    expect([bee.averagePrecision, bee.rocAuc, ant.rocAuc]).toEqual([undefined, undefined, undefined]);
    expect(ant.averagePrecision).toBe(1);
  });
});

describe('the threshold for a precision', () => {
  it('keeps it and loses the fewest images', () => {
    const bee = classRankings(example)[1];
    expect(thresholdFor(bee, 0.9)).toMatchObject({ recall: 0.5, precision: 1 });
    expect(thresholdFor(bee, 0.6)).toMatchObject({ recall: 1, falsePositiveRate: 0.5 });
    expect(thresholdFor(classRankings({ ...example, labels: [1, 1, 0, 0] })[1], 0.9)).toBeUndefined();
  });

  it('refuses what is no precision', () => {
    expect(() => thresholdFor({ curve: [] }, 95)).toThrow('above 0 and at most 1, such as 0.95, received 95');
  });
});

describe('costs', () => {
  const costs = [
    [0, 1],
    [20, 0],
  ];
  it('are read in any order of the classes', () => {
    expect(readCosts(',ant,bee\nant,0,1\nbee,20,0\n', classNames, 'c.csv')).toEqual(costs);
    expect(readCosts('\ufeff;bee;"ant"\r\nbee;0;20\r\nant;1;0\r\n', classNames, 'c.csv')).toEqual(costs);
    const half = [
      [0, 1.5],
      [20, 0],
    ];
    expect(readCosts(';ant;bee\nant;0;1,5\nbee;20;0\n', classNames, 'c.csv')).toEqual(half);
    expect(readCosts('\tant\tbee\nant\t0\t1,5\nbee\t20\t0\n', classNames, 'c.csv')).toEqual(half);
    expect(readCosts(',ant,bee\nant,0,"1.5"\nbee,20,0\n', classNames, 'c.csv')).toEqual(half);
    // Names of classes may hold what separates cells elsewhere.
    expect(readCosts('true;"a;b";c, d\n"a;b";0;1\nc, d;2;0\n', ['a;b', 'c, d'], 'c.csv')).toEqual([
      [0, 1],
      [2, 0],
    ]);
  });

  it.each([
    [',ant\nant,0\n', 'c.csv: the class "bee" must be in the first line once'],
    [',ant,bee\nant,0,1\n', 'the class "bee" must be the first cell of a line once'],
    [',ant,bee,cat\nant,0,1,2\nbee,1,0,2\n', 'this is no class of the model'],
    [',ant,bee\nant,0,much\nbee,1,0\n', 'ant answered as bee: a cost cannot be read'],
    ['', 'the class "ant" must be in the first line once'],
  ])('have a sentence for %j', (text, sentence) => {
    expect(() => readCosts(text, classNames, 'c.csv')).toThrow(sentence);
  });

  it('turn a decision where a mistake is dear', () => {
    expect(leastExpectedCost([0.9, 0.1], costs)).toBe(1);
    expect(leastExpectedCost([0.96, 0.04], costs)).toBe(0);
    // Most probable: right, right, bee taken for ant, right. Least expected cost: ant 0.9 and 0.6 become bee.
    expect(evaluateCosts(example, costs)).toEqual({
      images: 4,
      mostProbable: 5,
      leastExpected: 0.5,
      changed: 3,
    });
  });
});
