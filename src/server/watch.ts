import { stat } from 'node:fs/promises';
import { filesOfWeights } from '../platform/node/files/model-file.ts';

/**
 * Calls `onChange` after a model was replaced or rewritten, once it has stopped changing. It asks again and again
 * rather than waiting for the system's word: that also works over network drives and through symbolic links.
 *
 * @param state tells how the model is now
 * @param read its state when it was read, which may be older than now
 * @returns ends it
 */
export function watchModel(
  state: () => Promise<string | undefined>,
  everyMs: number,
  onChange: () => Promise<void>,
  read: string | undefined,
): () => void {
  let seen = read;
  let before: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const look = async (): Promise<void> => {
    const now = await state();
    // A file that is away for a moment is about to be replaced.
    if (now !== undefined) {
      seen ??= now;
      if (now !== seen && now === before) {
        seen = now;
        await onChange();
      }
    }
    before = now;
    if (!ended) timer = setTimeout(look, everyMs).unref();
  };
  void look();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

/** Tells what differs once a model was replaced or rewritten, or a file of its weights; undefined where there is none. */
export function modelState(path: string): () => Promise<string | undefined> {
  let known: string | undefined;
  let weights: readonly string[] = [];
  return async () => {
    const own = await fileState(path);
    if (own === undefined) return undefined;
    if (own !== known) weights = await filesOfWeights(path);
    known = own;
    return [own, ...(await Promise.all(weights.map(fileState)))].join(' ');
  };
}

async function fileState(path: string): Promise<string | undefined> {
  const info = await stat(path).catch(() => undefined);
  return info && `${info.dev}:${info.ino}:${info.size}:${info.mtimeMs}`;
}
