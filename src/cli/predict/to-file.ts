import { HarrierError } from '../../errors.ts';
import { formatCount, formatQuantity } from '../../format/format.ts';
import { withLock } from '../../platform/node/files/lock.ts';
import { isAddress } from '../../platform/node/remote/remote-images.ts';
import { Exit, failureOf } from '../failure.ts';
import type { Interruption } from '../interruption.ts';
import type { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';
import { type Answered, type Answering, answered, checkAnswered } from './answering.ts';
import { AnswersFile, ELSEWHERE } from './answers-file.ts';
import { begun } from './in-order.ts';

/** Images in a row that do not come: the network or a disk is away then, rather than so many images gone. */
const OUTAGE = 64;

export interface ToFile extends Answering<object> {
  /** The first digits of the SHA-256 of the model's file: lines of other models are told by it. */
  readonly model: string;
  /** The names, from the beginning, however often it is called. */
  readonly names: () => AsyncIterable<string>;
  readonly out: string;
  readonly force?: boolean;
  /** Whether images that cannot be read, whose lines say why, leave the command a success; not where none can be read. */
  readonly skipBad?: boolean;
  /** For people. Default: `classifying`, `answers`. */
  readonly words?: { readonly doing: string; readonly results: string };
}

/**
 * Answers for a list of any length, as lines of JSON: `{"file", "predictions", "model"}`, or `{"file", "error", "model"}`. A
 * file that exists is continued, so that after a crash no image is done twice and none is lost.
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
  const { signal } = interruption;
  await withLock(`${task.out}.lock`, { signal, onWait, elsewhere: ELSEWHERE }, (check) =>
    answerAll(task, check, reporter, interruption),
  ).catch((error) => {
    // Stopped before it had the file for itself.
    throw error === signal.reason ? new Exit(interruption.exitCode!) : error;
  });
}

/** @param check throws when another process has taken the file over, after this one slept for long */
async function answerAll(
  task: ToFile,
  check: () => Promise<void>,
  reporter: Reporter,
  interruption: Interruption,
): Promise<void> {
  const { model, names, out, force } = task;
  const { doing = 'classifying', results = 'answers' } = task.words ?? {};
  // A list that cannot be read leaves the file as it is, even with --force.
  const list = await begun(names());
  const file = await AnswersFile.open(
    out,
    async (line) => line.model === model && (await list.next()).value === line.file,
    force,
  );
  const { held } = file;
  if (held.lines > 0) {
    reporter.note(
      `${formatQuantity(held.lines, 'line')} of ${shortPath(out)} ${held.lines === 1 ? 'is' : 'are'} kept.`,
    );
  }
  let [done, failed] = [held.lines, held.failed];
  // Lines of images that did not come, until one does: in an outage they are no answers.
  let unfetched: Answered<object>[] = [];
  const write = async (images: readonly Answered<object>[]): Promise<void> => {
    await check();
    await file.add(images.map((image) => ({ ...lineOf(image), model })));
    done += images.length;
    failed += images.filter(({ error }) => error !== undefined).length;
  };
  try {
    for await (const batch of answered(list, task)) {
      if (interruption.exitCode !== undefined) {
        reporter.note(`Stopped after ${formatQuantity(done, 'image')}. The same command resumes.`);
        throw new Exit(interruption.exitCode);
      }
      checkAnswered(batch);
      const waiting = [...unfetched, ...batch];
      const fetched = waiting.findLastIndex((image) => !image.isOutage) + 1;
      unfetched = waiting.slice(fetched);
      if (unfetched.length >= OUTAGE) throw outage(unfetched);
      await write(waiting.slice(0, fetched));
      reporter.work({ what: doing, done, total: 0, unit: 'images' });
    }
    // Where not one image came since, the place where they lie is away.
    if (unfetched.length > 0 && done === held.lines) throw outage(unfetched);
    await write(unfetched);
  } finally {
    await file.close();
  }
  reporter.clear();
  reporter.print(`${formatQuantity(done, 'image')}, ${results} in ${shortPath(out)}`);
  if (failed === 0) return;
  const summary = `${formatCount(failed)} of ${formatQuantity(done, 'image')} could not be read; their lines say why`;
  if (task.skipBad && failed < done) {
    reporter.note(`Note: ${summary}.`);
    return;
  }
  reporter.error(summary);
  throw new Exit(1);
}

function lineOf({ file, answer, error }: Answered<object>): object {
  return answer ? { file, ...answer } : { file, error: failureOf(error).message ?? '' };
}

function outage([{ file, error }, ...others]: readonly Answered<object>[]): HarrierError {
  const { code, summary: reason } = error as HarrierError;
  const what = isAddress(file) ? 'addresses' : 'files';
  return new HarrierError(code, `${others.length + 1} images in a row: ${reason}`, {
    where: file,
    next: `Nothing is lost: the same command resumes with this image. If the ${what} are gone for good, remove them from the list.`,
  });
}
