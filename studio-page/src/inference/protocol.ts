// What the page asks of its worker for models: types alone.
import type { ImageInput } from 'harrier/src/data/dataset.ts';
import type { Progress } from 'harrier/src/data/progress.ts';
import type { Explanation, Filters, LayerFeatures, ModelLayer } from 'harrier/src/explanation/index.ts';

/** `auto`: the graphics device where there is one that computes, else the processor. */
export type WantedBackend = 'auto' | 'wasm' | 'webgpu';

/** Where a model comes from: an address, or a file that the user chose. */
export type ModelSource = { readonly url: string } | { readonly file: File };

/** A model that is ready. */
export interface OpenedModel {
  readonly name: string;
  readonly classNames: readonly string[];
  /** Where images have any number of labels: the probability of each from which an image counts as having it. */
  readonly thresholds?: readonly number[];
  readonly imageShape: ImageInput;
  readonly layers: readonly ModelLayer[];
  /** The layer that Grad-CAM looks at; undefined where `unexplained` says why it cannot. */
  readonly explainedLayer?: string;
  readonly unexplained?: string;
  readonly backend: 'wasm' | 'webgpu';
  /** For people: `WebGPU (nvidia ampere)`, `WebAssembly, 4 threads`. */
  readonly engine: string;
  /** What was assumed of it, and why it does not run where it was wanted to. */
  readonly note?: string;
}

/** What a model says of an image. */
export interface Answer {
  readonly probabilities: Float32Array;
  /** The class that the map is about. */
  readonly classIndex: number;
  /** Whether the image shows none of the classes; absent where the model does not tell. */
  readonly isUnknown?: boolean;
  /** Classes that hold the right one as often as `coverage` says; absent where nothing was promised of the model. */
  readonly set?: { readonly classes: readonly number[]; readonly coverage: number };
  /** Absent where the model cannot be explained. */
  readonly map?: Pick<Explanation, 'map' | 'height' | 'width' | 'peak'>;
  /** How long the model took, with its explanation. */
  readonly milliseconds: number;
}

/** What a model says of an image, and no more. */
export type PlainAnswer = Pick<Answer, 'probabilities' | 'isUnknown'>;

/** What the worker can be asked for, each answered once. */
export interface Actions {
  open(
    source: ModelSource,
    name: string,
    backend: WantedBackend,
    progress: (progress: Progress) => void,
  ): Promise<OpenedModel>;
  /** uint8 `[height, width, 3]`, as the opened model takes it. */
  decode(file: Blob, where: string): Promise<Uint8Array>;
  /** Quicker than an explanation; for many images. */
  answer(file: Blob, where: string): Promise<PlainAnswer>;
  explain(pixels: Uint8Array, classIndex?: number): Promise<Answer>;
  /** float32, each row of length 1. */
  embed(pixels: Uint8Array): Promise<Float32Array>;
  features(pixels: Uint8Array, layers: readonly string[]): Promise<LayerFeatures[]>;
  filters(): Promise<Filters>;
}

export type ActionName = keyof Actions;
