import { describe, expect, it } from 'vitest';
import { random } from '../data/random.ts';
import { rarestTags } from '../data/tags.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { fitHead } from './fit-head.ts';
import {
  type DenseWeights,
  distancesTo,
  fitCentroid,
  fitLinear,
  type HeadData,
  knownDirections,
} from './index.ts';

const runtime = nodeRuntime({ threads: 1 });

/** Twelve images of three features. Their labels are those of three groups, but for three mistakes. */
const ROWS = [
  [1, 5, -2], [2, 4, -1], [1, 6, 0], [3, 4, -3], [6, 1, 0], [7, 2, 1],
  [5, 0, 3], [6, 3, 2], [3, 2, 8], [2, 1, 9], [4, 3, 7], [1, 2, 6],
]; // biome-ignore format: a table
const LABELS = [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0];

function data(rows: number[][], labels: number[], classNames = ['a', 'b', 'c']): HeadData {
  const views = [Float32Array.from(rows.flat())];
  return { name: 'made up', views, size: rows[0].length, labels: Uint16Array.from(labels), classNames };
}

function scores({ kernel, bias }: DenseWeights, row: number[]): number[] {
  return Array.from(bias, (b, k) => row.reduce((sum, x, j) => sum + x * kernel[j * bias.length + k], b));
}

/** Groups of images around centres that lie apart, with noise. */
function clouds(perClass: number[], { size = 20, noise = 1, seed = 1 } = {}): HeadData {
  const stream = random(seed, 'clouds');
  const rows = perClass.flatMap((count, label) =>
    Array.from({ length: count }, () =>
      Array.from(
        { length: size },
        (_, j) => 3 + noise * stream.normal() + (j % perClass.length === label ? 1 : 0),
      ),
    ),
  );
  const labels = perClass.flatMap((count, label) => new Array<number>(count).fill(label));
  return data(
    rows,
    labels,
    perClass.map((_, label) => `class ${label}`),
  );
}

