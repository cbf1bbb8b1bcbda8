import { LUMA } from '../data/luma.ts';
import { HarrierError } from '../errors.ts';
import {
  type Activations,
  checkImageShape,
  Input,
  type Layer,
  type LayerConfig,
  layerFrom,
  type ParameterSpec,
  SymbolicTensor,
} from '../layers/index.ts';
import { elementTypeCode, float32, formatShape, type GraphBuilder, type Value } from '../onnx/index.ts';
import { createGraph, mul, reduceSum, scalar, sub, transpose } from '../ops/index.ts';
import { addCalls, type BuildOptions, type LayerRow, rowsOf } from './build.ts';
import {
  applyCalls,
  type Call,
  type CallConfig,
  callConfigs,
  callsOfOutput,
  callsOfStack,
  isStack,
  type NamedLayer,
} from './calls.ts';
import { checkSavable } from './savable.ts';

/** What is done to pixels (0–255) before the first layer: (pixel − mean) / deviation, channel by channel. */
export interface Normalization {
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
}

/** Pixels scaled to 0–1. */
export const UNIT_SCALE: Normalization = { mean: [0, 0, 0], deviation: [255, 255, 255] };

/** A network of layers one after another. */
export interface NetworkOptions {
  readonly name?: string;
  /** Height, width and channels of the images: 3, or 1 for a network that sees them in grey. */
  readonly inputShape: readonly [number, number, number];
  readonly layers: readonly Layer[];
  /** Default: pixels scaled to 0–1. */
  readonly normalization?: Normalization;
}

/** A network of layers that were applied to an `Input` and to each other. */
export interface FunctionalOptions {
  readonly name?: string;
  /** The image. */
  readonly inputs: Input | readonly [Input];
  /** What the last layer gives: one number for each class. */
  readonly outputs: SymbolicTensor | readonly [SymbolicTensor];
  /** Default: pixels scaled to 0–1. */
  readonly normalization?: Normalization;
}

/** A network as plain JSON. */
export interface NetworkConfig {
  readonly name: string;
  readonly inputShape: readonly [number, number, number];
  readonly normalization: Normalization;
  readonly layers: readonly LayerConfig[];
  /** How the layers are called, in an order to compute in. Absent: one after another. */
  readonly calls?: readonly CallConfig[];
}

/** A graph of layers: their shapes, parameters and calls, but no weights. */
export class Network {
  readonly name: string;
  readonly inputShape: readonly [number, number, number];
  readonly normalization: Normalization;
  /** In the order in which they are first called. */
  readonly layers: readonly NamedLayer[];
  readonly calls: readonly Call[];
  /** All parameters, in the order of the layers. */
  readonly parameters: readonly ParameterSpec[];
  readonly rows: readonly LayerRow[];
  /** Number of outputs for an image: classes. */
  readonly outputSize: number;

