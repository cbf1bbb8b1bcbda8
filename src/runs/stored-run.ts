import { HarrierError } from '../errors.ts';
import { type Evaluation, type History, historyFromCsv } from '../evaluation/index.ts';
import { jsonObject } from '../json-text.ts';
import { utf8Decode } from '../utf8.ts';
import { type RunRecord, readRecord } from './run-record.ts';
import type { RunStore, Waiting } from './run-store.ts';

/** The files of a run, by what they are. */
export const RUN_FILES = {
  /** Options, data, versions and result of the run. */
  record: 'run.json',
  /** The latest step, while the run trains. */
  progress: 'progress.json',
  /** Loss and accuracy of each epoch. */
  history: 'history.csv',
  /** The newest checkpoint. */
  last: 'checkpoints/last.safetensors',
  /** The checkpoint of the epoch with the lowest validation loss. */
  best: 'checkpoints/best.safetensors',
  /** The finished model. */
  model: 'model.onnx',
  /** The evaluation on the test images. */
  evaluation: 'evaluation.json',
  /** The prediction for each test image. */
  predictions: 'predictions.csv',
  /** Of a run on images of one's own, each image with its class, its part and its hash. */
  images: 'images.jsonl',
  /** Of a whole cross-validation, what its folds say of each image that they held out. */
  heldOut: 'out-of-fold.csv',
  /** Of the runs of a cross-validation, the probabilities of each test image: float32 `[images, classes]`. */
  probabilities: 'probabilities.npy',
  /** The report, a page without scripts. */
  report: 'report.html',
  /** The model card. */
  card: 'README.md',
  /** What people say of the run: its name and tags. */
  about: 'about.json',
} as const;

/** A file of a run folder, by what it holds. */
export type RunFile = keyof typeof RUN_FILES;

/** One run where it is kept: its files by what they are, whatever they lie in. */
export class StoredRun {
  readonly store: RunStore;

  constructor(store: RunStore) {
    this.store = store;
  }

  /** What a person calls one of its files: a path, in a folder. */
  file(name: RunFile): string {
    return this.store.where(RUN_FILES[name]);
  }

  /** @throws HarrierError `storage`; `in-use` when another process has taken the run over: nothing is then changed */
  write(name: RunFile, content: Uint8Array | string): Promise<void> {
    return this.store.write(RUN_FILES[name], content);
  }

  /** As `write`, for what nobody misses after a power cut. @throws HarrierError `storage` */
  note(name: RunFile, content: string): Promise<void> {
    return this.store.note(RUN_FILES[name], content);
  }

  /** Removes a file; one that is not there is no error. @throws HarrierError `storage` */
  remove(name: RunFile): Promise<void> {
    return this.store.remove(RUN_FILES[name]);
  }

  /** The bytes of a file, or undefined when there is none. @throws HarrierError `storage` */
  read(name: RunFile): Promise<Uint8Array | undefined> {
    return this.store.read(RUN_FILES[name]);
  }

  /** @throws HarrierError `bad-checkpoint` when this is no run, or its record cannot be used */
  async record(): Promise<RunRecord> {
    const bytes = await this.read('record');
    if (!bytes) {
      throw new HarrierError('bad-checkpoint', 'this is not a run folder: it has no run.json', {
        where: this.store.where(),
        next: 'Give a folder that harrier train wrote.',
      });
    }
    return readRecord(textOf(bytes), this.file('record'));
  }

  /**
   * The evaluation on the test images; undefined where there is none yet.
   * @throws HarrierError `bad-checkpoint` when the file holds something else, `storage`
   */
  async evaluation(): Promise<Evaluation | undefined> {
    const bytes = await this.read('evaluation');
    if (!bytes) return undefined;
    const evaluation = jsonObject(textOf(bytes)) as unknown as Evaluation | undefined;
    const lists = [evaluation?.perClass, evaluation?.interval95, evaluation?.matrix];
    if (lists.every((list) => Array.isArray(list))) return evaluation;
    throw new HarrierError('bad-checkpoint', 'this file does not hold an evaluation', {
      where: this.file('evaluation'),
      next: 'Restore it from a copy.',
    });
  }

  /**
   * One record for each epoch that was trained so far; of a head that was fitted on features, one at its end.
   * @throws HarrierError `bad-checkpoint` when the file cannot be read as such, `storage`
   */
  async history(): Promise<History> {
    const bytes = await this.read('history');
    return bytes ? historyFromCsv(textOf(bytes), this.file('history')) : [];
  }

  /** Writes `run.json`. @throws HarrierError `storage` */
  async writeRecord(record: RunRecord): Promise<void> {
    await this.write('record', `${JSON.stringify(record, undefined, 2)}\n`);
  }

  /**
   * Does something that no other process may do to this run at the same time.
   *
   * @param waiting waits for another that does; without it that is an error
   * @throws HarrierError `in-use`
   */
  exclusively<T>(action: () => Promise<T>, waiting?: Waiting): Promise<T> {
    return this.store.exclusively(action, waiting);
  }
}

/** Text that is not UTF-8 is no JSON either, nor a table, and is refused as such. */
function textOf(bytes: Uint8Array): string {
  try {
    return utf8Decode(bytes);
  } catch {
    return '';
  }
}
