import type { Dataset, ImageInput } from '../data/dataset.ts';
import type { OnProgress } from '../data/progress.ts';
import type { Model } from '../onnx/index.ts';
import type { HeadKind } from '../options/words.ts';
import type { Runtime } from '../runtime/index.ts';

/** What a classifier learns on top of: `loadBackbone` of `harrier/node` and `harrier/web` gives one. */
export interface ClassifierBackbone {
  readonly name: string;
  readonly imageShape: ImageInput;
  readonly runtime: Runtime;
  /** Fits a head for the classes of a data set on its features. */
  fitHead(head: HeadKind, train: Dataset, options: ClassifierFitOptions): Promise<FittedClassifier>;
}

/** Where the features of one network's images are kept, by keys of their pixels. */
export interface FeatureStore {
  /** Those that are kept of some keys, and perhaps others: each a row, float32 `[size]`. */
  read(keys: readonly string[]): Promise<ReadonlyMap<string, Float32Array>>;
  /** Keeps rows. */
  write(rows: ReadonlyMap<string, Float32Array>): Promise<void>;
}

/** Options of `Classifier.fit`. */
export interface ClassifierFitOptions {
  /** What is drawn at random follows from it. Default 1. */
  readonly seed?: number;
  /** Whether an image's mirror image shows the same class: its features are learnt from too. Default true. */
  readonly mirrored?: boolean;
  /** Fraction of each target that is spread over all classes, in [0, 1). Default 0. */
  readonly labelSmoothing?: number;
  /** Told how far it is: images whose features are computed, then steps of the fit. */
  readonly onProgress?: OnProgress;
  /** Ends the work when it is aborted. */
  readonly signal?: AbortSignal;
  /**
   * Features that are known already, and where new ones are kept: with the same store, another head on the same images
   * computes none. It is for one network. Default: none are kept.
   */
  readonly store?: FeatureStore;
}

/** How well a head fits. */
export interface ClassifierFit {
  /** Fraction right of the training images. */
  readonly accuracy: number;
  /** Mean cross-entropy on the training images. */
  readonly loss: number;
  /** Fraction right of training images by heads that were not fitted on them; absent without cross-validation. */
  readonly heldOutAccuracy?: number;
}

/** A backbone with a fitted head as one model by Harrier's contract, and how well it fits. */
export interface FittedClassifier {
  readonly model: Model;
  readonly fit: ClassifierFit;
}
