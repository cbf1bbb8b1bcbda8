import type { OpenBatches } from '../data/batches.ts';
import type { Dataset } from '../data/dataset.ts';
import type { EpochRecord, History } from '../evaluation/index.ts';
import type { LossOptions } from '../losses/index.ts';
import type { Network, Weights } from '../models/index.ts';
import type { Optimizer } from '../optimizers/index.ts';
import type { Runtime } from '../runtime/index.ts';
import type { BatchOptions } from './batch-options.ts';
import type { Checkpoint, RunPosition } from './checkpoint.ts';
import type { StepGraph } from './step-graph.ts';

/** A training run: network, data, optimizer, length, and who is told about it. */
export interface FitOptions extends BatchOptions {
  /** The network to train; its frozen layers keep their weights. */
  readonly network: Network;
  /** The rule that turns gradients into steps, with its learning-rate schedule. */
  readonly optimizer: Optimizer;
  /** Options of the cross-entropy, such as label smoothing. */
  readonly loss?: LossOptions;
  /** The engine that runs the step graph, such as `nodeRuntime()`. */
  readonly runtime: Runtime;
  /** The training images. */
  readonly train: Dataset;
  /** Evaluated after every epoch; it chooses the best epoch and when to stop early. Never the test set. */
  readonly validation?: Dataset;
  /** Passes over the training images, from 1. */
  readonly epochs: number;
  /** Images per step; the last batch of an epoch may be smaller. */
  readonly batchSize: number;
  /** Where batches come from; all sources give the same. Default: each is computed when it is needed. */
  readonly openBatches?: OpenBatches;
  /** Everything random follows from it. */
  readonly seed: number;
  /**
   * Whether the model will be calibrated on its validation images. Their loss is then that at the temperature which suits
   * them best, so that label smoothing, which makes a model under-confident, has no say in which epoch is best. Default
   * false.
   */
  readonly calibrate?: boolean;
  /**
   * Whether the result's weights are those of the epoch with the lowest validation loss, where there is validation; else
   * those of the last step. Default true.
   */
  readonly keepBest?: boolean;
  /** Stops after this many epochs without a lower validation loss. */
  readonly earlyStopping?: number;
  /** Where to go on from; the other options must be those of the run that wrote it. */
  readonly resume?: Checkpoint;
  /** With `resume`: the weights of the best epoch before, those to use of what `save` kept. */
  readonly bestWeights?: Weights;
  /** First weights, where they are not drawn by the seed. */
  readonly weights?: Weights;
  /** The graph of a whole step, where `checkMemory` has built it already; memory is then not checked again. */
  readonly stepGraph?: StepGraph;
  /** Milliseconds from any beginning. */
  readonly clock: () => number;
  /** @param epoch from 1; a resumed epoch begins again */
  readonly onEpochBegin?: (epoch: number) => void | Promise<void>;
  /** Called after every step, with the progress of the epoch. */
  readonly onStep?: (step: StepProgress) => void;
  /** @param weights gives copies of the weights as they are */
  readonly onEpoch?: (record: EpochRecord, weights: () => Promise<Weights>) => void | Promise<void>;
  /** What all learning rates are multiplied by, asked before every step. Default 1. */
  readonly learningRateScale?: () => number;
  /** Called while validation images are evaluated, with the number of images done and in all. */
  readonly onValidation?: (done: number, total: number) => void;
  /**
   * Keeps a checkpoint: after every epoch, every `checkpointSeconds` in between, and when interrupted. `best` tells
   * that no epoch before had a lower validation loss.
   */
  readonly save?: (checkpoint: Checkpoint, best: boolean) => Promise<void>;
  /** Longest time between two checkpoints, in seconds. Default: one after each epoch only. */
  readonly checkpointSeconds?: number;
  /**
   * Asked after every step; when true, the run saves and ends, unless it is false once that is saved: who could not keep the
   * checkpoint may go on.
   */
  readonly interrupted?: () => boolean;
}

/** How far an epoch has come. Means are over the images seen so far in it. */
export interface StepProgress {
  /** From 1. */
  readonly epoch: number;
  /** Epochs of the whole run. */
  readonly epochs: number;
  /** From 1, within the epoch. */
  readonly step: number;
  /** Steps of an epoch. */
  readonly steps: number;
  /** Mean cross-entropy. */
  readonly loss: number;
  /** Fraction of images classified correctly, 0 to 1. */
  readonly accuracy: number;
  /** The learning rate of this step. */
  readonly learningRate: number;
  /** Images this process trained on, and the seconds it took; for the rate. */
  readonly images: number;
  /** Seconds that this process took for `images`. */
  readonly seconds: number;
  /** Images left in the epoch and in the run. */
  readonly imagesLeftInEpoch: number;
  /** Images left in the run. */
  readonly imagesLeft: number;
}

/** The result of a training run. */
export interface FitResult {
  /** One record for each finished epoch. */
  readonly history: History;
  /** Of the best epoch where one is known, else of the last step. */
  readonly weights: Weights;
  /** The epoch that the weights are of, where validation chose it. */
  readonly bestEpoch?: number;
  /** `early`: early stopping ended the run; `interrupted`: `interrupted` returned true. */
  readonly ended: 'finished' | 'early' | 'interrupted';
  /** Where the run ended, as in a checkpoint. */
  readonly position: RunPosition;
}
