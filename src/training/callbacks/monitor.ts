import { HarrierError, unknownName } from '../../errors.ts';
import type { EpochRecord } from '../../evaluation/index.ts';
import { badOption } from '../../options/values.ts';

const MEASURES = ['loss', 'accuracy', 'validationLoss', 'validationAccuracy'] as const;

/** A figure of an epoch that a callback watches. */
export type Measure = (typeof MEASURES)[number];

/** Keras's names of the same. */
const KERAS_NAMES: Readonly<Record<string, Measure>> = {
  val_loss: 'validationLoss',
  val_accuracy: 'validationAccuracy',
};

/** Options of callbacks that watch a figure. */
export interface MonitorOptions {
  /** What to watch. Default `validationLoss`; Keras's `val_loss` and `val_accuracy` are taken too. */
  readonly monitor?: Measure | 'val_loss' | 'val_accuracy';
  /** Whether less or more is better. Default `auto`: less of a loss, more of an accuracy. */
  readonly mode?: 'auto' | 'min' | 'max';
}

/** What is watched, and what counts as better. */
export interface Monitor {
  readonly measure: Measure;
  /** What everything is better than. */
  readonly worst: number;
  /** @throws HarrierError `bad-option` when the epoch has no such figure */
  read(record: EpochRecord): number;
  better(value: number, than: number, by: number): boolean;
}

export function monitorOf(
  where: string,
  { monitor = 'validationLoss', mode = 'auto' }: MonitorOptions,
): Monitor {
  const measure = KERAS_NAMES[monitor] ?? MEASURES.find((known) => known === monitor);
  if (measure === undefined) throw unknownName(`measure for ${where}`, `${monitor}`, MEASURES);
  if (!['auto', 'min', 'max'].includes(mode)) throw badOption(where, 'mode', '"auto", "min" or "max"', mode);
  const more = mode === 'max' || (mode === 'auto' && measure.toLowerCase().includes('accuracy'));
  return {
    measure,
    worst: more ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY,
    read(record) {
      const value = record[measure];
      if (value !== undefined) return value;
      throw new HarrierError('bad-option', `${where} watches ${measure}, which these epochs do not have`, {
        next: 'Give fit validationData or validationSplit, or watch "loss".',
        options: ['validationSplit'],
      });
    },
    better: (value, than, by) => (more ? value > than + by : value < than - by),
  };
}
