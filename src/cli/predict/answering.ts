import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HarrierError } from '../../errors.ts';
import { isAddress } from '../../platform/node/remote/remote-images.ts';
import { isOfThisMachine } from '../../platform/node/remote/s3.ts';
import { inOrder } from './in-order.ts';
import { ThreadEnded } from './thread-pool.ts';

/** Images that run together. */
const BATCH = 16;
/** Images that are read or wait for the model at a time: the network is slow in answering, not in sending. */
const AHEAD = 64;

/** How images are read and answered. */
export interface Answering<Answer extends object> {
  /** The pixels of an image as the model takes them. */
  readonly read: (name: string) => Promise<Uint8Array>;
  /** What is said of each of some images, whose pixels lie one after another. */
  readonly answersTo: (pixels: Uint8Array<ArrayBuffer>) => Promise<readonly Answer[]>;
  /** Batches that can be answered at the same time. */
  readonly atOnce: number;
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
export interface Answered<Answer extends object> extends Omit<Read, 'pixels'> {
  readonly answer?: Answer;
}

/** The model failed, and not an image. */
class ModelFailure extends Error {
  constructor(cause: unknown) {
    super('the model failed', { cause });
  }
}

/** Images of a list with the answers to them, in its order, some at a time. */
export function answered<Answer extends object>(
  list: AsyncIterator<string>,
  task: Answering<Answer>,
): AsyncGenerator<readonly Answered<Answer>[]> {
  const readAll = inOrder(
    list,
    (name) =>
      task.read(name).then(
        (pixels): Read => ({ file: name, pixels }),
        async (error): Promise<Read> => ({ file: name, error, isOutage: await isOutage(error, name) }),
      ),
    AHEAD,
  );
  return inOrder(batches(readAll), (batch) => answersTo(task, batch), task.atOnce + 1);
}

/** @throws what says nothing about an image: the same command goes on once it is mended */
export function checkAnswered(images: readonly Answered<object>[]): void {
  for (const { error } of images) {
    if (error instanceof ModelFailure) throw error.cause;
    if (error instanceof ThreadEnded) throw error;
    if (isOfThisMachine(error)) throw error;
  }
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
async function answersTo<Answer extends object>(
  { answersTo }: Answering<Answer>,
  images: readonly Read[],
): Promise<Answered<Answer>[]> {
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

/** Whether an error says more of the place where images lie than of this one: a network, a disk or a share. */
async function isOutage(error: unknown, file: string): Promise<boolean> {
  if (!(error instanceof HarrierError)) return false;
  if (error.code !== 'not-found') return error.code === 'network' || error.code === 'storage';
  return !isAddress(file) && (await stat(dirname(file)).catch(() => undefined)) === undefined;
}
