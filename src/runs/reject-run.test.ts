import { describe, expect, it } from 'vitest';
import { random } from '../data/random.ts';
import { evaluateRejection, separationOf } from '../evaluation/index.ts';
import { Conv2D, Dense, Flatten, GlobalAveragePooling2D } from '../layers/index.ts';
import { foreignness, Network } from '../models/index.ts';
import { checkReject } from './check-reject.ts';
import { fitRejection } from './reject-run.ts';
import { runOptions } from './run-options.ts';

const network = new Network({ inputShape: [4, 4, 3], layers: [new Flatten(), new Dense({ units: 2 })] });
const options = (given: object = {}) => ({
  ...runOptions(
    { name: 'tiny', epochs: 1, batchSize: 4, optimizer: { name: 'Adam' }, validationSplit: 0 },
    { threads: 1, reject: 0.95 },
  ),
  ...given,
});
const head = { layer: 'dense', means: new Float32Array(2), keep: 0.95 };

/** Known images: half normal distances, and doubts as a sure model has them. */
function measures(count: number, seed: number) {
  const stream = random(seed, 'test-known');
  return {
    distances: Float64Array.from({ length: count }, () => 0.3 + 0.1 * Math.abs(stream.normal())),
    doubts: Float64Array.from({ length: count }, () => 0.5 * stream.uniform() ** 4),
  };
}

describe('fitRejection', () => {
  it('keeps at least the promised fraction of new images, in nine of ten cases', () => {
    const rejection = fitRejection(measures(200, 1), head);
    expect(rejection.images).toBe(200);
    const kept = Array.from({ length: 40 }, (_, sample) => {
      const chosen = fitRejection(measures(200, 100 + sample), head);
      const { distances, doubts } = measures(2000, 200 + sample);
      const below = distances.filter((each, i) => foreignness(each, doubts[i], chosen) <= chosen.threshold);
      return below.length / 2000;
    });
    expect(kept.filter((fraction) => fraction >= 0.95).length).toBeGreaterThanOrEqual(34);
    expect(Math.max(...kept)).toBeLessThan(1);
  });

  it('needs as many images as its promise takes', () => {
    expect(() => fitRejection(measures(18, 1), head)).toThrow(
      '--reject: too few images to keep 95.00% of the known ones: expected at least 19 images that the model is not fitted on, received 18. Give a smaller fraction, or more images.',
    );
    expect(fitRejection(measures(19, 1), head).images).toBe(19);
  });

  it('bears images that are all alike', () => {
    const same = { distances: new Float64Array(30).fill(0.2), doubts: new Float64Array(30) };
    expect(fitRejection(same, head).threshold).toBe(0);
  });
});

describe('checkReject', () => {
  it.each<[string, object, number | undefined]>([
    ['validation images', {}, 30],
    ['a linear head, whose folds hold images out', { head: 'linear' }, undefined],
    ['a fold with few validation images', { folds: { count: 3, held: 1 } }, 3],
    ['no rejection at all', { reject: undefined }, undefined],
  ])('lets %s pass', (_, given, validation) => {
    expect(() => checkReject(options(given), network, validation)).not.toThrow();
  });

  it('says before the training what is missing', () => {
    const missing =
      '--reject: its threshold needs images that the model is not fitted on: expected validation images, or a linear head on the features of a pretrained network, received --validation-split 0. Add --validation-split 0.1.';
    expect(() => checkReject(options(), network, undefined)).toThrow(missing);
    expect(() => checkReject(options({ head: 'centroid' }), network, undefined)).toThrow(missing);
    expect(() => checkReject(options(), network, 3)).toThrow('--reject: too few images to keep');
    // The last run of a cross-validation would be refused after all folds.
    expect(() => checkReject(options({ folds: { count: 3, held: 1 } }), network, undefined)).toThrow(missing);
    const viewed = options({ head: 'linear', testTimeAugmentation: 'flip' });
    expect(() => checkReject(viewed, network, undefined)).toThrow(missing);
    expect(() => checkReject(options({ folds: { count: 3, ensemble: true } }), network, 30)).toThrow(
      '--reject and --ensemble cannot be combined',
    );
    const headless = new Network({
      inputShape: [4, 4, 3],
      layers: [new Conv2D({ filters: 2, kernelSize: 3 }), new GlobalAveragePooling2D()],
    });
    expect(() => checkReject(options(), headless, 30)).toThrow('no last layer that could be replaced');
  });
});

describe('evaluateRejection', () => {
  const classNames = ['a', 'b'];
  const known = {
    probabilities: Float32Array.of(0.9, 0.1, 0.6, 0.4, 0.2, 0.8, 0.5, 0.5),
    labels: [0, 0, 1, 1],
    classNames,
    unknown: Float32Array.of(0.1, 0.4, 0.2, 0.7),
  };

  it('counts the known images that are kept, and the unknown ones that are accepted', () => {
    const unknown = {
      probabilities: Float32Array.of(0.55, 0.45, 0.3, 0.7),
      unknown: Float32Array.of(0.9, 0.3),
    };
    const { kept, unknown: found, keep } = evaluateRejection(known, { keep: 0.9 }, unknown);
    expect([kept, keep, found?.accepted, found?.images]).toEqual([0.75, 0.9, 0.5, 2]);
    // Of eight pairs, the unknown image is the more foreign in four and two.
    expect(found?.own?.auroc).toBe(6 / 8);
    expect(found?.maximumSoftmax.auroc).toBe((3 + 2) / 8);
  });

  it('says of a model that names a class for everything what its probabilities are worth', () => {
    const { unknown: _, ...plain } = known;
    const { kept, unknown } = evaluateRejection(plain, {}, { probabilities: Float32Array.of(0.5, 0.5) });
    expect([kept, unknown?.accepted, unknown?.own]).toEqual([undefined, undefined, undefined]);
    expect(unknown?.maximumSoftmax.auroc).toBe(3.5 / 4);
  });

  it('accepts what is no more foreign than 95% of the known', () => {
    const scores = Array.from({ length: 100 }, (_, i) => i);
    expect(separationOf(scores, [94, 95, 200, 0])).toEqual({ acceptedAt95: 0.5, auroc: expect.any(Number) });
  });
});
