import { preprocessingMetadata, STRETCHED } from '../data/preprocessing.ts';
import {
  averageModels,
  CLASS_NAMES_KEY,
  exportModel,
  type ExportOptions as ModelOptions,
  ORIGIN_KEY,
  originText,
  THRESHOLDS_KEY,
  type Weights,
} from '../models/index.ts';
import type { Model } from '../onnx/index.ts';
import type { RunPlan } from './plan-run.ts';

export interface ExportOptions {
  readonly classNames: readonly string[];
  /** The temperature of the probabilities. Default 1. */
  readonly temperature?: number;
  /** How it tells images that show none of its classes. */
  readonly rejection?: ModelOptions['rejection'];
  /** Of a model that gives images any number of labels: from which probability each counts. */
  readonly thresholds?: readonly number[];
  /** Only images whose largest probability by one view is below this get the others. Default: all do. */
  readonly viewsBelow?: number;
  /** Harrier's version. */
  readonly version?: string;
  /** What else the model file says about itself. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The model of a run: its network with weights, and what was trained how. The same run gives the same bytes. */
export function exportRun(
  { network, options }: Pick<RunPlan, 'network' | 'options'>,
  weights: Weights,
  how: ExportOptions,
): Model {
  const { testTimeAugmentation = 'none' } = options;
  const { temperature = 1, rejection, thresholds, viewsBelow } = how;
  return exportModel(network, weights, metadataOf(options, how), {
    testTimeAugmentation,
    temperature,
    ...(viewsBelow !== undefined && { viewsBelow }),
    ...(rejection && { rejection }),
    ...(thresholds && { thresholds }),
  });
}

/** The model of a run that averages those of others. */
export function exportEnsemble(
  { options }: Pick<RunPlan, 'options'>,
  models: readonly Model[],
  how: ExportOptions,
): Model {
  return averageModels(models, {
    ...metadataOf(options, how),
    ...(how.thresholds && { [THRESHOLDS_KEY]: JSON.stringify(how.thresholds) }),
  });
}

function metadataOf(
  options: RunPlan['options'],
  { classNames, version, metadata }: ExportOptions,
): Record<string, string> {
  return {
    [CLASS_NAMES_KEY]: JSON.stringify(classNames),
    ...(version !== undefined && { 'harrier.version': version }),
    'harrier.recipe': options.recipe,
    ...(options.from && {
      'harrier.fineTunedFrom': options.from.hash,
      [ORIGIN_KEY]: originText(options.from),
    }),
    'harrier.seed': `${options.seed}`,
    'harrier.epochs': `${options.epochs}`,
    ...preprocessingMetadata(options.preprocessing ?? STRETCHED),
    ...metadata,
  };
}
