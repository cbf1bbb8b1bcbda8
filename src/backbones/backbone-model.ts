import type { Preprocessing } from '../data/preprocessing.ts';
import type { StartingPoint, TrainedNetwork } from '../models/index.ts';
import type { Runtime } from '../runtime/index.ts';

/** A network whose features are wanted: a `StartingModel`, for one. */
export interface BackboneModel extends TrainedNetwork, StartingPoint {
  readonly preprocessing: Preprocessing;
}

/** What makes features of images. */
export interface FeatureSource {
  /** Numbers that it makes of an image. */
  readonly size: number;
  readonly runtime: Runtime;
  /** @returns float32 `[count, size]` */
  features(pixels: Uint8Array, onProgress?: (done: number, total: number) => void): Promise<Float32Array>;
}
