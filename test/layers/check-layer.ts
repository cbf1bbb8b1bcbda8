import { expect } from 'vitest';
import { random } from '../../src/data/random.ts';
import {
  type Activations,
  type AnyLayer,
  Conv2D,
  Dense,
  Flatten,
  Input,
  type Layer,
  layerFrom,
  type Merge,
  type ParameterSpec,
  Reshape,
} from '../../src/layers/index.ts';
import { Classifier, exportModel, Network, toGraphLayout, type Weights } from '../../src/models/index.ts';
import { elementCount, encodeModel, float32, modelOf, type Tensor } from '../../src/onnx/index.ts';
import { createGraph } from '../../src/ops/index.ts';
import { Adam } from '../../src/optimizers/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { decodeCheckpoint, encodeCheckpoint, Trainer } from '../../src/training/index.ts';
import { activation, conv2d, dense, flatten, type KerasTensor, tensorOf } from './keras.ts';

const SEED = 7;
const BATCH = 3;
const CLASSES = 3;
const TOLERANCE = 2e-5;
const runtime = nodeRuntime({ threads: 1 });

/** A layer with options and input, and what it must be by Keras's definition. */
export interface LayerCase {
  readonly layer: () => Layer;
  /** Shape of its input without the batch: (height, width, channels) or (numbers). */
  readonly input: readonly number[];
  readonly inputs?: undefined;
  /** The layer in inference. `weight` gives a parameter by its name within the layer, in Keras's layout. */
  readonly forward: (input: KerasTensor, weight: (name: string) => KerasTensor) => KerasTensor;
  /** Numbers that the layer owns. */
  readonly parameters: number;
  /** Shape of its output without the batch. */
  readonly output: readonly number[];
}

/** The same for a layer that joins several inputs. */
export interface MergeCase {
  readonly layer: () => Merge;
  readonly inputs: readonly (readonly number[])[];
  readonly forward: (...inputs: KerasTensor[]) => KerasTensor;
  readonly output: readonly number[];
}

/** Either. */
interface Case {
  readonly layer: () => AnyLayer;
  readonly inputs: readonly (readonly number[])[];
  readonly forward: (inputs: readonly KerasTensor[], weight: (name: string) => KerasTensor) => KerasTensor;
  readonly parameters: number;
  readonly output: readonly number[];
}

function generalCase(each: LayerCase | MergeCase): Case {
  return each.inputs
    ? { ...each, parameters: 0, forward: (inputs) => each.forward(...inputs) }
    : { ...each, inputs: [each.input], forward: ([input], weight) => each.forward(input, weight) };
}

/**
 * All that is asked of every layer:
 * inferred and actual output shape; the output itself, against a forward pass in float64 and channels last; parameter
 * count; configuration there and back; the exported model of a network around it, by the same forward pass; weights
 * saved and loaded; and a loss that falls when that network is trained.
 */
export async function checkLayer(given: LayerCase | MergeCase): Promise<void> {
  const each = generalCase(given);
  const layer = each.layer();
  const config = layer.config();
  expect(layerFrom(JSON.parse(JSON.stringify(config))).config()).toEqual(config);

  await checkAlone(each);
  const network = surround(each);
  const row = network.rows.find(({ name }) => name === UNDER_TEST)!;
  expect(row.outputShape).toEqual(each.output);
  expect(row.parameters).toBe(each.parameters);
  expect(row.type).toBe(layer.type);
  expect(Network.from(JSON.parse(JSON.stringify(network.config()))).config()).toEqual(network.config());

  const weights = drawWeights(network.parameters);
  await checkExport(each, network, weights);
  checkSaved(network, weights);
  await checkTraining(network);
}

