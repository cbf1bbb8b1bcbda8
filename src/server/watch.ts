import { stat } from 'node:fs/promises';

/**
 * Calls `onChange` after a file was replaced or rewritten, once it has stopped changing. It asks again and again
 * rather than waiting for the system's word: that also works over network drives and through symbolic links.
 *
 * @param read the file's state when it was read, which may be older than now; left out: how it is now
 * @returns ends it
 */
export function watchFile(
  path: string,
  everyMs: number,
  onChange: () => Promise<void>,
  read?: string,
): () => void {
  let seen = read;
  let before: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const look = async (): Promise<void> => {
    const now = await fileState(path);
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

/** What differs once a file was replaced or rewritten; undefined where there is none. */
export async function fileState(path: string): Promise<string | undefined> {
  const info = await stat(path).catch(() => undefined);
  return info && `${info.dev}:${info.ino}:${info.size}:${info.mtimeMs}`;
}
