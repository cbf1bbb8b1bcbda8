import type { TrainOptions } from '../train/options.ts';

/** The options of `sweep` as they were typed: those of `train` hold for every trial. */
export interface SweepOptions extends TrainOptions {
  readonly vary?: readonly string[];
  readonly trials?: number;
  /** Seconds. */
  readonly time?: number;
  readonly parallel?: number;
  readonly halving?: boolean;
}