/** The layer in a graph of its own, on any number of channels. */
async function checkAlone({ layer, inputs, forward, output, parameters }: Case): Promise<void> {
  const graph = createGraph('layer');
  const graphShapes = inputs.map((shape) => (shape.length === 3 ? [shape[2], shape[0], shape[1]] : shape));
  const xs = graphShapes.map((shape, i) => graph.input(`x${i}`, 'float32', ['N', ...shape]));
  const specs: ParameterSpec[] = [];
  const result = layer().call(
    {
      graph,
      training: false,
      parameter: (options) => {
        const plain = { dims: options.shape, perm: options.shape.map((_, i) => i) };
        const spec = { layout: plain, graphShape: options.shape, trainable: true, decay: false, ...options };
        specs.push(spec);
        return graph.input(spec.name, 'float32', spec.graphShape);
      },
      dropoutMask: () => expect.fail('a dropout mask was asked for in inference'),
      update: () => expect.fail('statistics were changed in inference'),
    },
    ...xs.map((value, i) => ({ value, shape: inputs[i] })),
  );
  expect(result.shape).toEqual(output);
  expect(specs.reduce((total, { shape }) => total + elementCount(shape), 0)).toBe(parameters);
  expect(new Set(specs.map(({ name }) => name)).size).toBe(specs.length);

  const weights = drawWeights(specs);
  const values = inputs.map((shape, i) => drawNumbers(`input${i || ''}`, BATCH * elementCount(shape)));
  graph.output(result.value, 'y');
  const executable = await runtime.compile(modelOf(graph.build()));
  try {
    const feeds: Record<string, Tensor> = {};
    for (const [i, shape] of inputs.entries()) {
      feeds[`x${i}`] = float32([BATCH, ...graphShapes[i]], channelsFirst(values[i], shape));
    }
    for (const spec of specs) {
      const values = new Float32Array(elementCount(spec.shape));
      toGraphLayout(spec, weights.get(spec.name)!, values);
      feeds[spec.name] = float32(spec.graphShape, values);
    }
    const { y } = await executable.step(feeds);
    const fixed = result.value.shape.map((size) => (size === 'N' ? BATCH : size));
    expect(y.dims).toEqual(fixed);
    const expected = forward(
      inputs.map((shape, i) => tensorOf([BATCH, ...shape], values[i])),
      weightReader(specs, weights, ''),
    );
    expect(expected.shape).toEqual([BATCH, ...output]);
    expectClose(channelsLastAgain(y.data as Float32Array, result), expected.data);
  } finally {
    await executable.dispose();
  }
}

const UNDER_TEST = 'under_test';

/** Height and width of the images that every input of a layer is made from. */
function imageOf(inputs: readonly (readonly number[])[]): readonly number[] {
  return inputs.find(({ length }) => length === 3)?.slice(0, 2) ?? [2, 2];
}

/** A convolution makes inputs that are as large as the image, a Dense all others. */
function byConvolution(input: readonly number[], image: readonly number[]): boolean {
  return input.length === 3 && input[0] === image[0] && input[1] === image[1];
}

/** The layer where it can stand in a network of 3 channels and 3 classes. */
function surround({ layer, inputs, output }: Case): Network {
  const { layer: type, options } = layer().config();
  const middle = layerFrom({ layer: type, options: { ...options, name: UNDER_TEST } });
  const size = imageOf(inputs);
  const image = new Input({ shape: [size[0], size[1], 3] });
  const given = inputs.map((input, i) => {
    const name = `before${i || ''}`;
    if (byConvolution(input, size))
      return new Conv2D({ filters: input[2], kernelSize: 1, name }).apply(image);
    const row = image.through(new Flatten(), new Dense({ units: elementCount(input), name }));
    return input.length === 1 ? row : row.through(new Reshape({ targetShape: input }));
  });
  let x = middle.apply(middle.merges ? given : given[0]);
  if (output.length === 3) x = x.through(new Flatten({ name: 'after_flatten' }));
  const probabilities = x.through(new Dense({ units: CLASSES, activation: 'softmax', name: 'after' }));
  return new Network({ inputs: image, outputs: probabilities });
}

async function checkExport(
  { inputs, forward }: Case,
  network: Network,
  weights: Map<string, Float32Array>,
): Promise<void> {
  const pixels = Uint8Array.from(
    drawNumbers('pixels', BATCH * elementCount(network.inputShape)),
    (value) => Math.abs(value * 1000) % 256,
  );
  const images = tensorOf([BATCH, ...network.inputShape], pixels);
  const scaled = tensorOf(
    images.shape,
    images.data.map((value) => value / 255),
  );
  const of = (layer: string) => weightReader(network.parameters, weights, `${layer}/`);
  const own = of(UNDER_TEST);
  const given = inputs.map((input, i) => {
    const before = of(`before${i || ''}`);
    return byConvolution(input, imageOf(inputs))
      ? conv2d(scaled, before('kernel'), before('bias'))
      : tensorOf([BATCH, ...input], dense(flatten(scaled), before('kernel'), before('bias')).data);
  });
  const rows = flatten(forward(given, own));
  const expected = activation('softmax', dense(rows, of('after')('kernel'), of('after')('bias')));

  const classifier = await Classifier.load(runtime, encodeModel(exportModel(network, weights)));
  try {
    expectClose(await classifier.predict(pixels), expected.data);
    // The batch is free.
    const one = pixels.subarray(0, pixels.length / BATCH);
    expectClose(await classifier.predict(one), expected.data.subarray(0, CLASSES));
  } finally {
    await classifier.dispose();
  }
}

