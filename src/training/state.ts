import type { Executable, Tensors } from '../runtime/index.ts';
import type { GroupScalars } from './updates.ts';

/** What a step is told besides its feeds. */
export interface StepScalars {
  /** Of every group of parameters, by its place. */
  readonly groups: GroupScalars;
  /** How much of each parameter goes into its average, where averages are kept. */
  readonly averageFraction: number;
}

/** One pass of images forward and of gradients back: a batch, or a part of it. */
export interface Pass {
  readonly feeds: Tensors;
  /** Its fraction of the batch's images. */
  readonly fraction: number;
  /** What runs it. Asking for that of a pass with another number of images may dispose of it. */
  executable(): Promise<Executable>;
}

/** The numbers that training changes: parameters and the optimizer's slots, in the graph's layout. */
export interface TrainingState {
  /** Whether the step graph must hold the optimizer. */
  readonly updatesInGraph: boolean;
  /**
   * Runs one step and brings parameters and slots up to date: the gradients of its passes are added up. Nothing changes
   * when the loss of one is not finite; no pass after it is run then.
   *
   * @returns the outputs of each pass that was run
   */
  step(passes: readonly Pass[], scalars: StepScalars): Promise<Tensors[]>;
  /** Takes the gradients of these parameters to be 0 from now on: the passes do not give them. */
  settle?(parameters: ReadonlySet<string>): void;
  /** Everything by name: `conv2d/kernel`, `conv2d/kernel/momentum`. */
  read(): Promise<ReadonlyMap<string, Float32Array>>;
  /** Replaces everything that is named. */
  write(arrays: ReadonlyMap<string, Float32Array>): void;
  /** Gives back what can be made again. The numbers stay. */
  dispose(): Promise<void>;
}

export interface StateOptions {
  /** Whether an average of every trainable parameter is kept. */
  readonly average: boolean;
  /** Whether a step may have several passes. */
  readonly accumulate: boolean;
}

/** Whether the loss that a pass gave is a number. */
export function isFiniteLoss(outputs: Tensors): boolean {
  return Number.isFinite(outputs.loss.data[0] as number);
}