  /** @throws HarrierError `bad-shape` or `bad-option` that names the layer which does not fit, and the shapes */
  constructor(options: NetworkOptions | FunctionalOptions) {
    const { normalization = UNIT_SCALE } = options;
    if ('outputs' in options) {
      const { name = 'functional' } = options;
      const image = theOnly(name, 'inputs', isInput, options.inputs);
      this.name = name;
      this.inputShape = checkImageShape(name, 'inputShape', image.shape);
      this.calls = callsOfOutput(name, image, theOnly(name, 'outputs', isTensor, options.outputs));
    } else {
      const { name = 'sequential', inputShape, layers } = options;
      this.name = name;
      this.inputShape = checkImageShape(name, 'inputShape', inputShape);
      this.calls = callsOfStack(name, layers);
    }
    this.normalization = checkNormalization(this.name, normalization);
    this.layers = [...new Set(this.calls.map(({ layer }) => layer))];
    for (const { name, layer } of this.layers) {
      checkSavable(`${this.name}, layer "${name}" (${layer.type})`, layer);
    }

    const graph = createGraph(this.name);
    const parameters: ParameterSpec[] = [];
    const image = graph.input('image', 'uint8', ['N', this.inputShape[0], this.inputShape[1], 3]);
    const { output, made } = addCalls(this, graph, this.#normalized(graph, image), {
      training: false,
      parameter: (spec) => {
        parameters.push(spec);
        return graph.input(spec.name, 'float32', spec.graphShape);
      },
    });
    if (output.shape.length !== 1) {
      throw new HarrierError('bad-shape', 'the last layer must give one row of numbers per image', {
        where: `${this.name}, ${this.calls.at(-1)!.layer.name}`,
        expected: '(classes,)',
        received: formatShape(output.shape),
        next: 'End with Flatten or GlobalAveragePooling2D and a Dense layer.',
      });
    }
    this.parameters = parameters;
    this.rows = rowsOf(this.calls, made, !isStack(this.calls));
    this.outputSize = output.shape[0];
  }

  /**
   * Adds the network to a graph, from uint8 pixels `[batch, height, width, 3]` to its output `[batch, outputSize]`.
   * Height and width may be others than the network was made for, where `checkImageSize` allows them.
   */
  build(graph: GraphBuilder, image: Value, options: BuildOptions): Value {
    return addCalls(this, graph, this.#normalized(graph, image), options).output.value;
  }

  /**
   * Checks that the same weights can be used for images of another size: all layers that depend on it come after
   * global pooling.
   *
   * @throws HarrierError `bad-option` that names the layer which cannot, `bad-shape` for images too small for one
   */
  checkImageSize(height: number, width: number): void {
    const graph = createGraph(this.name);
    const image = graph.input('image', 'uint8', ['N', height, width, 3]);
    const own = new Map(this.parameters.map((spec) => [spec.name, spec]));
    let misfit: HarrierError | undefined;
    const parameter: BuildOptions['parameter'] = (spec) => {
      const [expected, received] = [own.get(spec.name)!.shape, spec.shape].map(formatShape);
      if (expected === received) return graph.input(spec.name, 'float32', spec.graphShape);
      const { name, layer } = this.layers.find((each) => spec.name.startsWith(`${each.name}/`))!;
      misfit = new HarrierError('bad-option', 'it has weights for one size of images', {
        where: `${this.name}, layer "${name}" (${layer.type})`,
        expected: `${this.inputShape[1]} × ${this.inputShape[0]}`,
        received: `${width} × ${height}`,
        next: 'Let GlobalAveragePooling2D come before it, or keep one resolution.',
      });
      throw misfit;
    };
    try {
      this.build(graph, image, { training: false, parameter });
    } catch (error) {
      // Without what the layers around it add.
      throw misfit ?? error;
    }
  }

  config(): NetworkConfig {
    return {
      name: this.name,
      inputShape: this.inputShape,
      normalization: this.normalization,
      layers: this.layers.map(({ name, layer }) => {
        const { layer: type, options } = layer.config();
        return { layer: type, options: { ...options, name } };
      }),
      ...(isStack(this.calls) ? {} : { calls: callConfigs(this.calls) }),
    };
  }

  /** @throws HarrierError `bad-option` or `bad-shape` for a configuration that makes no network */
  static from({ name, inputShape, normalization, layers, calls }: NetworkConfig): Network {
    if (calls === undefined) {
      return new Network({ name, inputShape, normalization, layers: layers.map(layerFrom) as Layer[] });
    }
    return new Network({ name, normalization, ...applyCalls(name, inputShape, layers, calls) });
  }

  #normalized(graph: GraphBuilder, image: Value): Activations {
    const [height, width] = image.shape.slice(1, 3).map(Number);
    const value = normalize(graph, image, this.normalization);
    const [, , channels] = this.inputShape;
    return { value: channels === 1 ? greyed(graph, value) : value, shape: [height, width, channels] };
  }
}

const isInput = (value: unknown): value is Input => value instanceof Input;
const isTensor = (value: unknown): value is SymbolicTensor => value instanceof SymbolicTensor;

/** The one input or output that a classifier has. */
function theOnly<T extends SymbolicTensor>(
  network: string,
  option: 'inputs' | 'outputs',
  is: (value: unknown) => value is T,
  given: T | readonly [T],
): T {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  const [first] = list;
  if (list.length === 1 && is(first)) return first;
  throw new HarrierError('bad-option', option, {
    where: network,
    expected: option === 'inputs' ? 'one Input' : 'what one layer gave when it was applied',
    received: list.length === 1 ? `${JSON.stringify(first)}` : `${list.length} of them`,
    next: 'A classifier takes one image and gives one row of scores.',
  });
}

function normalize(graph: GraphBuilder, image: Value, { mean, deviation }: Normalization): Value {
  const pixels = graph.op('Cast', [image], { to: elementTypeCode('float32') });
  const first = transpose(graph, pixels, [0, 3, 1, 2]);
  const channels = (values: readonly number[]) => graph.constant(float32([1, 3, 1, 1], [...values]));
  const centred = mean.every((value) => value === 0) ? first : sub(graph, first, channels(mean));
  const inverse = deviation.map((value) => 1 / value);
  return mul(graph, centred, new Set(inverse).size === 1 ? scalar(graph, inverse[0]) : channels(inverse));
}

/** Colours (N, 3, height, width) as brightness (N, 1, height, width). An image that is grey stays as it is. */
function greyed(graph: GraphBuilder, colours: Value): Value {
  return reduceSum(graph, mul(graph, colours, graph.constant(float32([1, 3, 1, 1], [...LUMA]))), [1], true);
}

function checkNormalization(name: string, { mean, deviation }: Normalization): Normalization {
  const three = (values: readonly number[]): boolean =>
    Array.isArray(values) && values.length === 3 && values.every(Number.isFinite);
  if (three(mean) && three(deviation) && deviation.every((value) => value > 0)) return { mean, deviation };
  throw new HarrierError('bad-option', 'normalization', {
    where: name,
    expected: 'three means and three deviations above 0',
    received: JSON.stringify({ mean, deviation }),
  });
}
