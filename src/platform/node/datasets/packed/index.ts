import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { HarrierError } from '../../../../errors.ts';
import { partNamed } from '../part-names.ts';
import { hubDatasetFolder, isHubDataset } from './hub-dataset.ts';
import { type ParquetFile, unpackParquet } from './unpack-parquet.ts';
import { unpackTar } from './unpack-tar.ts';
import { unpackZip } from './unpack-zip.ts';
import {
  hashOf,
  keptFolder,
  placeHash,
  type Unpack,
  type UnpackOptions,
  unpackedFolder,
} from './unpacked-folder.ts';

export { isHubDataset } from './hub-dataset.ts';
export type { UnpackOptions } from './unpacked-folder.ts';

type UnpackFile = (path: string, folder: string, options: UnpackOptions) => Promise<void>;

const KINDS: readonly (readonly [RegExp, UnpackFile])[] = [
  [/\.zip$/i, unpackZip],
  [/\.(tar|tgz|tar\.gz)$/i, unpackTar],
  [/\.parquet$/i, (path, folder, options) => unpackParquet([{ path }], folder, options)],
];
/** What people pack with, and is not read. */
const UNREAD = /\.(rar|7z|tar\.(xz|bz2|zst)|txz|tbz2?)$/i;

/** Whether a name is that of images in one file: an archive, or a Parquet file. */
export function isPackedName(name: string): boolean {
  return KINDS.some(([pattern]) => pattern.test(name));
}

/**
 * The folder of the cache with images that are packed: in an archive, in a Parquet file or a folder of such, or in a data
 * set of the hub. Undefined for anything else.
 *
 * @throws HarrierError as the unpacking does; `not-supported` for an archive of another kind
 */
export async function packedFolder(spec: string, options: UnpackOptions): Promise<string | undefined> {
  if (isHubDataset(spec)) return whole(await hubDatasetFolder(spec, options));
  const unpack = KINDS.find(([pattern]) => pattern.test(spec))?.[1];
  const info = await stat(spec).catch(() => undefined);
  if (unpack && info?.isFile()) {
    const fill: Unpack = (folder, how) => unpack(spec, folder, how);
    const columns = /\.parquet$/i.test(spec) ? options.columns : undefined;
    return whole(await unpackedFolder(spec, fill, { ...options, columns }));
  }
  if (info?.isDirectory()) return parquetFolder(spec, options);
  if (info?.isFile() && UNREAD.test(spec)) {
    throw new HarrierError('not-supported', 'archives of this kind are not read', {
      where: spec,
      expected: 'zip, tar or tar.gz',
      next: 'Unpack it, and give the folder.',
    });
  }
  return undefined;
}

/** Of an archive that holds a single folder, that folder. */
async function whole(folder: string): Promise<string> {
  let inner = folder;
  for (;;) {
    const entries = await readdir(inner, { withFileTypes: true });
    const [only] = entries;
    // A single folder may be that of a single class, or a part: such a one is told apart later.
    if (entries.length !== 1 || !only.isDirectory() || partNamed(only.name)) return inner;
    inner = join(inner, only.name);
  }
}

/** A folder as the hub stores a data set: Parquet files that are called like their parts, in it or in its folder `data`. */
async function parquetFolder(path: string, options: UnpackOptions): Promise<string | undefined> {
  const files: ParquetFile[] = [];
  const sizes: unknown[] = [];
  for (const folder of [path, join(path, 'data')]) {
    for (const name of (await readdir(folder).catch(() => [])).sort()) {
      if (!/\.parquet$/i.test(name)) continue;
      const part = partNamed(name.replace(/(-\d+-of-\d+.*)?\.parquet$/i, ''));
      if (part === 'unused') continue;
      const { size, mtimeMs } = await stat(join(folder, name));
      files.push({ path: join(folder, name), ...(part && { part }) });
      sizes.push([name, size, mtimeMs]);
    }
  }
  if (files.length === 0) return undefined;
  const hasParts = files.some(({ part }) => part);
  const used = files.filter(({ part }) => !hasParts || part);
  const fill: Unpack = (folder, how) => unpackParquet(used, folder, how);
  return keptFolder(basename(resolve(path)), placeHash(options, resolve(path)), hashOf(sizes), fill, options);
}
