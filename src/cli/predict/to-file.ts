import { setImmediate } from 'node:timers/promises';
import type { ImageInput } from '../../data/dataset.ts';
import { formatCount, formatQuantity } from '../../format/format.ts';
import type { Classifier } from '../../models/classifier.ts';
import { withLock } from '../../platform/node/files/lock.ts';
import { Exit, failureOf } from '../failure.ts';
import type { Interruption } from '../interruption.ts';
import type { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';
import { AnswersFile } from './answers-file.ts';
import type { Answer } from './text.ts';

/** Images that are decoded while others are classified, and that run together. */
const BATCH = 16;

export interface ToFile {
  readonly classifier: Classifier;
  /** The first digits of the SHA-256 of the model's file: lines of other models are told by it. */
  readonly model: string;
  /** The names, from the beginning, however often it is called. */
  readonly names: () => AsyncIterable<string>;
  readonly out: string;
  readonly force?: boolean;
  readonly pixelsOf: (name: string, shape: ImageInput) => Promise<Uint8Array>;
  /** What is said of an image by its probabilities. */
  readonly answerOf: (probabilities: Float32Array, unknown: number | undefined) => Answer;
}

interface Decoded {
  readonly file: string;
  readonly pixels?: Uint8Array;
  readonly error?: string;
}

/**
 * Answers for a list of any length, as lines of JSON: `{"file", "predictions", "model"}`, or `{"file", "error", "model"}`. A
 * file that is there is gone on with, so that after a crash no image is done twice and none is lost.
 */
export async function predictToFile(
  task: ToFile,
  reporter: Reporter,
  interruption: Interruption,
): Promise<void> {
  // Two processes that write to one file would mix their lines.
  let hasWaited = false;
  const onWait = (holder: number): void => {
    if (!hasWaited) reporter.note(`Waiting: process ${holder} writes to this file.`);
    hasWaited = true;
  };
  await withLock(`${task.out}.lock`, { signal: interruption.signal, onWait }, () =>
    classify(task, reporter, interruption),
  );
}

async function classify(
  { classifier, model, names, out, force, pixelsOf, answerOf }: ToFile,
  reporter: Reporter,
  interruption: Interruption,
): Promise<void> {
  const list = names()[Symbol.asyncIterator]();
  const file = await AnswersFile.open(
    out,
    async (line) => line.model === model && (await list.next()).value === line.file,
    force,
  );
  const { held } = file;
  if (held.lines > 0) {
    reporter.note(
      `${formatQuantity(held.lines, 'answer')} of ${shortPath(out)} ${held.lines === 1 ? 'is' : 'are'} kept.`,
    );
  }
  let [done, failed] = [held.lines, held.failed];
  const decode = async (): Promise<Decoded[]> => {
    const batch: string[] = [];
    while (batch.length < BATCH) {
      const next = await list.next();
      if (next.done) break;
      batch.push(next.value);
    }
    return Promise.all(
      batch.map((name) =>
        pixelsOf(name, classifier.imageShape).then(
          (pixels) => ({ file: name, pixels }),
          (error) => ({ file: name, error: failureOf(error).message ?? '' }),
        ),
      ),
    );
  };
  try {
    let ahead = decode();
    for (;;) {
      const batch = await ahead;
      if (batch.length === 0) break;
      ahead = decode();
      // Classifying blocks: what is to be decoded meanwhile must have begun.
      await setImmediate();
      const answers = await answersTo(classifier, batch, answerOf);
      await file.add(answers.map((answer) => ({ ...answer, model })));
      done += batch.length;
      failed += batch.filter(({ error }) => error !== undefined).length;
      reporter.work({ what: 'classifying', done, total: 0, unit: 'images' });
      if (interruption.exitCode === undefined) continue;
      reporter.note(`Stopped after ${formatQuantity(done, 'image')}. The same command goes on.`);
      throw new Exit(interruption.exitCode);
    }
  } finally {
    await file.close();
  }
  reporter.clear();
  reporter.print(`${formatQuantity(done, 'image')}, answers in ${shortPath(out)}`);
  if (failed === 0) return;
  reporter.error(
    `${formatCount(failed)} of ${formatQuantity(done, 'image')} could not be read; their lines say why`,
  );
  throw new Exit(1);
}

async function answersTo(
  classifier: Classifier,
  batch: readonly Decoded[],
  answerOf: ToFile['answerOf'],
): Promise<object[]> {
  const readable = batch.filter(({ pixels }) => pixels !== undefined);
  const size = readable[0]?.pixels?.length ?? 0;
  const pixels = new Uint8Array(size * readable.length);
  for (const [i, each] of readable.entries()) pixels.set(each.pixels!, i * size);
  const none = { probabilities: new Float32Array(), unknown: undefined };
  const { probabilities, unknown } = readable.length > 0 ? await classifier.answer(pixels) : none;
  const classes = classifier.classNames.length;
  const answers = new Map(
    readable.map((each, i) => [
      each,
      answerOf(probabilities.subarray(i * classes, (i + 1) * classes), unknown?.[i]),
    ]),
  );
  return batch.map((each) => {
    const { file, error } = each;
    return error === undefined ? { file, ...answers.get(each)! } : { file, error };
  });
}
