import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject } from '../../../options/values.ts';
import { writeAtomically } from '../files/cache.ts';

/**
 * The test images that a folder had while it was too small for a split by content alone, by the SHA-256 of their
 * bytes: they stay test images when the folder grows.
 */
export async function readKeptTest(root: string, cache: string): Promise<ReadonlySet<string>> {
  try {
    const kept: unknown = JSON.parse(await readFile(await keptTestFile(root, cache), 'utf8'));
    const test = isObject(kept) && Array.isArray(kept.test) ? kept.test : [];
    return new Set(test.filter((hash) => typeof hash === 'string'));
  } catch {
    // None were kept, or another hand was in the file.
    return new Set();
  }
}

/** Keeps them. A cache that cannot be written to loses nothing that the next run does not find again. */
export async function writeKeptTest(root: string, cache: string, test: readonly string[]): Promise<void> {
  await writeAtomically(await keptTestFile(root, cache), JSON.stringify({ root, test })).catch(() => {});
}

async function keptTestFile(root: string, cache: string): Promise<string> {
  // A data set of the hub lies in no folder.
  const place = await realpath(root).catch(() => root);
  return join(cache, 'splits', `${createHash('sha256').update(place).digest('hex').slice(0, 32)}.json`);
}
