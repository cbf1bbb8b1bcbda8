import type { FeatureStore } from '../backbones/index.ts';
import type { OpenBatches } from '../data/batches.ts';
import type { ImageShape } from '../data/dataset.ts';
import type { Sha256 } from '../data/sha256.ts';

/** What a platform brings to a run besides its store. */
export interface RunPlatform {
  /** Harrier's version, for the model file. */
  readonly version: string;
  /** Milliseconds from any beginning. */
  readonly clock: () => number;
  /** Begins a SHA-256. Default: the neutral core's, which is slower than a platform's own. */
  readonly sha256?: () => Sha256;
  /** Where batches come from, for a number of threads. Default: each is computed when it is needed. */
  readonly openBatches?: (options: { readonly threads: number }) => OpenBatches;
  /** Where features of a network are kept, by its key. Default: nowhere. */
  readonly openFeatures?: (key: string, size: number) => FeatureStore;
  /** One image (uint8, rows × columns × channels) as a data URI, for the report. */
  readonly imageUri: (pixels: Uint8Array, shape: ImageShape) => Promise<string>;
}
