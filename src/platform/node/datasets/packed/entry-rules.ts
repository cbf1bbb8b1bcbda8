import { HarrierError } from '../../../../errors.ts';
import { formatQuantity } from '../../../../format/format.ts';
import { isJunkFile, isJunkFolder } from '../junk.ts';

/** Files of an archive at most: a damaged or hostile one may name more. */
const MOST_FILES = 2_000_000;
/** Images are compressed already: an archive that grows more than this is none of images. */
const MOST_GROWTH = 100;
const ALWAYS_ALLOWED = 256 * 2 ** 20;

/** Decides what of an archive is unpacked, and refuses archives that would do harm. */
export class EntryRules {
  readonly #where: string;
  readonly #mostBytes: number;
  #files = 0;
  #bytes = 0;

  /** @param archiveBytes size of the archive */
  constructor(where: string, archiveBytes: number) {
    this.#where = where;
    this.#mostBytes = ALWAYS_ALLOWED + MOST_GROWTH * archiveBytes;
  }

  /** Files that are to be unpacked so far. */
  get files(): number {
    return this.#files;
  }

  /**
   * The parts of the path of a file that is to be unpacked; undefined for one that systems leave in archives.
   *
   * @param bytes of the file, unpacked
   * @throws HarrierError `bad-data` for a path that leads out of the archive, `too-large` beyond the limits
   */
  pathOf(name: string, bytes: number): readonly string[] | undefined {
    const parts = name.replaceAll('\\', '/').split('/');
    const isOutside = /^([A-Za-z]:|\/)/.test(name) || parts.includes('..') || name.includes('\0');
    if (isOutside) {
      throw new HarrierError('bad-data', 'a path in this archive leads out of it: nothing is unpacked', {
        where: this.#where,
        received: JSON.stringify(name),
        next: 'Do not trust it. Pack the images again.',
      });
    }
    const own = parts.filter((part) => part !== '' && part !== '.');
    if (own.length === 0 || own.slice(0, -1).some(isJunkFolder) || isJunkFile(own.at(-1)!)) return undefined;
    this.#files++;
    this.#bytes += bytes;
    if (this.#files > MOST_FILES || this.#bytes > this.#mostBytes) {
      throw new HarrierError('too-large', 'this archive unpacks to far more than images can', {
        where: this.#where,
        expected: `at most ${formatQuantity(MOST_FILES, 'file')} and ${Math.round(this.#mostBytes / 2 ** 20)} MB`,
        received: `${formatQuantity(this.#files, 'file')}, ${Math.round(this.#bytes / 2 ** 20)} MB or more`,
        next: 'If it is yours, unpack it and give the folder.',
      });
    }
    return own;
  }

  /** @throws HarrierError `bad-data` when nothing was unpacked */
  checkNotEmpty(): void {
    if (this.#files > 0) return;
    throw new HarrierError('bad-data', 'this archive holds no files', {
      where: this.#where,
      expected: 'a folder with one sub-folder of images per class, or a list with its images',
    });
  }
}
