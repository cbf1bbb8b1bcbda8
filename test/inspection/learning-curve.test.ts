/** The learning curve, and whether it tells beforehand what more images bring. */
import { describe, expect, it } from 'vitest';
import { heldOutAnswers } from '../../src/inspection/answers.ts';
import { crossValidated } from '../../src/inspection/cross-validation.ts';
import { learningCurve } from '../../src/inspection/learning-curve.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { clusters } from './planted.ts';

const runtime = nodeRuntime();

/** @param times how often each image is there */
async function curveOf(perClass: number, times = 1) {
  const { features: once, labels: own, classNames, size } = clusters({ perClass, size: 48, apart: 3 });
  const copies = Uint32Array.from({ length: own.length * times }, (_, image) => Math.floor(image / times));
  const features = Float32Array.from({ length: copies.length * size }, (_, i) => {
    return once[copies[Math.floor(i / size)] * size + (i % size)];
  });
  const labels = Uint16Array.from(copies, (image) => own[image]);
  const data = {
    name: 'clusters',
    views: [features],
    size,
    labels,
    classNames,
    ...(times > 1 && { copies }),
  };
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

  it('halves groups, not their images: copies hide nothing of what more images bring', async () => {
    const [single, copied] = [await curveOf(100), await curveOf(100, 6)];
    expect(copied.points.map(({ images }) => images)).toEqual(single.points.map(({ images }) => 6 * images));
    copied.points.forEach(({ accuracy }, i) => {
      expect(Math.abs(accuracy - single.points[i].accuracy)).toBeLessThan(0.03);
    });
    const { gain, gainInterval95 } = copied.forecast!;
    expect(gain).toBeGreaterThan(0.5 * single.forecast!.gain);
    expect(gainInterval95[1]).toBeGreaterThan(single.forecast!.gain);
    // A class has six groups, as many as are too few for single images.
    expect((await curveOf(6, 20)).points.length).toBeLessThan(3);
  });

  it('is not continued from fewer than three sizes', async () => {
    const few = await curveOf(6);
    expect(few.points.length).toBeLessThan(3);
    expect(few.forecast).toBeUndefined();
  });
});
