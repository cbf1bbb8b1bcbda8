import { HarrierError } from '../../errors.ts';
import type { EpochRecord, History } from '../../evaluation/index.ts';
import type { Weights } from '../../models/index.ts';
import type { Optimizer } from '../../optimizers/index.ts';
import { badOption, checkNumber } from '../../options/values.ts';
import type { Runtime } from '../../runtime/index.ts';
import type { StepProgress } from '../fit-options.ts';
import type { Callback, Training } from './callback.ts';

/** What the callbacks of a run can reach. */
export interface CallbackContext {
  readonly optimizer: Optimizer;
  readonly epochs: number;
  readonly runtime: Runtime;
  /** The bytes of `model.onnx` with some weights. */
  readonly export: (weights: Weights) => Uint8Array<ArrayBuffer>;
}

/** Calls callbacks in their order, and keeps what they ask for. */
export class CallbackRun {
  readonly #callbacks: readonly Callback[];
  readonly #training: Training;
  #scale = 1;
  #stopped = false;
  #weights: (() => Promise<Weights>) | undefined;
  #restored: Weights | undefined;
  /** The first error of an `onBatchEnd` that nobody waited for. */
  #failure: { readonly error: unknown } | undefined;

  constructor(callbacks: readonly Callback[], context: CallbackContext) {
    if (!Array.isArray(callbacks) || !callbacks.every((each) => typeof each === 'object' && each !== null)) {
      throw badOption('fit', 'callbacks', 'a list such as [new EarlyStopping({ patience: 3 })]', callbacks);
    }
    this.#callbacks = callbacks;
    this.#training = this.#trainingOf(context);
  }

  #trainingOf({ optimizer, epochs, runtime, export: exported }: CallbackContext): Training {
    const { config } = optimizer.learningRate;
    const first = config.name === 'constant' ? optimizer.learningRate.at(0) : undefined;
    const weights = async (): Promise<Weights> => {
      if (this.#weights) return this.#weights();
      throw new HarrierError('bad-option', 'callbacks can read weights only at the end of an epoch', {
        where: 'callbacks',
      });
    };
    const files = (): NonNullable<Runtime['files']> => {
      if (runtime.files) return runtime.files;
      throw new HarrierError('not-supported', 'this runtime has no files', {
        where: `callbacks, ${runtime.name}`,
        next: 'Write your own callback, which takes the bytes: onEpochEnd(record, training) with training.toOnnx().',
      });
    };
    const scaled = (rate: number): void => {
      checkNumber('callbacks', 'learningRate', rate, { atLeast: 0 });
      if (first === undefined || first === 0) {
        throw new HarrierError(
          'bad-option',
          'the learning rate cannot be set while the optimizer follows a schedule',
          {
            where: 'callbacks',
            expected: 'an optimizer with one learning rate above 0',
            received: `${config.name}`,
          },
        );
      }
      this.#scale = rate / first;
    };
    const rate = (): number => (first ?? Number.NaN) * this.#scale;
    return {
      epochs,
      get learningRate() {
        return rate();
      },
      set learningRate(value) {
        scaled(value);
      },
      stop: () => {
        this.#stopped = true;
      },
      weights,
      toOnnx: async () => exported(await weights()),
      restore: (restored) => {
        this.#restored = restored;
      },
      writeFile: async (path, bytes) => files().write(path, bytes),
      readFile: async (path) => files().read(path),
    };
  }

  /** What the optimizer's learning rates are multiplied by. */
  readonly learningRateScale = (): number => this.#scale;

  readonly stopped = (): boolean => this.#stopped;

  async begin(): Promise<void> {
    for (const each of this.#callbacks) await each.onTrainBegin?.(this.#training);
  }

  readonly epochBegin = async (epoch: number): Promise<void> => {
    for (const each of this.#callbacks) await each.onEpochBegin?.(epoch, this.#training);
  };

  readonly batchEnd = (progress: StepProgress): void => {
    this.#throwFailure();
    for (const each of this.#callbacks) {
      const result: unknown = each.onBatchEnd?.(progress, this.#training);
      if (!(result instanceof Promise)) continue;
      result.catch((error: unknown) => {
        this.#failure ??= { error };
      });
    }
  };

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }

  readonly epochEnd = async (record: EpochRecord, weights: () => Promise<Weights>): Promise<void> => {
    this.#throwFailure();
    this.#weights = weights;
    for (const each of this.#callbacks) await each.onEpochEnd?.(record, this.#training);
    this.#weights = undefined;
  };

  /** @returns the weights that callbacks want the model to have, if any do */
  async end(history: History, weights: Weights): Promise<Weights | undefined> {
    this.#throwFailure();
    this.#weights = async () => weights;
    for (const each of this.#callbacks) await each.onTrainEnd?.(history, this.#training);
    this.#weights = undefined;
    return this.#restored;
  }
}
