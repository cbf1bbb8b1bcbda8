import type { Dataset, ImageInput } from '../data/dataset.ts';
import { HarrierError } from '../errors.ts';
import { decodeModel, type Model } from '../onnx/index.ts';
import type { Executable, Runtime } from '../runtime/index.ts';
import { checkConstants } from './constant-limit.ts';
import { type Contract, contractOf } from './contract.ts';

/** Images that run together when a whole data set is classified. */
const BATCH = 64;

/** A finished model that tells images apart: any ONNX model that keeps to Harrier's contract. */
export class Classifier {
  readonly classNames: readonly string[];
  /** The images that it takes. `decodeImage` makes them from files as the model wants them. */
  readonly imageShape: ImageInput;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #executable: Executable;

  readonly #where: string;

  private constructor({ imageShape, classNames, metadata }: Contract, executable: Executable, where: string) {
    this.imageShape = imageShape;
    this.classNames = classNames;
    this.metadata = metadata;
    this.#executable = executable;
    this.#where = where;
  }

  /**
   * @param source a model, or the bytes of an `.onnx` file
   * @throws HarrierError `bad-graph` or `not-supported` when it is no such model
   */
  static async load(runtime: Runtime, source: Model | Uint8Array, where = 'model'): Promise<Classifier> {
    if (typeof runtime?.compile !== 'function' || !(source instanceof Uint8Array || source?.graph)) {
      throw new HarrierError('bad-option', 'Classifier.load takes a runtime, and the bytes of a model', {
        received: [runtime, source].map(described).join(' and '),
        next: "Write: await Classifier.load(nodeRuntime(), await readFile('model.onnx')).",
      });
    }
    const model = source instanceof Uint8Array ? decodeModel(source, where) : source;
    const contract = contractOf(model.graph, model.metadata, where);
    checkConstants(model.graph, where);
    return new Classifier(contract, await runtime.compile(source, { where }), where);
  }

  /**
   * @param pixels uint8 `[count, height, width, 3]`
   * @returns float32 `[count, classes]`: each row adds up to 1
   */
  async predict(pixels: Uint8Array): Promise<Float32Array> {
    const { height, width, channels } = this.imageShape;
    const size = height * width * channels;
    if (!(pixels instanceof Uint8Array)) {
      throw new HarrierError('bad-option', 'these are no pixels', {
        where: 'Classifier.predict',
        expected: `a Uint8Array [count, ${height}, ${width}, ${channels}], values from 0 to 255`,
        received: described(pixels),
        next: 'decodeImage of harrier/node and harrier/web reads an image; scaling is part of the model.',
      });
    }
    if (pixels.length === 0 || pixels.length % size !== 0) {
      throw new HarrierError('bad-shape', 'pixels do not make whole images', {
        expected: `a multiple of ${size} bytes (${height} × ${width} × ${channels})`,
        received: `${pixels.length}`,
      });
    }
    const image = {
      type: 'uint8' as const,
      dims: [pixels.length / size, height, width, channels],
      data: pixels,
    };
    const { probabilities } = await this.#executable.step({ image });
    const classes = this.classNames.length;
    if (probabilities.dims.at(-1) !== classes) {
      throw new HarrierError('bad-graph', 'the model gives another number of classes than it states', {
        where: this.#where,
        expected: `${classes}`,
        received: `${probabilities.dims.at(-1)}`,
      });
    }
    const values = probabilities.data as Float32Array;
    if (!values.every(Number.isFinite)) {
      throw new HarrierError('bad-graph', 'the model gives numbers that are not finite', {
        next: 'Its weights are damaged, or its training diverged: take another model.',
      });
    }
    return values;
  }

  /**
   * Classifies all images of a data set, whatever its classes are called.
   * @returns float32 `[images, classes]`
   * @throws HarrierError `bad-data` when its images have another size
   */
  async predictImages(
    dataset: Dataset,
    {
      onProgress,
      batchSize = BATCH,
    }: { onProgress?: (done: number, total: number) => void; batchSize?: number } = {},
  ): Promise<Float32Array> {
    this.#checkSize(dataset);
    const { height, width, channels } = this.imageShape;
    const classes = this.classNames.length;
    const all = new Float32Array(dataset.size * classes);
    for (let start = 0; start < dataset.size; start += batchSize) {
      const count = Math.min(batchSize, dataset.size - start);
      const pixels = new Uint8Array(count * height * width * channels);
      dataset.gather(
        Array.from({ length: count }, (_, i) => start + i),
        pixels,
      );
      all.set(await this.predict(pixels), start * classes);
      onProgress?.(start + count, dataset.size);
    }
    return all;
  }

  /** @throws HarrierError when the data set has images of another size or other classes */
  checkDataset(dataset: Dataset): void {
    this.#checkSize(dataset);
    const { name, classNames } = dataset;
    if (
      classNames.length !== this.classNames.length ||
      classNames.some((each, i) => each !== this.classNames[i])
    ) {
      throw new HarrierError('bad-data', 'its classes are not those of the model', {
        where: name,
        expected: this.classNames.join(', '),
        received: classNames.join(', '),
      });
    }
  }

  #checkSize({ name, imageShape }: Dataset): void {
    const own = this.imageShape;
    if (imageShape.height === own.height && imageShape.width === own.width) return;
    throw new HarrierError('bad-data', 'its images have another size than the model was made for', {
      where: name,
      expected: `${own.width} × ${own.height}`,
      received: `${imageShape.width} × ${imageShape.height}`,
      next: `Scale them to ${own.width} × ${own.height}.`,
      options: ['imageSize'],
    });
  }

  async dispose(): Promise<void> {
    await this.#executable.dispose();
  }
}

/** A value in an error's sentence. */
function described(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === undefined) return 'nothing';
  return typeof value === 'object' && value !== null ? (value.constructor?.name ?? 'an object') : `${value}`;
}
