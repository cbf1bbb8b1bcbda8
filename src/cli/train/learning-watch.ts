import { stepsPerEpoch } from '../../data/batch-plan.ts';
import type { EpochRecord } from '../../evaluation/index.ts';
import { formatNumber, formatQuantity } from '../../format/format.ts';
import type { PreparedRun } from '../../runs/prepare-run.ts';
import { type ConstantAnswer, constantAnswer, isNotLearning } from '../../training/index.ts';
import type { Reporter } from '../reporter.ts';

/** Says once, while a run is trained, that it is not learning, and what to try. */
export class LearningWatch {
  /** What was said. */
  readonly notes: string[] = [];
  readonly #reporter: Reporter;
  readonly #run: Pick<PreparedRun, 'options' | 'train'>;
  readonly #constant: ConstantAnswer;

  constructor(reporter: Reporter, run: Pick<PreparedRun, 'options' | 'train'>) {
    this.#reporter = reporter;
    this.#run = run;
    this.#constant = constantAnswer(run.train, run.options);
  }

  readonly epoch = (record: EpochRecord): void => {
    if (this.notes.length > 0) return;
    const { options, train } = this.#run;
    const inEpoch = stepsPerEpoch({ dataset: train, batchSize: options.batchSize });
    const steps = { taken: record.epoch * inEpoch, inRun: options.epochs * inEpoch };
    if (!isNotLearning(record, this.#constant, steps)) return;
    const loss = (value: number) => formatNumber(value, 4);
    const note =
      `Not learning so far: after ${formatQuantity(record.epoch, 'epoch')} the training loss is ${loss(record.loss)}; ` +
      `the same answer for every image gives ${loss(this.#constant.loss)}. Try a lower --learning-rate, another --seed, ` +
      `${options.augmentation?.length ? 'fewer augmentations (--augment none), ' : ''}more --epochs` +
      `${options.from ? '.' : ', or start from a finished model with --from.'}`;
    this.notes.push(note);
    this.#reporter.note(note);
  };
}
