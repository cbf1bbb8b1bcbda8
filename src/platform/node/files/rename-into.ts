import { rename } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** What Windows answers while another program has a file open: a virus scanner, an indexer, a backup. */
const BUSY = new Set(['EPERM', 'EACCES', 'EBUSY']);
/** The first pause and the longest one: ten seconds in all. */
const [FIRST_MS, LAST_MS] = [10, 5_120];

/** Renames a file or folder; on Windows again for some seconds, where another program has it open. */
export async function renameInto(from: string, to: string, system: string = process.platform): Promise<void> {
  for (let pause = FIRST_MS; ; pause *= 2) {
    try {
      await rename(from, to);
      return;
    } catch (error) {
      const isBusy = system === 'win32' && BUSY.has((error as NodeJS.ErrnoException).code ?? '');
      if (!isBusy || pause > LAST_MS) throw error;
      await sleep(pause);
    }
  }
}
