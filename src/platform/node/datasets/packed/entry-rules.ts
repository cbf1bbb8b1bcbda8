import { access, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HarrierError } from '../../../../errors.ts';
import { formatQuantity } from '../../../../format/format.ts';
import { windowsName } from '../../files/plain-names.ts';
import { isJunkFile, isJunkFolder } from '../junk.ts';
import { isManifestName } from '../manifest.ts';

/** Files of an archive, or images of Parquet files, at most: damaged or hostile ones may name more. */
const MOST_FILES = 2_000_000;
/** Images are compressed already: an archive that grows more than this is none of images. */
const MOST_GROWTH = 100;
const ALWAYS_ALLOWED = 256 * 2 ** 20;

/** Folders in which a list of images with their labels may lie: that of the archive, or the one that is in it alone. */
const LIST_DEPTH = 2;

/** What the system that is unpacked on does to names. */
export interface Names {
  /** `Cat.jpg` and `cat.jpg` are one file, as by default on macOS and Windows. */
  readonly ignoreCase: boolean;
  readonly isWindows: boolean;
}

/** What a folder's file system does to names: found by a file that is made in it, and removed. */
export async function namesIn(folder: string): Promise<Names> {
  const probe = join(folder, '.harrier-case');
  await writeFile(probe, '');
  const ignoreCase = await access(join(folder, '.HARRIER-CASE')).then(
    () => true,
    () => false,
  );
  await rm(probe, { force: true });
  return { ignoreCase, isWindows: process.platform === 'win32' };
}

/** Bytes that so many packed ones may unpack to. */
export function mostUnpacked(packedBytes: number): number {
  return ALWAYS_ALLOWED + MOST_GROWTH * packedBytes;
}

/** Counts what is unpacked, and refuses what would fill the disk. */
export class UnpackedSize {
  readonly #what: string;
  readonly #mostBytes: number;
  #files = 0;
  #bytes = 0;

  /** @param what is unpacked: `archive` */
  constructor(what: string, packedBytes: number) {
    this.#what = what;
    this.#mostBytes = mostUnpacked(packedBytes);
  }

  get files(): number {
    return this.#files;
  }

  /** One more file. @throws HarrierError `too-large` beyond the limits */
  add(bytes: number, where: string): void {
    this.#files++;
    this.#bytes += bytes;
    this.#check(this.#files, where);
  }

  /** Files that are announced. @throws HarrierError `too-large` where they would be too many */
  announce(files: number, where: string): void {
    this.#check(this.#files + files, where);
  }

  #check(files: number, where: string): void {
    if (files <= MOST_FILES && this.#bytes <= this.#mostBytes) return;
    throw new HarrierError('too-large', `this ${this.#what} unpacks to far more than images can`, {
      where,
      expected: `at most ${formatQuantity(MOST_FILES, 'file')} and ${Math.round(this.#mostBytes / 2 ** 20)} MB`,
      received: `${formatQuantity(files, 'file')}, ${Math.round(this.#bytes / 2 ** 20)} MB or more`,
      next: 'If it is yours, unpack it and give the folder.',
    });
  }
}

/** Decides what of an archive is unpacked, and refuses archives that would do harm. */
export class EntryRules {
  readonly #where: string;
  readonly #size: UnpackedSize;
  readonly #names: Names;
  /** The paths so far as a system that ignores case knows them, with what they are. */
  readonly #taken = new Map<string, string>();
  /** The first list, and the first file that got another name. */
  #list: string | undefined;
  #renamed: string | undefined;

  /** @param archiveBytes size of the archive */
  constructor(where: string, archiveBytes: number, names: Names) {
    this.#where = where;
    this.#size = new UnpackedSize('archive', archiveBytes);
    this.#names = names;
  }

  /** Files that are to be unpacked so far. */
  get files(): number {
    return this.#size.files;
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
    this.#size.add(bytes, this.#where);
    const { ignoreCase, isWindows } = this.#names;
    if (!ignoreCase && !isWindows) return own;
    const place = this.#placeOf(isWindows ? own.map(windowsName) : own, own);
    const isList = own.length <= LIST_DEPTH && isManifestName(own.at(-1)!);
    if (isList) this.#list ??= own.join('/');
    else if (place.join('/') !== own.join('/')) this.#renamed ??= own.join('/');
    return place;
  }

  /** Where a file goes, on systems that take two of the archive's names for one. */
  #placeOf(wanted: readonly string[], own: readonly string[]): readonly string[] {
    for (let depth = 1; depth < own.length; depth++) {
      const folder = `${own.slice(0, depth).join('/')}/`;
      const known = this.#know(`${wanted.slice(0, depth).join('/')}/`, folder);
      if (known === folder) continue;
      throw new HarrierError('bad-data', 'two folders of this archive have one name on this system', {
        where: this.#where,
        received: `${known} and ${folder}`,
        next: 'Unpack it on Linux and rename one of them, or put them into one folder there.',
      });
    }
    const file = wanted.at(-1)!;
    const dot = file.lastIndexOf('.');
    const [stem, ending] = dot > 0 ? [file.slice(0, dot), file.slice(dot)] : [file, ''];
    for (let number = 1; ; number++) {
      const name = number === 1 ? file : `${stem}-${number}${ending}`;
      const place = [...wanted.slice(0, -1), name];
      // The same entry again replaces the one before, as in all programs.
      if (this.#know(place.join('/'), own.join('/')) === own.join('/')) return place;
    }
  }

  /** What has a place already, or takes it now. */
  #know(place: string, what: string): string {
    const key = place.normalize('NFC').toLowerCase();
    const known = this.#taken.get(key);
    if (known === undefined) this.#taken.set(key, what);
    return known ?? what;
  }

  /** @throws HarrierError `bad-data` when nothing was unpacked, or not all under the names that a list has */
  checkAll(): void {
    if (this.#renamed !== undefined && this.#list !== undefined) {
      throw new HarrierError(
        'bad-data',
        'a list in this archive may name files that cannot have these names here',
        {
          where: this.#where,
          received: `${this.#renamed}, and the list ${this.#list}`,
          next: 'Unpack it on Linux and rename the files, in the list too.',
        },
      );
    }
    if (this.files > 0) return;
    throw new HarrierError('bad-data', 'this archive holds no files', {
      where: this.#where,
      expected: 'a folder with one sub-folder of images per class, or a list with its images',
    });
  }
}
