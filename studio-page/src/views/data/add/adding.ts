import { signal } from '@preact/signals';
import type { AddedImage, MadeDataset, RefusedImage } from 'harrier/src/studio-server/api.ts';
import { send, sendBytes } from '../../../api.ts';
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
  readonly made?: MadeDataset;
}

/** The newest one; it goes on when the view is left. */
export const adding = signal<Adding | undefined>(undefined);

askBeforeLosing(() => adding.peek()?.state === 'sending');

/** Images that are on their way at a time. */
const AT_ONCE = 4;

let current: AbortController | undefined;

/** Sends images to the server, and has it make a data set of them. */
export async function addData(name: string, files: readonly DroppedFile[]): Promise<void> {
  const abort = new AbortController();
  current = abort;
  let state: Adding = { name, state: 'sending', done: 0, total: files.length, refused: [] };
  const tell = (change: Partial<Adding>) => {
    if (abort.signal.aborted) return;
    state = { ...state, ...change };
    adding.value = state;
  };
  tell({});
  let id: string | undefined;
  try {
    ({ id } = await send<{ id: string }>('POST', 'new-datasets', { name }));
    const left = files.values();
    const sendRest = async () => {
      for (const { path, file } of left) {
        if (abort.signal.aborted) return;
        const message = await refusalOf(id!, path, file, abort.signal);
        tell({
          done: state.done + 1,
          ...(message !== undefined && { refused: [...state.refused, { path, message }] }),
        });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, sendRest));
    abort.signal.throwIfAborted();
    const made = await send<MadeDataset>('POST', `new-datasets/${id}/finish`);
    await loadStudio();
    tell({ state: 'done', made });
  } catch (error) {
    if (id !== undefined) await send('POST', `new-datasets/${id}/cancel`).catch(() => {});
    tell({ state: 'failed', error });
  }
}

/** Throws away what was sent. */
export function cancelAdding(): void {
  current?.abort();
  adding.value = undefined;
}

/** Sends one image. @returns why it was refused, where it was @throws what would refuse every image */
async function refusalOf(
  id: string,
  path: string,
  file: File,
  signal: AbortSignal,
): Promise<string | undefined> {
  const answer = await sendBytes<AddedImage | RefusedImage>(
    `new-datasets/${id}/image`,
    { path },
    file,
    signal,
  );
  return 'refused' in answer ? answer.refused : undefined;
}
