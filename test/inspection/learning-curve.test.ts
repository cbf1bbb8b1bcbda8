/** The learning curve, and whether it tells beforehand what more images bring. */
import { describe, expect, it } from 'vitest';
import { heldOutAnswers } from '../../src/inspection/answers.ts';
import { crossValidated } from '../../src/inspection/cross-validation.ts';
import { learningCurve } from '../../src/inspection/learning-curve.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { clusters } from './planted.ts';

const runtime = nodeRuntime();

async function curveOf(perClass: number) {
  const { features, labels, classNames, size } = clusters({ perClass, size: 48, apart: 3 });
  const data = { name: 'clusters', views: [features], size, labels, classNames };
  const { c, probabilities } = (await crossValidated(runtime, data, 1, () => {}))!;
  const answers = heldOutAnswers(probabilities, labels, classNames.length);
  const correct = new Map(
    [...answers].map(([image, { predicted }]) => [image, predicted === labels[image]] as const),
  );
  return learningCurve(runtime, data, { seed: 1, c, correct });
}

describe('the learning curve', () => {
  it('goes by halves, ends with what cross-validation found, and forecasts twice the images', async () => {
    const [half, whole] = [await curveOf(100), await curveOf(200)];
    expect(half.points.map(({ images }) => images)).toEqual([20, 40, 80, 160, 320]);
    for (const { points } of [half, whole]) {
      expect(points.at(-1)!.accuracy).toBeGreaterThan(points[0].accuracy + 0.05);
      for (const { accuracy, interval95 } of points) {
        expect(interval95[0]).toBeLessThan(accuracy);
        expect(interval95[1]).toBeGreaterThan(accuracy);
      }
    }
    const { forecast } = half;
    const reached = whole.points.at(-1)!;
    expect(forecast!.images).toBe(reached.images);
    // The forecast's own interval, widened by that of the measurement.
    expect(reached.interval95[1]).toBeGreaterThan(forecast!.interval95[0]);
    expect(reached.interval95[0]).toBeLessThan(forecast!.interval95[1]);
    expect(forecast!.gain).toBeGreaterThan(0);
    expect(forecast!.gainInterval95[0]).toBeLessThanOrEqual(forecast!.gain);
    expect(forecast!.gainInterval95[1]).toBeGreaterThanOrEqual(forecast!.gain);
  });

  it('is not continued from fewer than three sizes', async () => {
    const few = await curveOf(6);
    expect(few.points.length).toBeLessThan(3);
    expect(few.forecast).toBeUndefined();
  });
});
