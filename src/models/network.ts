import { HarrierError } from '../errors.ts';
import {
  type Activations,
  Layer,
  type LayerConfig,
  type LayerContext,
  layerFrom,
  type ParameterSpec,
} from '../layers/index.ts';
import {
  elementTypeCode,
  float32,
  formatShape,
  type GraphBuilder,
  int64,
  type Value,
} from '../onnx/index.ts';
import { createGraph, mul, scalar, sub, transpose } from '../ops/index.ts';

/** What is done to pixels (0–255) before the first layer: (pixel − mean) / deviation, channel by channel. */
export interface Normalization {
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
}

/** Pixels scaled to 0–1. */
export const UNIT_SCALE: Normalization = { mean: [0, 0, 0], deviation: [255, 255, 255] };

export interface NetworkOptions {
  readonly name?: string;
  /** Height, width and 3 channels of the images. */
  readonly inputShape: readonly [number, number, number];
  readonly layers: readonly Layer[];
  /** Default: pixels scaled to 0–1. */
  readonly normalization?: Normalization;
}

/** A network as plain JSON. */
export interface NetworkConfig {
  readonly name: string;
  readonly inputShape: readonly [number, number, number];
  readonly normalization: Normalization;
  readonly layers: readonly LayerConfig[];
}

/** One row of the summary. */
export interface LayerRow {
  readonly name: string;
  readonly type: string;
  /** Without the batch, channels last. */
  readonly outputShape: readonly number[];
  readonly parameters: number;
  readonly multiplyAdds: number;
}

/** How a network asks for what it needs while it is built into a graph. */
export interface BuildOptions {
  readonly training: boolean;
  /** Gives the value that stands for a parameter. */
  readonly parameter: (spec: ParameterSpec) => Value;
  /** Gives the value of a dropout mask (batch included); needed in training. */
  readonly dropoutMask?: (name: string, shape: readonly number[], rate: number) => Value;
  /** Takes the next value of a parameter that gradients do not change; needed in training. */
  readonly update?: (spec: ParameterSpec, next: Value) => void;
}

/** A stack of layers: their shapes, parameters and graph, but no weights. */
export class Network {
  readonly name: string;
  readonly inputShape: readonly [number, number, number];
  readonly normalization: Normalization;
  readonly layers: readonly { readonly name: string; readonly layer: Layer }[];
  /** All parameters, in the order of the layers. */
  readonly parameters: readonly ParameterSpec[];
  readonly rows: readonly LayerRow[];
  /** Number of outputs for an image: classes. */
  readonly outputSize: number;

  /** @throws HarrierError `bad-shape` or `bad-option` that names the layer which does not fit, and the shapes */
  constructor({ name = 'sequential', inputShape, layers, normalization = UNIT_SCALE }: NetworkOptions) {
    this.name = name;
    this.inputShape = checkInputShape(name, inputShape);
    this.normalization = checkNormalization(name, normalization);
    if (layers.length === 0)
      throw new HarrierError('bad-option', 'a network needs at least one layer', { where: name });
    const stranger = layers.find((layer) => !(layer instanceof Layer));
    if (stranger !== undefined) {
      throw new HarrierError('bad-option', 'layers holds something that is no layer', {
        where: name,
        expected: 'layers such as new Dense({ units: 10 })',
        received: JSON.stringify(stranger),
      });
    }
    this.layers = nameLayers(name, layers);

    const graph = createGraph(name);
    const parameters: ParameterSpec[] = [];
    const rows: LayerRow[] = [];
    const image = graph.input('image', 'uint8', ['N', ...this.inputShape]);
    const output = this.#stack(
      graph,
      image,
      {
        training: false,
        parameter: (spec) => {
          parameters.push(spec);
          return graph.input(spec.name, 'float32', spec.graphShape);
        },
      },
      (row) => rows.push(row),
    );
    if (output.shape.length !== 1) {
      throw new HarrierError('bad-shape', 'the last layer must give one row of numbers per image', {
        where: `${name}, ${rows.at(-1)?.name}`,
        expected: '(classes,)',
        received: formatShape(output.shape),
        next: 'End with Flatten or GlobalAveragePooling2D and a Dense layer.',
      });
    }
    this.parameters = parameters;
    this.rows = rows;
    this.outputSize = output.shape[0];
  }

  /** Adds the network to a graph, from uint8 pixels `[batch, height, width, 3]` to its output `[batch, outputSize]`. */
  build(graph: GraphBuilder, image: Value, options: BuildOptions): Value {
    return this.#stack(graph, image, options, () => {}).value;
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
    };
  }

  static from({ name, inputShape, normalization, layers }: NetworkConfig): Network {
    return new Network({ name, inputShape, normalization, layers: layers.map(layerFrom) });
  }

  #stack(
    graph: GraphBuilder,
    image: Value,
    options: BuildOptions,
    onRow: (row: LayerRow) => void,
  ): Activations {
    let current: Activations = {
      value: normalize(graph, image, this.normalization),
      shape: [...this.inputShape],
    };
    for (const { name, layer } of this.layers) {
      const declared: ParameterSpec[] = [];
      const input = current;
      current = graph.in(name, () =>
        named(this.name, name, layer, input, () =>
          layer.call(context(graph, { name, layer }, options, declared), input),
        ),
      );
      onRow({
        name,
        type: layer.type,
        outputShape: current.shape,
        parameters: declared.reduce(
          (total, { shape }) => total + shape.reduce((product, n) => product * n, 1),
          0,
        ),
        multiplyAdds: layer.multiplyAdds(input, current),
      });
    }
    return current.flattened ? { ...current, value: inKerasOrder(graph, current) } : current;
  }
}

