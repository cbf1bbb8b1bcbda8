import { preprocessingMetadata, STRETCHED } from '../data/preprocessing.ts';
import { CLASS_NAMES_KEY, exportModel, type Weights } from '../models/index.ts';
import type { Model } from '../onnx/index.ts';
import type { RunPlan } from './plan-run.ts';

export interface ExportOptions {
  readonly classNames: readonly string[];
  /** The temperature of the probabilities. Default 1. */
  readonly temperature?: number;
  /** Harrier's version. */
  readonly version?: string;
  /** What else the model file says about itself. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The model of a run: its network with weights, and what was trained how. The same run gives the same bytes. */
export function exportRun(
  { network, options }: Pick<RunPlan, 'network' | 'options'>,
  weights: Weights,
  { classNames, temperature = 1, version, metadata }: ExportOptions,
): Model {
  const { testTimeAugmentation = 'none', preprocessing = STRETCHED } = options;
  return exportModel(
    network,
    weights,
    {
      [CLASS_NAMES_KEY]: JSON.stringify(classNames),
      ...(version !== undefined && { 'harrier.version': version }),
      'harrier.recipe': options.recipe,
      ...(options.from && { 'harrier.fineTunedFrom': options.from.hash }),
      'harrier.seed': `${options.seed}`,
      'harrier.epochs': `${options.epochs}`,
      ...preprocessingMetadata(preprocessing),
      ...metadata,
    },
    { testTimeAugmentation, temperature },
  );
}
