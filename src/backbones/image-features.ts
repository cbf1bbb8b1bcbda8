import { type Dataset, imageBytes } from '../data/dataset.ts';
import { mirrored as mirroredPixels } from '../data/mirror.ts';
import type { OnProgress } from '../data/progress.ts';
import { sha256 as ownSha256, type Sha256 } from '../data/sha256.ts';
import type { FeatureStore } from '../models/index.ts';
import type { FeatureSource } from './backbone-model.ts';

/** Options of `imageFeatures`. */
export interface ImageFeaturesOptions {
  /** Whether the images are mirrored first. Default false. */
  readonly mirrored?: boolean;
  /** Features that are known already, and where new ones are kept. Default: none are. */
  readonly store?: FeatureStore;
  /** Begins a SHA-256, by which a store knows images. Default: one that runs anywhere; a platform's own is faster. */
  readonly sha256?: () => Sha256;
  /** Told how far it is; what it throws ends the work, and what is done by then is kept. */
  readonly onProgress?: OnProgress;
  /** What the progress says. Default `computing features`. */
  readonly what?: string;
}

/** Images that are read and computed at once. */
const CHUNK = 32;
/** New rows are kept in files of so many. */
const KEPT_TOGETHER = 512;

/**
 * Features of all images of a data set. Those that the store knows are not computed again; equal images are computed
 * once.
 *
 * @param backbone what `loadBackbone` of `harrier/node` and `harrier/web` gives
 * @param dataset of images that are made as the network wants them (`backbone.imageShape`)
 * @returns float32 `[images, size]`
 * @throws HarrierError as `Backbone.features` does; what `onProgress` throws
 */
export async function imageFeatures(
  backbone: FeatureSource,
  dataset: Dataset,
  {
    mirrored = false,
    store,
    sha256 = ownSha256,
    onProgress,
    what = 'computing features',
  }: ImageFeaturesOptions = {},
): Promise<Float32Array> {
  const bytes = imageBytes(dataset.imageShape);
  const keys = keysOf(dataset, bytes, mirrored, sha256);
  const rows = new Map(await store?.read(keys));
  const missing = [...new Map(keys.map((key, index) => [key, index] as const))].filter(
    ([key]) => !rows.has(key),
  );
  let fresh = new Map<string, Float32Array>();
  const keep = async () => {
    if (fresh.size > 0) await store?.write(fresh);
    fresh = new Map();
  };
  const known = dataset.size - missing.length;
  try {
    for (let start = 0; start < missing.length; start += CHUNK) {
      const part = missing.slice(start, start + CHUNK);
      const pixels = new Uint8Array(part.length * bytes);
      dataset.gather(
        part.map(([, index]) => index),
        pixels,
      );
      const features = await backbone.features(
        mirrored ? mirroredPixels(pixels, dataset.imageShape.width) : pixels,
      );
      for (const [i, [key]] of part.entries()) {
        const row = features.slice(i * backbone.size, (i + 1) * backbone.size);
        rows.set(key, row);
        fresh.set(key, row);
      }
      if (fresh.size >= KEPT_TOGETHER) await keep();
      onProgress?.({ what, done: known + start + part.length, total: dataset.size, unit: 'images' });
    }
  } finally {
    await keep();
  }
  const all = new Float32Array(dataset.size * backbone.size);
  for (const [index, key] of keys.entries()) all.set(rows.get(key)!, index * backbone.size);
  return all;
}

/** Of every image: the SHA-256 of its pixels, and which view it is. */
function keysOf(dataset: Dataset, bytes: number, mirrored: boolean, sha256: () => Sha256): string[] {
  const image = new Uint8Array(bytes);
  return Array.from({ length: dataset.size }, (_, index) => {
    dataset.gather([index], image);
    return `${sha256().update(image).digest().slice(0, 32)}${mirrored ? '-mirrored' : ''}`;
  });
}
