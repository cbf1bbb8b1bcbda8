import { HarrierError } from '../errors.ts';
import { decodeModel, formatShape, type Model, type NamedType, type TensorData } from '../onnx/index.ts';
import type { Executable, Runtime } from '../runtime/index.ts';
import { dissect } from './anatomy.ts';
import { compileGraph } from './compile.ts';
import { layerNamed, placedLayers } from './layers.ts';

/** The output of one layer for one image. */
export interface LayerFeatures {
  /** Name of the layer. */
  readonly layer: string;
  /** Feature maps; numbers, where the layer gives a row of them. */
  readonly channels: number;
  /** 1 where the layer gives a row of numbers. */
  readonly height: number;
  /** Columns of each map. */
  readonly width: number;
  /** float32 `[channels, height, width]`, row-major. */
  readonly data: Float32Array;
}

/** Computes the outputs of layers of a classifier for an image. */
export class FeatureMaps {
  /** The layers whose outputs can be asked for. */
  readonly layers: readonly string[];
  readonly #image: NamedType;
  readonly #executable: Executable;

  private constructor(layers: readonly string[], image: NamedType, executable: Executable) {
    this.layers = layers;
    this.#image = image;
    this.#executable = executable;
  }

  /**
   * @param source a model, or the bytes of an `.onnx` file
   * @param names of layers (see `layersOf`); by default all that give images
   * @throws HarrierError `bad-option` for a layer that there is not, `not-supported` when it is no classifier of images
   */
  static async load(
    runtime: Runtime,
    source: Model | Uint8Array,
    names?: readonly string[],
    where = 'model',
  ): Promise<FeatureMaps> {
    const anatomy = dissect(source instanceof Uint8Array ? decodeModel(source, where) : source, 1, where);
    const layers = placedLayers(anatomy);
    const chosen = names?.map((name) => layerNamed(layers, name)) ?? layers.filter((each) => each.isImage);
    chosen.forEach(({ output }, i) => {
      anatomy.graph.output(output, outputOf(i));
    });
    const executable = await compileGraph(runtime, anatomy.graph);
    return new FeatureMaps(
      chosen.map(({ name }) => name),
      anatomy.image,
      executable,
    );
  }

  /**
   * @param pixels one image in the model's own shape and type: uint8 `[height, width, 3]` by Harrier's contract
   * @returns for each layer what it makes of it, in the order of `layers`
   * @throws HarrierError `bad-shape`
   */
  async of(pixels: TensorData): Promise<LayerFeatures[]> {
    const outputs = await this.#executable.step({ [this.#image.name]: images(this.#image, pixels, 1) });
    return this.layers.map((layer, i) => {
      const { dims, data } = outputs[outputOf(i)];
      const [, channels, height = 1, width = 1] = dims;
      return { layer, channels, height, width, data: data as Float32Array };
    });
  }

  /** Frees the memory of the model. */
  async dispose(): Promise<void> {
    await this.#executable.dispose();
  }
}

const outputOf = (place: number): string => `features/${place}`;

/**
 * Images as a model takes them.
 * @param count how many there should be; by default as many as there are
 * @throws HarrierError `bad-shape` when these are no whole images, or not so many
 */
export function images({ type, shape }: NamedType, data: TensorData, count?: number) {
  const own = shape.slice(1).map(Number);
  const size = own.reduce((product, length) => product * length, 1);
  const given = data.length / size;
  if (data.length === 0 || !Number.isInteger(given) || (count !== undefined && given !== count)) {
    throw new HarrierError('bad-shape', 'these are not the pixels that the model takes', {
      expected: `${count ?? 'whole'} image${count === 1 ? '' : 's'} of ${formatShape(own)}`,
      received: `${data.length} values`,
    });
  }
  return { type, dims: [given, ...own], data };
}
