import { signal } from '@preact/signals';
import { HarrierError } from 'harrier/src/errors.ts';
import type { AddedImage, MadeDataset, RefusedImage } from 'harrier/src/studio-server/api.ts';
import { RequestError, send, sendBytes } from '../../../api.ts';
import type { DroppedFile } from '../../../dropped.ts';
import { askBeforeLosing } from '../../../leaving.ts';
import { loadStudio } from '../../../studio.ts';

/** A file that was not taken, and why. */
export interface Refused {
  readonly path: string;
  readonly message: string;
}

/** A data set that is being made, from its beginning to its end. */
export interface Adding {
  readonly name: string;
  readonly state: 'sending' | 'done' | 'failed';
  readonly done: number;
  readonly total: number;
  readonly refused: readonly Refused[];
  readonly error?: unknown;
  /** Failed because the server did not answer: it keeps the images that arrived, and can be sent the others. */
  readonly unsent?: Unsent;
  readonly made?: MadeDataset;
}

interface Unsent {
  /** What the server calls the data set until it is finished. */
  readonly id: string;
  readonly files: Set<DroppedFile>;
}

/** The newest one; it goes on when the view is left. */
export const adding = signal<Adding | undefined>(undefined);

askBeforeLosing(() => adding.peek()?.state === 'sending' || adding.peek()?.unsent !== undefined);

/** Images that are on their way at a time. */
const AT_ONCE = 4;
/** Before each further attempt at a request that got no answer. */
const PAUSES_MS = [500, 2_000, 5_000];
/** Answers after which another attempt may help: too slow, too much at once, and those of a proxy without its server. */
const PASSING: ReadonlySet<number> = new Set([408, 502, 503, 504]);

let current: AbortController | undefined;

/** Sends images to the server, and has it make a data set of them. One that was not sent to its end is thrown away. */
export async function addData(name: string, files: readonly DroppedFile[]): Promise<void> {
  const before = adding.peek()?.unsent;
  if (before) void cancel(before.id);
  await sendAll({ name, state: 'sending', done: 0, total: files.length, refused: [] }, new Set(files));
}

/** Sends the images that did not arrive because the server did not answer. */
export async function resumeAdding(): Promise<void> {
  const now = adding.peek();
  if (!now?.unsent) return;
  const { unsent, error: _, ...rest } = now;
  await sendAll({ ...rest, state: 'sending' }, unsent.files, unsent.id);
}

/** @param begun what the server calls the data set, where it was begun before */
async function sendAll(state: Adding, files: Set<DroppedFile>, begun?: string): Promise<void> {
  const abort = new AbortController();
  current = abort;
  const tell = (change: Partial<Adding>) => {
    if (abort.signal.aborted) return;
    state = { ...state, ...change };
    adding.value = state;
  };
  tell({});
  let id = begun;
  try {
    id ??= (await send<{ id: string }>('POST', 'new-datasets', { name: state.name })).id;
    const address = `new-datasets/${id}`;
    const left = files.values();
    const sendRest = async () => {
      for (const each of left) {
        const message = await refusalOf(address, each, abort.signal);
        if (abort.signal.aborted) return;
        files.delete(each);
        tell({
          done: state.total - files.size,
          ...(message !== undefined && { refused: [...state.refused, { path: each.path, message }] }),
        });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, sendRest));
    abort.signal.throwIfAborted();
    const made = await patiently(() => send<MadeDataset>('POST', `${address}/finish`), abort.signal);
    await loadStudio();
    tell({ state: 'done', made });
  } catch (error) {
    const isKept = id !== undefined && isPassing(error) && !abort.signal.aborted;
    tell({ state: 'failed', error, ...(isKept && { unsent: { id: id!, files } }) });
    // What else is on its way is sent again, or not wanted.
    abort.abort();
    if (id !== undefined && !isKept) await cancel(id);
  }
}

/** Throws away what was sent. */
export function cancelAdding(): void {
  current?.abort();
  adding.value = undefined;
}

async function cancel(id: string): Promise<void> {
  await send('POST', `new-datasets/${id}/cancel`).catch(() => {});
}

/** Sends one image. @returns why it was refused, where it was @throws what would refuse every image */
async function refusalOf(
  address: string,
  { path, file }: DroppedFile,
  signal: AbortSignal,
): Promise<string | undefined> {
  // Sent, a file that was moved or changed since looks like a server that does not answer.
  const isThere = await file
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => true,
      () => false,
    );
  if (!isThere) return `${path}: this file cannot be read any more`;
  const answer = await patiently(
    () => sendBytes<AddedImage | RefusedImage>(`${address}/image`, { path }, file, signal),
    signal,
  );
  return 'refused' in answer ? answer.refused : undefined;
}

/** Asks again after a pause where nobody answers. The server takes what it is sent twice as if it came once. */
async function patiently<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (const pause of PAUSES_MS) {
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
    signal.throwIfAborted();
  }
  return ask();
}

/** Whether a request may do better another time. */
function isPassing(error: unknown): boolean {
  if (error instanceof RequestError) return PASSING.has(error.status);
  return error instanceof HarrierError && error.code === 'network';
}
