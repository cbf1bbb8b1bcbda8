import type { EpochRecord, History } from '../../evaluation/index.ts';
import type { Weights } from '../../models/index.ts';
import type { StepProgress } from '../fit-options.ts';

/** The training under way, as callbacks see and steer it. */
export interface Training {
  /** Epochs that were asked for. */
  readonly epochs: number;
  /**
   * The learning rate of the next step: the optimizer's own, not that of its groups. Setting it changes the groups' rates
   * in the same proportion.
   *
   * @throws HarrierError `bad-option` when it is set to no number from 0, or the optimizer follows a schedule
   */
  learningRate: number;
  /** Ends training: after the present batch, or after the epoch when it is called at the end of one. */
  stop(): void;
  /** The weights as they are, copied; the averages, where `averageMomentum` keeps them. Between epochs only. */
  weights(): Promise<Weights>;
  /** The bytes of `model.onnx` with the weights as they are. Between epochs only. */
  toOnnx(): Promise<Uint8Array<ArrayBuffer>>;
  /** Gives the model these weights when training ends. */
  restore(weights: Weights): void;
  /**
   * Writes a file.
   * @throws HarrierError `not-supported` where the runtime has no files, as in browsers; `storage` when it fails
   */
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
  /** The bytes of a file, or undefined where there is none. */
  readFile(path: string): Promise<Uint8Array | undefined>;
}

/**
 * Functions that `model.fit` calls while it trains. All are optional, and each gets the training under way. Epochs count
 * from 1. An error in a callback ends the training.
 *
 * @example
 * await model.fit(train, {
 *   epochs: 10,
 *   callbacks: [{ onEpochEnd: ({ epoch, loss }) => console.log(epoch, loss) }],
 * });
 */
export interface Callback {
  onTrainBegin?(training: Training): void | Promise<void>;
  /** @param epoch from 1 */
  onEpochBegin?(epoch: number, training: Training): void | Promise<void>;
  /**
   * Means are over the images of the epoch so far. A promise is not waited for; if it fails, training ends at the next
   * batch or at the end of the epoch.
   */
  onBatchEnd?(progress: StepProgress, training: Training): void | Promise<void>;
  onEpochEnd?(record: EpochRecord, training: Training): void | Promise<void>;
  /** Not called when training fails. */
  onTrainEnd?(history: History, training: Training): void | Promise<void>;
}
