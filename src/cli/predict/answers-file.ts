import { type FileHandle, open, truncate } from 'node:fs/promises';
import { HarrierError } from '../../errors.ts';
import { jsonObject } from '../../json-text.ts';
import { storageError } from '../../platform/node/files/cache.ts';
import { readError } from '../../platform/node/files/read-error.ts';
import { toDisk } from '../../platform/node/files/to-disk.ts';

/** What to do where a file of answers cannot be written. */
export const ELSEWHERE = 'choose another file with --out';
const CHUNK = 1 << 20;
/** How each line begins. */
const BEGINNING = '{"file":';

/** What a file of answers holds already. */
interface Held {
  /** Whole lines. */
  readonly lines: number;
  /** Lines that say why there is no answer. */
  readonly failed: number;
}

/**
 * A file of answers, one line of JSON for each image, in the order of the list. It only grows: after a crash, the whole
 * lines are what is done, and what comes after the last of them is cut off.
 */
export class AnswersFile {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly held: Held;

  private constructor(file: FileHandle, path: string, held: Held) {
    this.#file = file;
    this.#path = path;
    this.held = held;
  }

  /**
   * Opens a file to go on with it.
   *
   * @param isNext whether a line is the answer to the next image of the list; asked for each whole line in order
   * @throws HarrierError `bad-option` for a file that holds something else; `storage`
   */
  static async open(
    path: string,
    isNext: (line: Readonly<Record<string, unknown>>) => Promise<boolean>,
    force = false,
  ): Promise<AnswersFile> {
    let file: FileHandle | undefined;
    try {
      // For reading and appending; it is made where there is none.
      file = await open(path, force ? 'w+' : 'a+');
      let [lines, failed, whole, at] = [0, 0, 0, 0];
      let rest = Buffer.alloc(0);
      const buffer = Buffer.alloc(CHUNK);
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, CHUNK, at);
        if (bytesRead === 0) break;
        at += bytesRead;
        rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
        for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
          const answer = jsonObject(rest.subarray(0, end).toString('utf8'));
          if (!answer || !(await isNext(answer))) throw notThese(path, lines + 1);
          lines++;
          if (typeof answer.error === 'string') failed++;
          whole += end + 1;
          rest = rest.subarray(end + 1);
        }
        if (rest.length > CHUNK) throw notThese(path, lines + 1);
      }
      // Half a line is no answer, and goes; what does not begin as one is somebody's.
      const begun = rest.subarray(0, BEGINNING.length).toString('utf8');
      if (!BEGINNING.startsWith(begun)) throw notThese(path, lines + 1);
      // By its path: on Windows a file that is open for appending cannot be cut.
      if (at > whole) await truncate(path, whole);
      return new AnswersFile(file, path, { lines, failed });
    } catch (error) {
      await file?.close();
      throw error instanceof HarrierError ? error : readError(error as NodeJS.ErrnoException, path, 'file');
    }
  }

  /** Appends whole lines. @throws HarrierError `storage` */
  async add(answers: readonly object[]): Promise<void> {
    const text = answers.map((answer) => `${JSON.stringify(answer)}\n`).join('');
    await this.#file.appendFile(text).catch((error) => {
      throw storageError(error, this.#path, ELSEWHERE);
    });
  }

  async close(): Promise<void> {
    await toDisk(this.#file);
    await this.#file.close();
  }
}

function notThese(path: string, line: number): HarrierError {
  return new HarrierError('bad-option', 'this file holds no answers of this model to this list', {
    where: `${path}, line ${line}`,
    next: 'Choose another file with --out, or write over it with --force.',
  });
}
