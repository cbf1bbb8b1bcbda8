import { readdir, stat } from 'node:fs/promises';
import { extname, isAbsolute, join, parse, relative, resolve, sep } from 'node:path';
import { HarrierError } from '../../../errors.ts';
import { isImageName } from '../images/image-names.ts';
import type { FolderFile } from './folder-listing.ts';
import { byCode, identityOf } from './folder-tree.ts';
import { isJunkFolder } from './junk.ts';
import type { ManifestRow } from './manifest.ts';

/** A list whose folder has more sub-folders names files by their paths. */
const MOST_FOLDERS = 20;

type ListedFile = Omit<FolderFile, 'label' | 'part'>;

/** A line of a list that names a file. */
type Line = Pick<ManifestRow, 'file' | 'line'>;

/** The images of a folder by their names without the ending. */
type Stems = ReadonlyMap<string, readonly string[]>;

/**
 * Finds the files that a list names: where its lines say, else with the ending of an image file (`abc` is `abc.jpg`), else
 * in one of the folders beside the list (`abc.jpg` is `train/abc.jpg`).
 */
export class ListedFiles {
  readonly #root: string;
  readonly #list: string;
  readonly #stems = new Map<string, Promise<Stems>>();
  readonly #beside = new Map<string, number>();
  #folders: Promise<readonly string[]> | undefined;

  /** @param root the folder of the list, which errors call `list` */
  constructor(root: string, list: string) {
    this.#root = root;
    this.#list = list;
  }

  /** Folders beside the list in which files were found that it names without them, and how many. */
  get beside(): ReadonlyMap<string, number> {
    return this.#beside;
  }

  /**
   * Undefined where there is no such file.
   * @throws HarrierError `bad-data` where several files may be meant
   */
  async find(row: Line): Promise<ListedFile | undefined> {
    const spellings = [...spellingsOf(row)];
    for (const spelling of spellings) {
      const found = (await this.#at(spelling)) ?? (await this.#withEnding(spelling, row));
      if (found) return found;
    }
    const relatives = spellings.filter((spelling) => !isAbsolute(spelling) && !spelling.startsWith('..'));
    const places = new Map<string, { readonly folder: string; readonly file: ListedFile }>();
    for (const folder of relatives.length > 0 ? await this.#foldersBeside() : []) {
      for (const spelling of relatives) {
        const inside = join(folder, spelling);
        const file = (await this.#at(inside)) ?? (await this.#withEnding(inside, row));
        if (file) places.set(file.path, { folder, file });
      }
    }
    if (places.size > 1) throw this.#several(row, [...places.keys()]);
    const [only] = places.values();
    if (only) this.#beside.set(only.folder, (this.#beside.get(only.folder) ?? 0) + 1);
    return only?.file;
  }

  async #at(spelling: string): Promise<ListedFile | undefined> {
    const full = resolve(this.#root, spelling);
    const info = await stat(full, { bigint: true }).catch(() => undefined);
    if (!info?.isFile()) return undefined;
    return {
      path: relative(this.#root, full).split(sep).join('/'),
      size: Number(info.size),
      mtimeMs: Number(info.mtimeNs) / 1e6,
      ctimeMs: Number(info.ctimeNs) / 1e6,
      identity: identityOf(info),
    };
  }

  async #withEnding(spelling: string, row: Line): Promise<ListedFile | undefined> {
    if (isImageName(spelling)) return undefined;
    const { dir, base } = parse(spelling);
    const names = (await this.#stemsIn(resolve(this.#root, dir))).get(base) ?? [];
    if (names.length > 1) {
      throw this.#several(
        row,
        names.map((name) => join(dir, name)),
      );
    }
    return names.length === 1 ? this.#at(join(dir, names[0])) : undefined;
  }

  #stemsIn(folder: string): Promise<Stems> {
    const known = this.#stems.get(folder) ?? stemsOf(folder);
    this.#stems.set(folder, known);
    return known;
  }

  #foldersBeside(): Promise<readonly string[]> {
    this.#folders ??= readdir(this.#root, { withFileTypes: true }).then(
      (entries) => {
        const folders = entries.filter((entry) => entry.isDirectory() && !isJunkFolder(entry.name));
        return folders.length > MOST_FOLDERS ? [] : folders.map(({ name }) => name).sort(byCode);
      },
      () => [],
    );
    return this.#folders;
  }

  #several({ file, line }: Line, paths: readonly string[]): HarrierError {
    return new HarrierError('bad-data', 'several files may be meant', {
      where: `${this.#list}, line ${line}`,
      expected: `one file called "${file}"`,
      received: paths.slice(0, 5).join(', '),
      next: 'Name the file with its folder and its ending.',
    });
  }
}

async function stemsOf(folder: string): Promise<Stems> {
  const stems = new Map<string, string[]>();
  for (const name of (await readdir(folder).catch(() => [])).sort(byCode)) {
    if (!isImageName(name) || name.startsWith('.')) continue;
    const stem = name.slice(0, -extname(name).length);
    stems.set(stem, [...(stems.get(stem) ?? []), name]);
  }
  return stems;
}

/** A path of a list, and how else it may be meant. */
function spellingsOf({ file }: Pick<Line, 'file'>): Set<string> {
  // A list that was written on Windows is read elsewhere too.
  const slashes = [file, ...(sep === '/' && file.includes('\\') ? [file.replaceAll('\\', '/')] : [])];
  // Nor do systems agree on how to write é: as one character, or as a letter and its accent.
  return new Set(slashes.flatMap((each) => [each, each.normalize('NFC'), each.normalize('NFD')]));
}

/** @throws HarrierError `bad-data` for a path that leads out of the folder */
export function checkInside(row: ManifestRow, root: string, path: string): void {
  for (const spelling of spellingsOf(row)) {
    const inside = relative(root, resolve(root, spelling));
    if (!isAbsolute(inside) && inside.split(sep)[0] !== '..') continue;
    throw new HarrierError('bad-data', 'this list names a file outside of what was packed with it', {
      where: `${path}, line ${row.line}`,
      expected: 'a path relative to the list',
      received: row.file,
      next: 'If it is yours, unpack it and give the list.',
    });
  }
}