describe('a linear head', () => {
  // scikit-learn 1.9.1: StandardScaler, LogisticRegression(C=…, class_weight=…, tol=1e-10), decision_function.
  it.each([
    [
      1,
      undefined,
      [
        [1.75047, -0.47073, -1.27975],
        [-1.63131, 1.36704, 0.26427],
        [0.72737, -1.10316, 0.37579],
      ],
    ],
    [
      0.01,
      undefined,
      [
        [0.10897, -0.04322, -0.06575],
        [-0.08725, 0.06003, 0.02721],
        [0.01637, -0.04943, 0.03306],
      ],
    ],
    [
      1,
      { b: 2, c: 0.5 },
      [
        [1.61069, -0.10326, -1.50743],
        [-1.65184, 1.85733, -0.20549],
        [0.8416, -0.87433, 0.03273],
      ],
    ],
  ])('says what scikit-learn says, with C %d and class weights %j', async (c, classWeight, expected) => {
    const head = await fitLinear(runtime, data(ROWS, LABELS), { c, classWeight, seed: 1 });
    for (const [i, place] of [0, 6, 11].entries()) {
      const own = scores(head, ROWS[place]);
      // Scores of a softmax are known up to a number that all have in common; scikit-learn's add up to 0.
      const mean = own.reduce((sum, score) => sum + score) / own.length;
      own.forEach((score, k) => {
        expect(score - mean).toBeCloseTo(expected[i][k], 3);
      });
    }
    expect(head.crossValidation).toBeUndefined();
  });

  // scikit-learn 1.9.1: StandardScaler, LogisticRegression(C=…, tol=1e-10) for each label, decision_function.
  it.each([
    [
      1,
      [
        [0.88738, -0.86449],
        [0.46202, -0.38806],
        [1.25353, -1.13365],
      ],
    ],
    [
      0.01,
      [
        [0.05059, 0.26477],
        [0.02878, 0.29061],
        [0.06245, 0.25902],
      ],
    ],
  ])('of any number of labels says what scikit-learn says of each, with C %d', async (c, expected) => {
    const tags = Uint8Array.from(
      [[1, 0], [1, 0], [1, 1], [0, 0], [0, 1], [0, 1], [1, 1], [0, 0], [1, 1], [0, 1], [1, 0], [0, 1]].flat(),
    ); // biome-ignore format: a table
    const images = { ...data(ROWS, [...rarestTags(tags, 2)], ['a', 'b']), tags };
    const head = await fitLinear(runtime, images, { c, seed: 1 });
    expected.forEach((row, i) => {
      scores(head, ROWS[i]).forEach((score, label) => {
        expect(score).toBeCloseTo(row[label], 3);
      });
    });
  });

  it('of any number of labels chooses C and says how sure it may be by held-out images', async () => {
    const stream = random(3, 'tags');
    const { views, size, labels } = clouds([60, 60, 60], { noise: 1.5 });
    // An image shows what its cloud is of, and by chance another thing that its features do not show.
    const tags = Uint8Array.from(
      Array.from(labels).flatMap((own) => [0, 1, 2].map((label) => Number(label === own))),
    );
    for (let image = 0; image < labels.length; image += 5) tags[3 * image + stream.integer(3)] = 1;
    const images = { ...data([[0]], [0]), views, size, labels: rarestTags(tags, 3), tags };
    const head = await fitLinear(runtime, images, { seed: 1 });
    const { scores: tried, heldOut } = head.crossValidation!;
    expect(tried.map(({ c }) => c)).toContain(head.c);
    // No other temperature would make their cross-entropy lower.
    const lossAt = (factor: number) =>
      heldOut.reduce(
        (sum, score, i) => sum + Math.log1p(Math.exp(factor * score)) - tags[i] * factor * score,
        0,
      );
    expect(Math.min(lossAt(0.95), lossAt(1.05))).toBeGreaterThan(lossAt(1));
    const chosen = tried.find(({ c }) => c === head.c)!;
    const exact = Array.from(labels.keys()).filter((image) =>
      [0, 1, 2].every((label) => heldOut[3 * image + label] >= 0 === (tags[3 * image + label] === 1)),
    );
    expect(exact.length / labels.length).toBeCloseTo(chosen.accuracy, 12);
    expect(chosen.accuracy).toBeGreaterThan(0.4);
  });

  it('lies where the gradient of the whole objective is zero, with label smoothing and two views', async () => {
    const one = clouds([14, 9, 11]);
    const mirrored = clouds([14, 9, 11], { seed: 2 }).views[0];
    const both = { ...one, views: [one.views[0], mirrored] };
    const [c, smoothing, classes] = [0.3, 0.1, 3];
    const head = await fitLinear(runtime, both, { c, labelSmoothing: smoothing, seed: 1 });
    const { size, labels } = one;
    const rows = both.views.flatMap((view) =>
      Array.from(labels, (_, i) => Array.from(view.subarray(i * size, (i + 1) * size))),
    );
    const means = Array.from(
      { length: size },
      (_, j) => rows.reduce((sum, row) => sum + row[j], 0) / rows.length,
    );
    const deviations = means.map((mean, j) =>
      Math.sqrt(rows.reduce((sum, row) => sum + (row[j] - mean) ** 2, 0) / rows.length),
    );
    // dJ/dw = Σ (p − t) · x / views + w / C, in standardised features, whose weights are larger by the deviation.
    const slope = new Float64Array(size * classes);
    const biasSlope = new Float64Array(classes);
    rows.forEach((row, r) => {
      const own = scores(head, row);
      const sum = own.reduce((total, score) => total + Math.exp(score), 0);
      own.forEach((score, k) => {
        const target = (1 - smoothing) * Number(labels[r % labels.length] === k) + smoothing / classes;
        const error = (Math.exp(score) / sum - target) / 2;
        biasSlope[k] += error;
        row.forEach((x, j) => {
          slope[j * classes + k] += (error * (x - means[j])) / deviations[j];
        });
      });
    });
    slope.forEach((value, i) => {
      const weight = head.kernel[i] * deviations[Math.floor(i / classes)];
      expect(Math.abs(value + weight / c)).toBeLessThan(2e-3);
    });
    expect(Math.max(...biasSlope.map(Math.abs))).toBeLessThan(2e-3);
  });

  it('chooses C on images that were held out, the same for the same seed', async () => {
    const images = clouds([40, 30, 20], { noise: 2 });
    const head = await fitLinear(runtime, images, { seed: 1 });
    const { scores: tried, heldOut, folds } = head.crossValidation!;
    expect(folds).toBe(5);
    expect(tried.map(({ c }) => c)).toContain(head.c);
    const best = Math.min(...tried.map(({ loss }) => loss));
    const chosen = tried.find(({ c }) => c === head.c)!;
    expect(chosen.loss).toBeLessThan(best + 0.1);
    // What it says of held-out images is what its score was made from.
    const right = Array.from(images.labels).filter((label, i) => {
      const row = heldOut.subarray(i * 3, i * 3 + 3);
      return row.indexOf(Math.max(...row)) === label;
    }).length;
    expect(right / images.labels.length).toBeCloseTo(chosen.accuracy, 12);
    expect(chosen.accuracy).toBeGreaterThan(0.6);
    expect(chosen.accuracy).toBeLessThan(head.accuracy + 1e-9);
    const again = await fitLinear(runtime, images, { seed: 1 });
    expect(again).toEqual(head);
    // As it was fitted: without the temperature.
    const asFitted = await fitLinear(runtime, images, { seed: 1, calibrate: false });
    const { temperature } = head.crossValidation!;
    expect(Math.abs(temperature - 1)).toBeGreaterThan(0.05);
    expect([asFitted.c, asFitted.crossValidation!.temperature]).toEqual([head.c, 1]);
    const ratio = (a: Float32Array, b: Float32Array) => a.map((value, i) => value / b[i]);
    for (const each of [
      ratio(asFitted.kernel, head.kernel),
      ratio(asFitted.crossValidation!.heldOut, heldOut),
    ]) {
      for (const value of each) expect(value).toBeCloseTo(temperature, 3);
    }
  });

  it('tries weaker regularisation as long as heads are too weak to say anything', async () => {
    const draws = random(1, 'images');
    const labels = Array.from({ length: 16 }, (_, image) => image % 2);
    const rows = labels.map((label) =>
      Array.from({ length: 8 }, (_, i) => (i === 2 * label ? 2 : 0) + 0.3 * draws.normal()),
    );
    const { crossValidation, c } = await fitLinear(runtime, data(rows, labels, ['a', 'b']), { seed: 1 });
    expect(c).toBeGreaterThan(0.01);
    expect(crossValidation!.scores.at(0)!.accuracy).toBe(0.5);
    expect(crossValidation!.scores.at(-1)!.accuracy).toBe(1);
  });

  it('lets a class count double as its images twice over do', async () => {
    const twice = data([...ROWS, ...ROWS.filter((_, i) => LABELS[i] === 1)], [...LABELS, 1, 1, 1, 1]);
    const weighted = await fitLinear(runtime, data(ROWS, LABELS), { c: 1e6, classWeight: { b: 2 }, seed: 1 });
    const repeated = await fitLinear(runtime, twice, { c: 1e6, seed: 1 });
    // With next to no penalty the standardisation, which differs, has no part in it.
    for (const row of ROWS) {
      const [a, b] = [weighted, repeated].map((head) => softmax(scores(head, row)));
      a.forEach((probability, k) => {
        expect(probability).toBeCloseTo(b[k], 2);
      });
    }
  });

  it('does without cross-validation where every class has one image', async () => {
    const head = await fitLinear(runtime, data([ROWS[0], ROWS[5], ROWS[9]], [0, 1, 2]), { seed: 1 });
    expect(head.crossValidation).toBeUndefined();
    expect(head.accuracy).toBe(1);
  });

  it('refuses features of other images, and such as are no numbers', async () => {
    const images = data(ROWS, LABELS);
    const fit = (views: Float32Array[]) => fitLinear(runtime, { ...images, views }, { seed: 1 });
    await expect(fit([images.views[0].subarray(3)])).rejects.toThrow(/not the features of these images/);
    const broken = images.views[0].slice();
    broken[7] = Number.NaN;
    await expect(fit([broken])).rejects.toThrow(/not finite numbers/);
    await expect(fit([])).rejects.toThrow(/at least two classes/);
  });
});