function context(
  graph: GraphBuilder,
  { name: layer, layer: { options: own } }: Network['layers'][number],
  options: BuildOptions,
  declared: ParameterSpec[],
): LayerContext {
  const specs = new Map<Value, ParameterSpec>();
  let masks = 0;
  return {
    graph,
    training: options.training,
    parameter: ({ name, shape, initializer, layout, graphShape, trainable = true, decay = false }) => {
      const spec: ParameterSpec = {
        name: `${layer}/${name}`,
        shape,
        layout: layout ?? { dims: shape, perm: shape.map((_, i) => i) },
        graphShape: graphShape ?? shape,
        initializer,
        trainable: trainable && own.trainable !== false,
        decay,
      };
      declared.push(spec);
      // Parameters carry their own scope in their names.
      const value = options.parameter(spec);
      specs.set(value, spec);
      return value;
    },
    dropoutMask: (shape, rate) => {
      if (!options.dropoutMask) throw new Error('a dropout mask was asked for outside training');
      return options.dropoutMask(`${layer}/mask${masks++ || ''}`, shape, rate);
    },
    update: (parameter, next) => options.update?.(specs.get(parameter)!, next),
  };
}

/** Runs a layer; what goes wrong in it is reported with the layer's name and the shape it was given. */
function named<T>(network: string, name: string, layer: Layer, input: Activations, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (!(cause instanceof HarrierError)) throw cause;
    throw new HarrierError(cause.code, cause.message.replace(/\.$/, ''), {
      where: `${network}, layer "${name}" (${layer.type}) on ${formatShape(input.shape)}`,
      cause,
    });
  }
}

function normalize(graph: GraphBuilder, image: Value, { mean, deviation }: Normalization): Value {
  const pixels = graph.op('Cast', [image], { to: elementTypeCode('float32') });
  const first = transpose(graph, pixels, [0, 3, 1, 2]);
  const channels = (values: readonly number[]) => graph.constant(float32([1, 3, 1, 1], [...values]));
  const centred = mean.every((value) => value === 0) ? first : sub(graph, first, channels(mean));
  const inverse = deviation.map((value) => 1 / value);
  return mul(graph, centred, new Set(inverse).size === 1 ? scalar(graph, inverse[0]) : channels(inverse));
}

/**
 * The numbers of a row that no Dense has taken in, in Keras's order: (height, width, channels). Where Softmax made it,
 * its input is put in order instead, so that the row is still seen to be made by Softmax.
 */
function inKerasOrder(graph: GraphBuilder, { value, shape, flattened }: Activations): Value {
  const [height, width, channels] = flattened!;
  if (height * width === 1 || channels === 1) return value;
  const maker = graph.nodes.find(({ outputs }) => outputs[0] === value);
  if (maker?.opType === 'Softmax') {
    const ordered = inKerasOrder(graph, { value: maker.inputs[0]!, shape, flattened });
    return graph.op('Softmax', [ordered], { axis: 1 });
  }
  const picture = graph.op('Reshape', [value, graph.constant(int64([-1, channels, height, width]))]);
  return graph.op('Flatten', [transpose(graph, picture, [0, 2, 3, 1])]);
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

function checkInputShape(name: string, shape: readonly number[]): readonly [number, number, number] {
  const fits =
    shape?.length === 3 && shape.every((size) => Number.isInteger(size) && size > 0) && shape[2] === 3;
  if (fits) return [shape[0], shape[1], 3];
  throw new HarrierError('bad-option', 'inputShape', {
    where: name,
    expected: '[height, width, 3] (grey pictures are read as three equal channels)',
    received: JSON.stringify(shape),
  });
}

/** Keras's names: the class in snake case, numbered from the second on. */
function nameLayers(network: string, layers: readonly Layer[]): { name: string; layer: Layer }[] {
  const given = layers.flatMap(({ options: { name } }) => (name === undefined ? [] : [name]));
  for (const [i, name] of given.entries()) {
    if (typeof name !== 'string' || name === '' || name.includes('/')) {
      throw new HarrierError('bad-option', 'a layer cannot be called so', {
        where: network,
        expected: 'a name without "/"',
        received: JSON.stringify(name),
      });
    }
    if (given.indexOf(name) !== i) {
      throw new HarrierError('bad-option', `two layers are called "${name}"`, {
        where: network,
        next: 'Give one of them another name.',
      });
    }
  }
  const taken = new Set(given);
  const free = (base: string): string => {
    let name = base;
    for (let i = 1; taken.has(name); i++) name = `${base}_${i}`;
    taken.add(name);
    return name;
  };
  return layers.map((layer) => ({ name: layer.options.name ?? free(snakeCase(layer.type)), layer }));
}

/** Keras's: Conv2D is conv2d, MaxPooling2D is max_pooling2d. */
function snakeCase(type: string): string {
  return type.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase();
}
