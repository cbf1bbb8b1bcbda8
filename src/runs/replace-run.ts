import { RUN_FILES, type RunFile, type StoredRun } from './stored-run.ts';

/** What stays where it is, and the record, which comes last and says that the others are there. */
const NOT_COPIED: readonly RunFile[] = ['record', 'progress', 'about'];
const FILES = (Object.keys(RUN_FILES) as RunFile[]).filter((name) => !NOT_COPIED.includes(name));

/**
 * Puts a finished run in the place of another, which is kept aside. Interrupted, it does the same when it is called again.
 *
 * @param place where the other run lies, and this one from now on
 * @param by the finished run; its files stay
 * @param aside where the files of the other run are copied to
 * @throws HarrierError `storage`
 */
export async function replaceRun(place: StoredRun, by: StoredRun, aside: StoredRun): Promise<void> {
  // With a record, all of it is there.
  if ((await aside.read('record')) === undefined) await copyRun(place, aside);
  await copyRun(by, place);
}

async function copyRun(from: StoredRun, to: StoredRun): Promise<void> {
  for (const name of [...FILES, 'record'] as const) {
    const bytes = await from.read(name);
    if (bytes) await to.write(name, bytes);
    else await to.remove(name);
  }
}
