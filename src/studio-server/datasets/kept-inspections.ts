import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonObject } from '../../json-text.ts';
import { cacheDirectory, writeAtomically } from '../../platform/node/files/cache.ts';
import { HARRIER_VERSION } from '../../platform/node/version.ts';
import type { ImageMap, StudioInspection } from '../api.ts';
import type { StudioDataset } from './dataset-library.ts';

/** What an inspection found. */
export interface Found {
  readonly inspection: StudioInspection;
  readonly map: ImageMap;
  /** The page that the command writes. */
  readonly page: string;
  /** Corrections as they were. */
  readonly corrections: string;
}

/** Inspections that are kept: a megabyte or a few each. */
const MOST_KEPT = 24;

/** What a data set was inspected as: its images by content and name, and by which Harrier. */
function fileOf({ views }: Pick<StudioDataset, 'views'>): string {
  const hash = createHash('sha256').update(HARRIER_VERSION);
  for (const { split, dataset } of views) {
    hash.update(`\n${split} ${dataset.hash} ${dataset.size}`);
    for (let index = 0; index < dataset.size; index++) hash.update(`\n${dataset.describe(index)}`);
  }
  return join(folder(), `${hash.digest('hex').slice(0, 32)}.json`);
}

const folder = (): string => join(cacheDirectory(), 'inspections');

/** What was found of the very same images before; undefined where nothing was, or it cannot be read. */
export async function readInspection(dataset: Pick<StudioDataset, 'views'>): Promise<Found | undefined> {
  const text = await readFile(fileOf(dataset), 'utf8').catch(() => '');
  const { inspection, map, page, corrections } = (jsonObject(text) ?? {}) as Partial<Found>;
  if (!inspection || !map || page === undefined || corrections === undefined) return undefined;
  return { inspection, map, page, corrections };
}

/** Keeps what was found, and removes what was kept longest ago. @throws HarrierError `storage` */
export async function keepInspection(dataset: Pick<StudioDataset, 'views'>, found: Found): Promise<void> {
  await writeAtomically(fileOf(dataset), JSON.stringify(found));
  const names = (await readdir(folder())).filter((name) => name.endsWith('.json'));
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(folder(), name);
      const info = await stat(path).catch(() => undefined);
      return { path, time: info?.mtimeMs ?? 0 };
    }),
  );
  const old = files.sort((a, b) => b.time - a.time).slice(MOST_KEPT);
  await Promise.all(old.map(({ path }) => rm(path, { force: true })));
}
