import type { Dataset } from '../data/dataset.ts';
import type { OnProgress } from '../data/progress.ts';
import {
  type AdaptiveEvaluation,
  type AdaptiveViews,
  beforeAndAfter,
  evaluateAdaptiveViews,
  fitAdaptiveViews,
  PredictionSets,
  type Predictions,
  withAdaptiveViews,
  withTemperature,
} from '../evaluation/index.ts';
import type { Weights } from '../models/index.ts';
import { calibrateRun, type RunCalibration } from './calibrate-run.ts';
import { exportRun } from './export-run.ts';
import { predictionsOf } from './predictions-of.ts';
import type { PreparedRun } from './prepare-run.ts';
import type { RunPlatform } from './run-platform.ts';

/** The adaptive views of a run's model. */
export interface AdaptiveRun {
  readonly chosen: AdaptiveViews;
  /** Of the model with adaptive views. */
  readonly calibration: RunCalibration;
  /** What adaptive views gain and cost on images. @param adaptive what the finished model says of them */
  compare(images: Dataset, adaptive: Predictions): Promise<AdaptiveEvaluation>;
}

/**
 * Chooses the threshold of adaptive views on the validation images of a run, and calibrates the model that has them.
 * Threshold and temperature depend on each other: the temperature is fitted by the threshold of uncalibrated
 * probabilities, then the threshold is chosen again.
 */
export async function adaptiveRun(
  run: PreparedRun,
  weights: Weights,
  { version }: Pick<RunPlatform, 'version'>,
  onProgress?: OnProgress,
): Promise<AdaptiveRun> {
  const { network, options, data, runtime } = run;
  const { testTimeAugmentation: all = 'none' } = options;
  const by = (views: typeof all, images: Dataset, temperature: number) => {
    const plan = { network, options: { ...options, testTimeAugmentation: views } };
    const model = exportRun(plan, weights, { classNames: data.classNames, temperature, version });
    return predictionsOf(runtime, model, images, views === 'none' ? 'one view' : 'all views', onProgress);
  };
  const validation = run.validation!;
  const said = [await by('none', validation, 1), await by(all, validation, 1)] as const;
  const raw = withAdaptiveViews(...said, fitAdaptiveViews(...said).below);
  const calibration = await calibrateRun(run, async () => raw);
  const { temperature } = calibration.scaling;
  const [first, full] = said.map((each) => withTemperature(each, temperature));
  const chosen = fitAdaptiveViews(first, full);
  const adaptive = withAdaptiveViews(first, full, chosen.below);
  return {
    chosen,
    calibration: {
      scaling: {
        ...calibration.scaling,
        ...(calibration.scaling.validation && { validation: beforeAndAfter(adaptive, temperature) }),
      },
      ...(calibration.sets && { sets: PredictionSets.calibrate(adaptive) }),
      validation: adaptive,
    },
    compare: async (images, own) => {
      const others = {
        first: await by('none', images, temperature),
        full: await by(all, images, temperature),
      };
      return evaluateAdaptiveViews({ ...others, adaptive: own }, all, chosen);
    },
  };
}
