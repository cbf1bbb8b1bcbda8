import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasRecords } from './cifar-records.ts';
import { missingFiles } from './cifar10.ts';
import { CIFAR10_FILES, cifar10Directory } from './cifar10-files.ts';
import { knownSet, knownSetDirectory } from './known-dataset.ts';
import { KNOWN_SETS, type KnownSet } from './known-sets.ts';
import { isManifestName } from './manifest.ts';
import { isHubDataset, isPackedName } from './packed/index.ts';

/** What `--data` names. */
export type DataKind =
  | { readonly kind: 'cifar10' | 'cifar10.1' }
  /** A built-in set that is one file for each part: `mnist`. */
  | { readonly kind: 'known'; readonly set: KnownSet }
  /** The six files of CIFAR-10's binary version, and the folder that they are in. */
  | { readonly kind: 'cifar10-files'; readonly folder: string }
  /** `train` and `test` folders of files in CIFAR-10's format. */
  | { readonly kind: 'records' }
  /** Image files with classes: a folder, a list, an archive, a Parquet file, a data set of the hub. */
  | { readonly kind: 'images' }
  | { readonly kind: 'missing' };

/** Names of the built-in data sets. */
export const BUILT_IN: readonly string[] = ['cifar10', ...KNOWN_SETS.map(({ name }) => name)];

/** Finds out what `--data` names. */
export async function dataKind(spec: string): Promise<DataKind> {
  if (spec === 'cifar10') return { kind: 'cifar10' };
  if (spec === 'cifar10.1' || spec.startsWith('cifar10.1:')) return { kind: 'cifar10.1' };
  const set = knownSet(spec);
  if (set) return { kind: 'known', set };
  if (isHubDataset(spec)) return { kind: 'images' };
  if (!(await stat(spec).catch(() => undefined))) return { kind: 'missing' };
  const folder = await cifar10Folder(spec);
  if (folder) return { kind: 'cifar10-files', folder };
  return { kind: (await hasRecords(spec)) ? 'records' : 'images' };
}

/** Whether `--data` names image files that carry classes, and neither a built-in data set nor files of CIFAR-10's format. */
export async function isImageFolder(spec: string): Promise<boolean> {
  return (await dataKind(spec)).kind === 'images';
}

/** Whether `--data` names data by a name and no path: a built-in data set, or one of the hub. */
export function isNamedData(spec: string): boolean {
  return BUILT_IN.includes(spec) || isHubDataset(spec);
}

/** The folder in which the label corrections of a data set lie: its own, or its place in the cache. */
export function correctionsFolder(spec: string, cache?: string): string {
  if (spec === 'cifar10') return cifar10Directory(cache);
  const known = knownSet(spec);
  if (known) return knownSetDirectory(known, cache);
  // The hub's have no folder of their own here: corrections of them lie where the command is started.
  if (isHubDataset(spec)) return '.';
  return isManifestName(spec) || isPackedName(spec) ? dirname(spec) : spec;
}

/** The folder, or the one that the original archive unpacks to, if it holds any of the six files. */
async function cifar10Folder(path: string): Promise<string | undefined> {
  const count = Object.keys(CIFAR10_FILES).length;
  for (const folder of [path, join(path, 'cifar-10-batches-bin')]) {
    if ((await missingFiles(folder)).length < count) return folder;
  }
  return undefined;
}
