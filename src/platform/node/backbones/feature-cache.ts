import { randomUUID } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FeatureStore } from '../../../backbones/index.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../models/index.ts';
import { cacheDirectory, writeAtomically } from '../files/cache.ts';
import { noteUse } from '../files/last-used.ts';

/** Features of all networks together take at most this on disk; the oldest files go first. */
const MOST_BYTES = 2 * 2 ** 30;
const ENDING = '.safetensors';

/**
 * Features in the cache: files of rows under `features/`, a folder for each network. A file appears whole or not at all;
 * one that is damaged is removed, and its features are computed again. All together take at most 2 GiB: the oldest files
 * go first. A cache that cannot be written to costs time, nothing else.
 *
 * @example
 * const store = featureCache(backbone.key(), backbone.size);
 * await classifier.fit(train, { store });
 *
 * @param key of the network: `Backbone.key`
 * @param size numbers of a row: `Backbone.size`
 */
export function featureCache(
  key: string,
  size: number,
  { directory = cacheDirectory(), mostBytes = MOST_BYTES } = {},
): FeatureStore {
  const all = join(directory, 'features');
  const folder = join(all, key.slice(0, 32));
  return {
    async read(keys) {
      const wanted = new Set(keys);
      const found = new Map<string, Float32Array>();
      for (const name of await filesIn(folder)) {
        const file = join(folder, name);
        const rows = await rowsOf(file, size);
        if (!rows) {
          await rm(file, { force: true }).catch(() => {});
          continue;
        }
        let isUsed = false;
        for (const [own, row] of rows) {
          if (!wanted.has(own)) continue;
          found.set(own, row);
          isUsed = true;
        }
        if (isUsed) await noteUse(file);
        if (found.size === wanted.size) break;
      }
      return found;
    },
    async write(rows) {
      const features = new Float32Array(rows.size * size);
      [...rows.values()].forEach((row, i) => {
        features.set(row, i * size);
      });
      const bytes = encodeSafetensors({
        tensors: new Map([['features', { shape: [rows.size, size], data: features }]]),
        metadata: { keys: [...rows.keys()].join(' ') },
      });
      // A cache that cannot be written to costs time, nothing else.
      await writeAtomically(join(folder, `${randomUUID()}${ENDING}`), bytes).catch(() => {});
      await makeRoom(all, mostBytes);
    },
  };
}

/** Undefined where the file is damaged, or of rows of another size. */
async function rowsOf(file: string, size: number): Promise<[string, Float32Array][] | undefined> {
  try {
    const { tensors, metadata } = decodeSafetensors(await readFile(file), file);
    const features = tensors.get('features');
    const keys = (metadata.keys ?? '').split(' ');
    if (features?.shape[0] !== keys.length || features.shape[1] !== size) return undefined;
    return keys.map((key, i) => [key, features.data.subarray(i * size, (i + 1) * size)]);
  } catch {
    return undefined;
  }
}

async function filesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  return names.filter((name) => name.endsWith(ENDING));
}

async function makeRoom(folder: string, mostBytes: number): Promise<void> {
  const files = await Promise.all(
    (await filesIn(folder)).map(async (name) => {
      const file = join(folder, name);
      const info = await stat(file).catch(() => undefined);
      return { file, bytes: info?.size ?? 0, time: info?.mtimeMs ?? 0 };
    }),
  );
  let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { file, bytes } of files.sort((a, b) => a.time - b.time)) {
    if (total <= mostBytes) return;
    await rm(file, { force: true }).catch(() => {});
    total -= bytes;
  }
}
