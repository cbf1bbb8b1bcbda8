import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HarrierError } from '../../errors.ts';
import { formatCount, formatQuantity } from '../../format/format.ts';
import { withLock } from '../../platform/node/files/lock.ts';
import { isAddress } from '../../platform/node/remote/remote-images.ts';
import { isOfThisMachine } from '../../platform/node/remote/s3.ts';
import { Exit, failureOf } from '../failure.ts';
import type { Interruption } from '../interruption.ts';
import type { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';
import { AnswersFile, ELSEWHERE } from './answers-file.ts';
import { begun, inOrder } from './in-order.ts';
import { ThreadEnded } from './thread-pool.ts';

/** Images that run together. */
const BATCH = 16;
/** Images that are read or wait for the model at a time: the network is slow in answering, not in sending. */
const AHEAD = 64;
/** Images in a row that do not come: the network or a disk is away then, rather than so many images gone. */
const OUTAGE = 64;

export interface ToFile {
  /** The first digits of the SHA-256 of the model's file: lines of other models are told by it. */
  readonly model: string;
  /** The names, from the beginning, however often it is called. */
  readonly names: () => AsyncIterable<string>;
  readonly out: string;
  readonly force?: boolean;
  /** The pixels of an image as the model takes them. */
  readonly read: (name: string) => Promise<Uint8Array>;
  /** What is said of each of some images, whose pixels lie one after another. */
  readonly answersTo: (pixels: Uint8Array<ArrayBuffer>) => Promise<readonly object[]>;
  /** Batches that can be answered at the same time. */
  readonly atOnce: number;
  /** Whether images that cannot be read, whose lines say why, leave the command a success; not where none can be read. */
  readonly skipBad?: boolean;
  /** For people. Default: `classifying`, `answers`. */
  readonly words?: { readonly doing: string; readonly results: string };
}

/** An image that was read, or not. */
interface Read {
  readonly file: string;
  readonly pixels?: Uint8Array;
  readonly error?: unknown;
  /** Whether the error may be of the place where images lie. */
  readonly isOutage?: boolean;
}

/** The same, with what is said of it. */
interface Answered extends Omit<Read, 'pixels'> {
  readonly answer?: object;
}

/** The model failed, and not an image. */
class ModelFailure extends Error {
  constructor(cause: unknown) {
    super('the model failed', { cause });
  }
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
  const { model, names, out, force, read } = task;
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
  let unfetched: Answered[] = [];
  const write = async (images: readonly Answered[]): Promise<void> => {
    await check();
    await file.add(images.map((image) => ({ ...lineOf(image), model })));
    done += images.length;
    failed += images.filter(({ error }) => error !== undefined).length;
  };
  const readAll = inOrder(
    list,
    (name) =>
      read(name).then(
        (pixels): Read => ({ file: name, pixels }),
        async (error): Promise<Read> => ({ file: name, error, isOutage: await isOutage(error, name) }),
      ),
    AHEAD,
  );
  try {
    const all = inOrder(batches(readAll), (batch) => answersTo(task, batch), task.atOnce + 1);
    for await (const batch of all) {
      if (interruption.exitCode !== undefined) {
        reporter.note(`Stopped after ${formatQuantity(done, 'image')}. The same command resumes.`);
        throw new Exit(interruption.exitCode);
      }
      for (const { error } of batch) {
        if (error instanceof ModelFailure) throw error.cause;
        if (error instanceof ThreadEnded) throw error;
        // No answer about any image: the same command goes on once it is mended.
        if (isOfThisMachine(error)) throw error;
      }
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

async function* batches(images: AsyncIterable<Read>): AsyncGenerator<Read[]> {
  let batch: Read[] = [];
  for await (const image of images) {
    batch.push(image);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Never fails: an error is that of every image of the batch. */
async function answersTo({ answersTo }: ToFile, images: readonly Read[]): Promise<Answered[]> {
  const readable = images.filter(({ pixels }) => pixels !== undefined);
  const size = readable[0]?.pixels?.length ?? 0;
  const pixels = new Uint8Array(size * readable.length);
  for (const [i, each] of readable.entries()) pixels.set(each.pixels!, i * size);
  try {
    const all = readable.length > 0 ? await answersTo(pixels) : [];
    const answers = new Map(readable.map((each, i) => [each, all[i]]));
    return images.map(({ pixels: _, ...each }, i) => ({ ...each, answer: answers.get(images[i]) }));
  } catch (error) {
    return images.map(({ file }) => ({ file, error: new ModelFailure(error) }));
  }
}

function lineOf({ file, answer, error }: Answered): object {
  return answer ? { file, ...answer } : { file, error: failureOf(error).message ?? '' };
}

/** Whether an error says more of the place where images lie than of this one: a network, a disk or a share. */
async function isOutage(error: unknown, file: string): Promise<boolean> {
  if (!(error instanceof HarrierError)) return false;
  if (error.code !== 'not-found') return error.code === 'network' || error.code === 'storage';
  return !isAddress(file) && (await stat(dirname(file)).catch(() => undefined)) === undefined;
}

function outage([{ file, error }, ...others]: readonly Answered[]): HarrierError {
  const { code, summary: reason } = error as HarrierError;
  const what = isAddress(file) ? 'addresses' : 'files';
  return new HarrierError(code, `${others.length + 1} images in a row: ${reason}`, {
    where: file,
    next: `Nothing is lost: the same command resumes with this image. If the ${what} are gone for good, remove them from the list.`,
  });
}
