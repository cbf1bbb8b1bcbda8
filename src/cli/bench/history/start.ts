import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { measureInTurns } from '../../../benchmark/index.ts';
import { temporaryFolder } from '../../../platform/node/files/temporary-folder.ts';

const run = promisify(execFile);

/** Compiled, as users have it; a checkout runs from its sources, which takes longer. */
const HOW = import.meta.url.endsWith('.js') ? 'from cold' : 'from sources';

/**
 * How long commands take from a cold start, as multiples of the time in which Node starts and does nothing: help, and an
 * answer of the model in the package.
 */
export async function startTimes(): Promise<Record<string, number>> {
  const folder = temporaryFolder('start');
  try {
    const image = join(folder, 'image.png');
    await sharp({ create: { width: 64, height: 64, channels: 3, background: '#6a8caf' } }).toFile(image);
    const start =
      (...words: string[]) =>
      () =>
        run(process.execPath, words, { cwd: folder });
    const program = process.argv[1];
    const [nothing, help, predict] = await measureInTurns(
      [start('-e', ''), start(program, '--help'), start(program, 'predict', image)],
      { clock: () => performance.now(), rounds: 2 },
    );
    return { [`harrier --help, ${HOW}`]: help / nothing, [`harrier predict, ${HOW}`]: predict / nothing };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
