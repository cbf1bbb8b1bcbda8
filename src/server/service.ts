import type { ImageInput } from '../data/dataset.ts';
import { HarrierError } from '../errors.ts';

/** One image to classify. */
export interface InputImage {
  /** An image file's bytes, or pixels already in the model's shape: uint8, row-major, RGB. */
  readonly kind: 'file' | 'pixels';
  /** The file, or the pixels. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What errors call it, such as `instances[3]`. */
  readonly where: string;
}

/** The model that is served. */
export interface ServedModel {
  /** Class names, in the order of the probabilities. */
  readonly classNames: readonly string[];
  /** Size of the images that it takes, and how other images come to it. */
  readonly imageShape: ImageInput;
  /** The beginning of its file's SHA-256. */
  readonly version: string;
  /** Metadata of the model file (`harrier.…`), by key. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Whether it tells images that show none of its classes. */
  readonly tellsUnknown: boolean;
  /** Where images have any number of labels: the probability of each from which an image counts as having it. */
  readonly thresholds?: readonly number[];
}

/** What the model says of one image. */
export interface ImageAnswer {
  /** float32 `[classes]`. */
  readonly probabilities: Float32Array;
  /** From 0 to 1: above 0.5 the image shows none of the classes. Only of models that tell. */
  readonly unknown?: number;
}

/** The answer to a request: the model that answered, and one row of probabilities for each image. */
export interface Answer {
  /** The model that answered. */
  readonly model: ServedModel;
  /** For each image, float32 `[classes]`. */
  readonly probabilities: readonly Float32Array[];
  /** For each image, from 0 to 1: above 0.5 it shows none of the classes. Only of models that tell. */
  readonly unknown?: readonly number[];
}

/** How one request wants to be answered. */
export interface ClassifyOptions {
  /** Milliseconds until the answer is of no use any more. */
  readonly deadlineMs: number;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}

/** `loading` until the first model is ready; `draining` once it was asked to end. */
export type ServiceState = 'loading' | 'ready' | 'draining' | 'closed';

/** The service behind the HTTP routes: it classifies images. */
export interface ClassificationService {
  /** Whether it can answer, and with which model. */
  readonly state: ServiceState;
  /** Undefined while the first model is loading. */
  readonly model: ServedModel | undefined;
  /** Images that may wait at the same time; more are refused. */
  readonly maxQueue: number;
  /** Workers that can take images now. */
  readonly workers: number;
  /** Why a request would wait too long or in vain, known before its body is read: `overloaded`; else undefined. */
  readonly overload: HarrierError | undefined;
  /**
   * @throws HarrierError `overloaded`, `timed-out`, `too-large` (more images than may ever wait), or what is wrong
   * with an image
   */
  classify(images: readonly InputImage[], options: ClassifyOptions): Promise<Answer>;
}

/** @throws HarrierError `too-large` when a request has more images than may ever wait */
export function checkCount(images: number, maxQueue: number): void {
  if (images <= maxQueue) return;
  throw new HarrierError('too-large', 'too many images in one request', {
    expected: `at most ${maxQueue}`,
    received: `${images}`,
    next: 'Send them in several requests, or start the server with a larger --max-queue.',
  });
}