function checkSaved(network: Network, weights: Weights): void {
  const position = {
    step: 0,
    epoch: 0,
    stepInEpoch: 0,
    lossSum: 0,
    correct: 0,
    seen: 0,
    seconds: 0,
    history: [],
  };
  const bytes = encodeCheckpoint({ network: network.config(), weights, slots: new Map(), position });
  const loaded = decodeCheckpoint(bytes, 'checkpoint');
  expect(loaded.weights).toEqual(weights);
  expect(encodeModel(exportModel(Network.from(loaded.network), loaded.weights))).toEqual(
    encodeModel(exportModel(network, weights)),
  );
}

/** Three classes of images that are red, green or blue; noise on top. */
async function checkTraining(network: Network): Promise<void> {
  const count = 24;
  const size = elementCount(network.inputShape);
  const noise = random(SEED, 'noise');
  const pixels = Uint8Array.from({ length: count * size }, (_, i) => {
    const label = Math.floor(i / size) % CLASSES;
    return (i % 3 === label ? 170 : 30) + noise.integer(56);
  });
  const targets = new Float32Array(count * CLASSES);
  for (let i = 0; i < count; i++) targets[i * CLASSES + (i % CLASSES)] = 1;

  const trainer = new Trainer({
    network,
    optimizer: new Adam({ learningRate: 0.02 }),
    runtime,
    seed: SEED,
    weights: drawWeights(network.parameters),
  });
  try {
    const losses: number[] = [];
    for (let step = 0; step < 40; step++) {
      losses.push((await trainer.step(pixels, targets, step, 0.02)).loss);
    }
    expect(Math.min(...losses.slice(-5))).toBeLessThan(0.6 * losses[0]);
  } finally {
    await trainer.dispose();
  }
}

function weightReader(specs: readonly ParameterSpec[], weights: Weights, prefix: string) {
  return (name: string): KerasTensor => {
    const spec = specs.find((each) => each.name === prefix + name);
    if (!spec) expect.fail(`there is no parameter ${prefix}${name}`);
    return tensorOf(spec.shape, weights.get(spec.name)!);
  };
}

/** Weights of which none is special: biases and statistics too are away from 0 and 1, and variances positive. */
export function drawWeights(specs: readonly ParameterSpec[]): Map<string, Float32Array> {
  return new Map(
    specs.map(({ name, shape, initializer }) => {
      const fan = Math.max(1, elementCount(shape.slice(0, -1)));
      const stream = random(SEED, `test/${name}`);
      const values = Float32Array.from({ length: elementCount(shape) }, () =>
        initializer === 'ones' ? 0.5 + stream.uniform() : stream.normal() / Math.sqrt(fan),
      );
      return [name, values] as const;
    }),
  );
}

function drawNumbers(purpose: string, count: number): Float32Array {
  const stream = random(SEED, `test/${purpose}`);
  return Float32Array.from({ length: count }, () => stream.normal());
}

/** (batch, height, width, channels) to (batch, channels, height, width). */
function channelsFirst(values: Float32Array, shape: readonly number[]): Float32Array {
  if (shape.length === 1) return values;
  const [height, width, channels] = shape;
  const cells = height * width;
  return values.map((_, i) => {
    const [n, rest] = [Math.floor(i / (cells * channels)), i % (cells * channels)];
    return values[n * cells * channels + (rest % cells) * channels + Math.floor(rest / cells)];
  });
}

/** A layer's output in the order that users see. */
function channelsLastAgain(values: Float32Array, { shape, flattened = shape }: Activations): Float32Array {
  if (flattened.length === 1) return values;
  const [height, width, channels] = flattened;
  const cells = height * width;
  return values.map((_, i) => {
    const [n, rest] = [Math.floor(i / (cells * channels)), i % (cells * channels)];
    return values[n * cells * channels + (rest % channels) * cells + Math.floor(rest / channels)];
  });
}

export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = TOLERANCE,
  what = 'the output',
): void {
  expect(actual.length).toBe(expected.length);
  let worst = 0;
  let at = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]) / Math.max(1, Math.abs(expected[i]));
    if (!(error <= worst)) [worst, at] = [error, i];
  }
  expect(worst, `${what} at ${at}: ${actual[at]} instead of ${expected[at]}`).toBeLessThanOrEqual(tolerance);
}
