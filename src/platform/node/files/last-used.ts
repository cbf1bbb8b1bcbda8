import { stat, utimes } from 'node:fs/promises';

const HOUR_MS = 3_600_000;
/** What nobody has used for so long goes from the cache: earlier, a run may be about to read it. */
export const UNUSED_MS = 24 * HOUR_MS;
/** The same where the disk has no room, and for what killed processes left. */
export const UNUSED_WITHOUT_ROOM_MS = HOUR_MS;

/** Notes that a file or folder of the cache is used now: its time says so. A cache that cannot be written to is kept by others. */
export async function noteUse(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => {});
}

/** Whether nobody has used it for so long; false where there is no such file. */
export async function isUnused(path: string, milliseconds = UNUSED_MS): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  return info !== undefined && Date.now() - info.mtimeMs > milliseconds;
}
