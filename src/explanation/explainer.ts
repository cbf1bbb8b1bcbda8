import { HarrierError, unknownName } from '../errors.ts';
import { Classifier } from '../models/index.ts';
import { decodeModel, float32, type Model } from '../onnx/index.ts';
import type { Executable, Runtime } from '../runtime/index.ts';
import { compileGraph } from './compile.ts';
import { type ExplanationGraph, gradCam } from './grad-cam.ts';
import { EXPLANATION_METHODS, type ExplanationMethod } from './methods.ts';
import { saliency } from './saliency.ts';

/** How an `Explainer` is made. */
export interface ExplainerOptions {
  /** Default `grad-cam`. */
  readonly method?: ExplanationMethod;
  /** The layer that Grad-CAM looks at, by name. Default: the last whose maps are larger than one cell. */
  readonly layer?: string;
  /** What to call the model in errors. Default `model`. */
  readonly where?: string;
}

/** Where in the image a model found a class. */
export interface Explanation {
  /** float32 `[classes]`, as `Classifier.predict` gives them. */
  readonly probabilities: Float32Array;
  /** From 0 to 1: above 0.5 the image shows none of the classes. Only of models that tell. */
  readonly unknown?: number;
  /** The class that is explained. */
  readonly classIndex: number;
  /** float32 `[height, width]`, row-major: 1 where most speaks for the class, 0 where nothing does. */
  readonly map: Float32Array;
  /** Of the map: it covers the whole image, in cells as coarse as the layer's. */
  readonly height: number;
  /** Columns of the map. */
  readonly width: number;
  /** The largest value of the map before it was brought to 1; 0 where nothing in the image speaks for the class. */
  readonly peak: number;
}

/**
 * Explains the predictions of a classifier, image by image. The explanation is a graph of its own: the model,
 * differentiated. Models that average several views of an image are explained on the unchanged view.
 */
export class Explainer {
  /** The method that `load` was given. */
  readonly method: ExplanationMethod;
  /** The layer that is looked at; undefined for saliency, which looks at the pixels. */
  readonly layer?: string;
  readonly #classifier: Classifier;
  readonly #graph: ExplanationGraph;
  readonly #executable: Executable;

  private constructor(
    method: ExplanationMethod,
    classifier: Classifier,
    graph: ExplanationGraph,
    executable: Executable,
  ) {
    this.method = method;
    this.layer = graph.layer;
    this.#classifier = classifier;
    this.#graph = graph;
    this.#executable = executable;
  }

  /**
   * @param source a model, or the bytes of an `.onnx` file
   * @throws HarrierError `bad-graph` or `not-supported` when it is no such model or holds an op without a gradient,
   *   `bad-option` for a layer or a method that there is not
   */
  static async load(
    runtime: Runtime,
    source: Model | Uint8Array,
    { method = 'grad-cam', layer, where = 'model' }: ExplainerOptions = {},
  ): Promise<Explainer> {
    if (!EXPLANATION_METHODS.includes(method)) throw unknownName('method', `${method}`, EXPLANATION_METHODS);
    if (method === 'saliency' && layer !== undefined) {
      throw new HarrierError('bad-option', 'saliency has no layer, only pixels', {
        where,
        received: `layer "${layer}"`,
        next: 'Leave the layer out, or use grad-cam.',
        options: ['layer', 'method'],
      });
    }
    const model = source instanceof Uint8Array ? decodeModel(source, where) : source;
    const classifier = await Classifier.load(runtime, source, where);
    try {
      const graph = method === 'saliency' ? saliency(model, where) : gradCam(model, layer, where);
      const { anatomy, map } = graph;
      anatomy.graph.output(map, 'map');
      return new Explainer(method, classifier, graph, await compileGraph(runtime, anatomy.graph));
    } catch (error) {
      await classifier.dispose();
      throw error;
    }
  }

  /** Class names of the model. */
  get classNames(): readonly string[] {
    return this.#classifier.classNames;
  }

  /** Where images have any number of labels: the probability of each from which an image counts as having it. */
  get thresholds(): readonly number[] | undefined {
    return this.#classifier.thresholds;
  }

  /** Size and preprocessing of the images that the model takes. */
  get imageShape(): Classifier['imageShape'] {
    return this.#classifier.imageShape;
  }

  /**
   * @param pixels uint8 `[height, width, 3]`
   * @param classIndex the class to explain; by default the most probable
   * @throws HarrierError `bad-shape` when these are not the pixels of one image, `bad-option` for a class that there
   *   is not
   */
  async explain(pixels: Uint8Array, classIndex?: number): Promise<Explanation> {
    const { height, width, channels } = this.imageShape;
    if (pixels.length !== height * width * channels) {
      throw new HarrierError('bad-shape', 'these are not the pixels of one image', {
        expected: `${height} × ${width} × ${channels} values`,
        received: `${pixels.length}`,
      });
    }
    const classes = this.classNames.length;
    if (
      classIndex !== undefined &&
      !(Number.isInteger(classIndex) && classIndex >= 0 && classIndex < classes)
    ) {
      throw new HarrierError('bad-option', 'classIndex', {
        expected: `a whole number from 0 to ${classes - 1}`,
        received: `${classIndex}`,
      });
    }
    const { probabilities, unknown } = await this.#classifier.answer(pixels);
    const explained = classIndex ?? probabilities.indexOf(probabilities.reduce((a, b) => Math.max(a, b)));
    const { anatomy, target } = this.#graph;
    const { map } = await this.#executable.step({
      [anatomy.image.name]: { type: 'uint8', dims: [1, height, width, channels], data: pixels },
      [target.name]: float32(
        [1, classes],
        Float32Array.from({ length: classes }, (_, i) => Number(i === explained)),
      ),
    });
    const values = map.data as Float32Array;
    const peak = values.reduce((a, b) => Math.max(a, b), 0);
    return {
      probabilities,
      ...(unknown && { unknown: unknown[0] }),
      classIndex: explained,
      map: peak > 0 ? values.map((value) => value / peak) : new Float32Array(values.length),
      height: map.dims[1],
      width: map.dims[2],
      peak,
    };
  }

  /** Frees the memory of the models. */
  async dispose(): Promise<void> {
    await this.#classifier.dispose();
    await this.#executable.dispose();
  }
}
