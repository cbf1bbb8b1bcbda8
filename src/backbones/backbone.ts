import type { Dataset } from '../data/dataset.ts';
import { type ImageInput, imageBytes, imageInput } from '../data/dataset.ts';
import { sha256 as ownSha256, type Sha256 } from '../data/sha256.ts';
import { HarrierError } from '../errors.ts';
import {
  type ClassifierBackbone,
  type ClassifierFitOptions,
  type FittedClassifier,
  type TrainedNetwork,
  toGraphLayout,
  withoutHead,
} from '../models/index.ts';
import { encodeModel, float32, type Model, modelOf } from '../onnx/index.ts';
import { createGraph } from '../ops/index.ts';
import type { HeadKind } from '../options/words.ts';
import { simplify } from '../passes/index.ts';
import type { Executable, Runtime } from '../runtime/index.ts';
import type { BackboneModel, FeatureSource } from './backbone-model.ts';
import { fitOnBackbone } from './fit-on-backbone.ts';

/** Images that go through at once: more save no time, and take memory. */
const BATCH = 16;

/**
 * A pretrained network up to its head, ready to run: images in, features out. The same images give the same features
 * whatever is learned on top.
 */
export class Backbone implements ClassifierBackbone, FeatureSource {
  readonly name: string;
  /** SHA-256 of its file, hex. */
  readonly hash: string;
  /** The images that it takes. `decodeImage` makes them from files as the network wants them. */
  readonly imageShape: ImageInput;
  /** Numbers that it makes of an image. */
  readonly size: number;
  /** What runs it. */
  readonly runtime: Runtime;
  readonly #executable: Executable;
  /** The network with its head. */
  readonly #whole: BackboneModel;
  readonly #model: Model;

  private constructor(
    whole: BackboneModel,
    size: number,
    runtime: Runtime,
    model: Model,
    executable: Executable,
  ) {
    const { name, hash, preprocessing, network } = whole;
    const [height, width] = network.inputShape;
    this.#whole = whole;
    this.runtime = runtime;
    this.name = name;
    this.hash = hash;
    this.imageShape = imageInput({ height, width, channels: 3 }, preprocessing);
    this.size = size;
    this.#executable = executable;
    this.#model = model;
  }

  /**
   * What tells its features from another network's: the SHA-256 of its graph and weights, hex.
   * @param sha256 begins one. Default: one that runs anywhere; a platform's own is faster
   */
  key(sha256: () => Sha256 = ownSha256): string {
    return sha256().update(encodeModel(this.#model)).digest();
  }

  /** @throws HarrierError `not-supported` when the network has no head before which its features are */
  static async load(runtime: Runtime, model: BackboneModel): Promise<Backbone> {
    const { network, weights } = withoutHead(model);
    const features = featuresModel({ network, weights });
    const executable = await runtime.compile(features, { where: model.name });
    return new Backbone(model, network.outputSize, runtime, features, executable);
  }

  /**
   * Features of images.
   *
   * @param pixels uint8 `[count, height, width, 3]`
   * @param onProgress images done, of all
   * @returns float32 `[count, size]`
   * @throws HarrierError `bad-shape` for pixels that are no whole images, `bad-graph` when features are not finite
   */
  async features(
    pixels: Uint8Array,
    onProgress?: (done: number, total: number) => void,
  ): Promise<Float32Array> {
    const { height, width, channels } = this.imageShape;
    const bytes = imageBytes(this.imageShape);
    if (pixels.length === 0 || pixels.length % bytes !== 0) {
      throw new HarrierError('bad-shape', 'pixels do not make whole images', {
        where: this.name,
        expected: `a multiple of ${bytes} bytes (${height} × ${width} × ${channels})`,
        received: `${pixels.length}`,
      });
    }
    const count = pixels.length / bytes;
    const all = new Float32Array(count * this.size);
    for (let start = 0; start < count; start += BATCH) {
      const images = Math.min(BATCH, count - start);
      const data = pixels.subarray(start * bytes, (start + images) * bytes);
      const image = { type: 'uint8' as const, dims: [images, height, width, channels], data };
      const { features } = await this.#executable.step({ image });
      all.set(features.data as Float32Array, start * this.size);
      onProgress?.(start + images, count);
    }
    if (all.every(Number.isFinite)) return all;
    throw new HarrierError('bad-graph', 'the network gives features that are not finite', {
      where: this.name,
      next: 'Its weights are damaged: fetch it again.',
    });
  }

  /**
   * Fits a head for the classes of a data set on its features: what `new Classifier({ backbone, head }).fit(train)` does.
   *
   * @throws HarrierError `bad-data` when there are too few images or classes
   */
  async fitHead(head: HeadKind, train: Dataset, options: ClassifierFitOptions): Promise<FittedClassifier> {
    return fitOnBackbone(this, this.#whole, head, train, options);
  }

  async dispose(): Promise<void> {
    await this.#executable.dispose();
  }
}

/**
 * A network without its head as a model: input `image`, uint8 `[N, height, width, 3]`; output `features`, float32
 * `[N, size]`.
 */
export function featuresModel({ network, weights }: TrainedNetwork): Model {
  const graph = createGraph(network.name);
  const [height, width] = network.inputShape;
  const image = graph.input('image', 'uint8', ['N', height, width, 3]);
  const features = network.build(graph, image, {
    training: false,
    parameter: (spec) => {
      const values = new Float32Array(weights.get(spec.name)!.length);
      toGraphLayout(spec, weights.get(spec.name)!, values);
      return graph.initializer(spec.name.split('/').at(-1)!, float32(spec.graphShape, values));
    },
  });
  graph.output(features, 'features');
  // Batch normalization is folded here: ONNX Runtime for browsers does not do it, and takes three times as long.
  return modelOf(simplify(graph.build()));
}
