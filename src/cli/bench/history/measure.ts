import {
  convolutionRates,
  type Measured,
  matrixRate,
  memoryBandwidth,
  recipeSpeed,
  seedInference,
  seedInferenceFloor,
  seedStep,
  seedStepFloor,
  summaryOf,
} from '../../../benchmark/index.ts';
import { record } from '../../../recipes/index.ts';
import type { Runtime } from '../../../runtime/index.ts';
import { startTimes } from './start.ts';

/** Rounds of all figures: enough that the largest and the least tell what chance does. */
const ROUNDS = 5;

/**
 * Measures how many times as long each figure takes as the machine's own rates allow, so that a small number is fast: whole
 * rounds of all figures, each with the machine's own rates beside it. One training step of a batch of `record` and a
 * start of the program are among them.
 */
export async function measureRatios(
  runtime: Runtime,
  onStart: (what: string) => void,
): Promise<Record<string, Measured>> {
  const values = new Map<string, number[]>();
  for (let round = 1; round <= ROUNDS; round++) {
    const ratios = await oneRound(runtime, (what) => onStart(`round ${round} of ${ROUNDS}, ${what}`));
    for (const [figure, ratio] of Object.entries(ratios)) {
      values.set(figure, [...(values.get(figure) ?? []), ratio]);
    }
  }
  return Object.fromEntries([...values].map(([figure, all]) => [figure, summaryOf(all)]));
}

async function oneRound(runtime: Runtime, onStart: (what: string) => void): Promise<Record<string, number>> {
  const clock = () => performance.now();
  onStart('rates of the machine');
  const matrixGflops = await matrixRate(runtime, clock);
  const memoryGBs = await memoryBandwidth(runtime, clock);
  const ratios: Record<string, number> = {};
  onStart('training steps');
  for (const optimizer of ['SGD', 'Adam'] as const) {
    const { median } = await seedStep(runtime, optimizer, clock);
    ratios[`keras-cnn, step with ${optimizer}`] = median / seedStepFloor(optimizer, matrixGflops, memoryGBs);
  }
  const { gflops } = await recipeSpeed(record, runtime, clock, { runs: 3 });
  ratios['record, step'] = matrixGflops / gflops;
  onStart('convolutions');
  for (const [shape, rate] of Object.entries(await convolutionRates(runtime, clock))) {
    ratios[`convolution ${shape}, both ways`] = matrixGflops / rate;
  }
  onStart('inference');
  const { batch1, batch64 } = await seedInference(runtime, clock);
  for (const [images, rate] of [
    [1, batch1],
    [64, batch64],
  ] as const) {
    ratios[`keras-cnn, inference of ${images}`] =
      (1000 * images) / rate / seedInferenceFloor(images, matrixGflops, memoryGBs);
  }
  onStart('starts');
  return { ...ratios, ...(await startTimes()) };
}