describe('a centroid head', () => {
  it('names the class whose mean lies nearest by angle, from one image a class on', () => {
    const one = fitCentroid(data([ROWS[0], ROWS[5], ROWS[9]], [0, 1, 2]), { seed: 1 });
    expect(one.accuracy).toBe(1);
    for (const [place, label] of [
      [1, 0],
      [4, 1],
      [10, 2],
    ]) {
      const own = scores(one, ROWS[place]);
      expect(own.indexOf(Math.max(...own))).toBe(label);
    }
  });

  it('never names a class without images, whatever else it says of an image', () => {
    const rows = [ROWS[0], ROWS[5], ROWS[9]];
    const three = fitCentroid(data(rows, [0, 1, 2]), { seed: 1 });
    const five = fitCentroid(data(rows, [1, 2, 4], ['none', 'a', 'b', 'nothing', 'c']), { seed: 1 });
    for (const row of [...ROWS, [-20, -20, -20], [3.3, 3.3, 3.3]]) {
      const [own, all] = [scores(three, row), scores(five, row)];
      expect([1, 2, 4].map((label) => all[label])).toEqual(own);
      expect([0, 3].map((label) => softmax(all)[label])).toEqual([0, 0]);
    }
    expect(five.accuracy).toBe(three.accuracy);
  });

  it('measures no distance to a class without images', () => {
    const corner = [
      [1, 0],
      [0, 1],
    ];
    const known = data(corner, [0, 2]);
    const directions = knownDirections(known.views[0], known);
    expect(Array.from(directions)).toEqual([1, 0, 0, 1]);
    // Its cosines to both are below 0.
    expect(distancesTo(directions, Float32Array.from([-3, -4]), 2)[0]).toBeCloseTo(1.6, 6);
  });

  it('refuses class weights, which it has no use for', async () => {
    const options = { kind: 'centroid', seed: 1, classWeight: { b: 2 } } as const;
    await expect(fitHead(runtime, data(ROWS, LABELS), options)).rejects.toThrow(
      '--class-weight: a head of means has no use for class weights: expected --head linear or --head mlp.',
    );
  });

  it('is less sure where held-out images show it wrong more often', () => {
    const surest = (noise: number) => {
      const images = clouds([8, 8], { noise });
      const head = fitCentroid(images, { seed: 1 });
      const row = Array.from(images.views[0].subarray(0, images.size));
      return { probability: Math.max(...softmax(scores(head, row))), accuracy: head.accuracy };
    };
    expect(surest(0.1)).toMatchObject({ accuracy: 1 });
    expect(surest(0.1).probability).toBeGreaterThan(surest(4).probability);
  });
});

function softmax(row: number[]): number[] {
  const sum = row.reduce((total, score) => total + Math.exp(score), 0);
  return row.map((score) => Math.exp(score) / sum);
}
