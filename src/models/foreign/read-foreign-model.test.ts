import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { asInput, difference, drawPixels, imported, original } from '../../../test/foreign/compare.ts';
import {
  CLASSES,
  classifier,
  HEADS,
  HEIGHT,
  imageModel,
  numbers,
  residualNet,
  SINGLE_HEADS,
  singleScore,
  WIDTH,
} from '../../../test/foreign/graphs.ts';
import { shared } from '../../../test/shared.ts';
import {
  decodeModel,
  encodeModel,
  type GraphBuilder,
  int64,
  type Model,
  modelOf,
  type Value,
} from '../../onnx/index.ts';
import { createGraph } from '../../ops/index.ts';
import {
  exportModel,
  foreignClassifier,
  Network,
  readForeignModel,
  trainedNetwork,
  withNewHead,
} from '../index.ts';
import { decodeSafetensors, encodeSafetensors } from '../safetensors.ts';

const COUNT = 3;
const pixels = drawPixels(COUNT, HEIGHT, WIDTH);
const [MEAN, STD] = [
  [0.485, 0.456, 0.406],
  [0.229, 0.224, 0.225],
];
const scaled = (value: number, channel: number) => (value / 255 - MEAN[channel]) / STD[channel];
const size = { height: HEIGHT, width: WIDTH };

/** The model with twice its scores before the sigmoid, which no one layer gives then. */
function withDoubledScores(model: Model): Model {
  const { graph } = model;
  const sigmoid = graph.nodes.find(({ opType }) => opType === 'Sigmoid')!;
  const twice = {
    ...sigmoid,
    name: 'twice',
    opType: 'Add',
    inputs: [sigmoid.inputs[0], sigmoid.inputs[0]],
    outputs: ['twice'],
  };
  const nodes = graph.nodes.flatMap((node) =>
    node === sigmoid ? [twice, { ...node, inputs: ['twice'] }] : [node],
  );
  return { ...model, graph: { ...graph, nodes } };
}

/** Patches of 4 × 4 pixels, each with an embedding of its place. */
function transformer(): Model {
  return imageModel(
    (graph, image) => {
      const kernel = graph.initializer('patch.weight', numbers('patch.weight', [8, 3, 4, 4]));
      const patches = graph.op('Conv', [image, kernel], { strides: [4, 4] });
      const tokens = graph.op(
        'Transpose',
        [graph.op('Reshape', [patches, graph.constant(int64([0, 8, -1]))])],
        {
          perm: [0, 2, 1],
        },
      );
      const places = graph.initializer('pos_embed', numbers('pos_embed', [1, 9, 8]));
      const placed = graph.op('Add', [tokens, places]);
      return graph.op('ReduceMean', [placed, graph.constant(int64([1]))], { keepdims: 0 });
    },
    { size: [12, 12] },
  );
}

/** The model as if its exporter had left the size of its images open. */
function withOpenSize(model: Model): Model {
  const inputs = model.graph.inputs.map((input) => ({ ...input, shape: ['N', 3, 'height', 'width'] }));
  return { ...model, graph: { ...model.graph, inputs } };
}

describe('heads', () => {
  // What a sigmoid leaves of large scores in float32 is too coarse to be compared with them: its test compares probabilities.
  const ofScores = (Object.keys(HEADS) as (keyof typeof HEADS)[]).filter((head) => !head.endsWith('sigmoid'));
  it.each(ofScores)('%s: the same scores, split off', async (head) => {
    const model = classifier(head);
    const read = readForeignModel(encodeModel(model));
    expect(read.network.layers.map(({ name, layer }) => [name, layer.type])).toEqual([
      ['backbone', 'OnnxGraph'],
      ['head', 'Dense'],
    ]);
    expect(read.network.rows[0].outputShape).toEqual([8]);
    const expected = await original(model, asInput(pixels, COUNT, { ...size, pixel: scaled }));
    const scores = head.endsWith('softmax') ? expected.map(Math.log) : expected;
    expect(difference(await imported(read, pixels), scores, CLASSES)).toBeLessThan(1e-5);
  });

  /** A classifier of Harrier's from uint8 pixels, and the model that it was made of. */
  const expectSameAnswers = async (made: Model, model: Model) => {
    const expected = await original(model, asInput(pixels, COUNT, { ...size, pixel: scaled }));
    const image = { type: 'uint8' as const, dims: [COUNT, HEIGHT, WIDTH, 3], data: pixels };
    const own = await original(made, image);
    expect(own).toHaveLength(expected.length);
    own.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 5);
    });
  };

  it.each([
    ['a layer of scores', (model: Model) => model],
    ['scores of no single layer', withDoubledScores],
  ])('a sigmoid after %s: each class keeps its own probability', async (_, change) => {
    const model = change(classifier('Gemm, sigmoid'));
    const { model: made, assumed } = foreignClassifier(encodeModel(model));
    expect(assumed.at(-1)).toMatch(/ends in a sigmoid: an image may have several of its classes/);
    await expectSameAnswers(made, model);
  });

  it.each(Object.keys(SINGLE_HEADS) as (keyof typeof SINGLE_HEADS)[])('one score, %s', async (end) => {
    const model = singleScore(end);
    const raw = await original(model, asInput(pixels, COUNT, { ...size, pixel: scaled }));
    const expected = end === 'sigmoid' ? raw : raw.map((score) => 1 / (1 + Math.exp(-score)));
    const image = { type: 'uint8' as const, dims: [COUNT, HEIGHT, WIDTH, 3], data: pixels };
    const alone = foreignClassifier(model);
    expect(alone.assumed.at(-1)).toMatch(/gives one score .*sigmoid.*give the names of both/);
    const probabilities = await original(alone.model, image);
    expect(probabilities).toHaveLength(COUNT);
    probabilities.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 5);
    });

    const named = foreignClassifier(model, { labels: ['cat', 'dog'] });
    expect(named.assumed.at(-1)).toBe(
      'model gives one score: it is taken as that of the second label, "dog".',
    );
    const ofBoth = await original(named.model, image);
    expect(ofBoth).toHaveLength(2 * COUNT);
    expected.forEach((value, i) => {
      expect(ofBoth[2 * i]).toBeCloseTo(1 - value, 5);
      expect(ofBoth[2 * i + 1]).toBeCloseTo(value, 5);
    });
    expect(() => foreignClassifier(model, { labels: ['cat', 'dog', 'cow'] })).toThrow(
      'these are labels for another number of classes: expected 2, or 1 for the label of its one score, received 3',
    );
  });

  it.each<[string, (graph: GraphBuilder, pooled: Value) => Value]>([
    [
      'a softmax and Flatten',
      (graph, pooled) => graph.op('Flatten', [graph.op('Softmax', [pooled], { axis: 1 })]),
    ],
    [
      'a softmax of channels last and Reshape',
      (graph, pooled) => {
        const last = graph.op('Transpose', [pooled], { perm: [0, 2, 3, 1] });
        const shape = graph.constant(int64([-1, 8]));
        return graph.op('Reshape', [graph.op('Softmax', [last], { axis: -1 }), shape]);
      },
    ],
    [
      'a softmax of one axis more and Squeeze',
      (graph, pooled) => {
        const row = graph.op('Squeeze', [pooled, graph.constant(int64([3]))]);
        return graph.op('Squeeze', [graph.op('Softmax', [row], { axis: 1 }), graph.constant(int64([2]))]);
      },
    ],
    ['a sigmoid and Flatten', (graph, pooled) => graph.op('Flatten', [graph.op('Sigmoid', [pooled])])],
    [
      'a softmax of a sigmoid',
      (graph, pooled) =>
        graph.op('Softmax', [graph.op('Sigmoid', [HEADS['Gemm, transposed'](graph, pooled)])], { axis: 1 }),
    ],
  ])('%s: probabilities stay as they are', async (what, end) => {
    const model = imageModel((graph, image) => end(graph, residualNet(graph, image)));
    const { model: made, assumed } = foreignClassifier(encodeModel(model));
    expect(assumed.some((sentence) => sentence.includes('ends in a sigmoid'))).toBe(
      what === 'a sigmoid and Flatten',
    );
    await expectSameAnswers(made, model);
  });

  it.each([
    ['two softmaxes for an image', [-1, 2, 2], 'Softmax over axis -1 of (N, 2, 2)'],
    ['rows of several for an image', [-1, 2], 'Softmax over axis -1 of ('],
  ])('%s are refused, but as features', (_, shape, received) => {
    const model = imageModel((graph, image) => {
      const kernel = graph.initializer('fc.weight', numbers('fc.weight', [8, 4]));
      const scores = graph.op('Gemm', [graph.op('Flatten', [residualNet(graph, image)]), kernel]);
      return graph.op('Softmax', [graph.op('Reshape', [scores, graph.constant(int64(shape))])], { axis: -1 });
    });
    expect(() => readForeignModel(model)).toThrow(
      `model: its probabilities are no row of classes for each image: expected one softmax over all classes, or a sigmoid of each, received ${received}`,
    );
    expect(readForeignModel(model, { features: 'Flatten' }).network.layers).toHaveLength(2);
  });

  it('a model of features alone has no head until it gets one', () => {
    const read = readForeignModel(imageModel((graph, image) => residualNet(graph, image)));
    expect(read.head).toBeUndefined();
    expect(read.network.outputSize).toBe(8);
  });

  it('features may be named', () => {
    const read = readForeignModel(classifier('MatMul and Add'), { features: 'HardSwish' });
    expect(read.head).toBeUndefined();
    expect(read.network.outputSize).toBe(8);
    expect(() => readForeignModel(classifier('MatMul and Add'), { features: 'HardSwich' })).toThrow(
      'model: no value of this model is called "HardSwich": expected the name of a value that holds the features. Did you mean "HardSwish"?',
    );
  });
});

describe('images', () => {
  it.each([
    ['channels last', { channelsLast: true }, {}],
    ['blue first', {}, { channelOrder: 'bgr' }],
    ['float16', { type: 'float16' }, {}],
    ['open sizes', { size: ['height', 'width'] }, { imageSize: 10 }],
  ] as const)('%s', async (_, ends, options) => {
    const model = classifier('Gemm, transposed', ends);
    const read = readForeignModel(model, options);
    const [height, width] = read.network.inputShape;
    const own = drawPixels(COUNT, height, width);
    const ofFloat = ends === undefined ? model : classifier('Gemm, transposed', { ...ends, type: 'float32' });
    const input = asInput(own, COUNT, {
      height,
      width,
      channelsLast: 'channelsLast' in ends,
      bgr: 'channelOrder' in options,
      pixel: scaled,
    });
    const expected = await original(ofFloat, input);
    expect(difference(await imported(read, own), expected, CLASSES)).toBeLessThan(1e-5);
  });

  it('pixels as they are', async () => {
    const model = classifier('Gemm, transposed', { type: 'uint8', channelsLast: true });
    const read = readForeignModel(model);
    const input = { type: 'uint8' as const, dims: [COUNT, HEIGHT, WIDTH, 3], data: pixels };
    const expected = await original(model, input);
    expect(difference(await imported(read, pixels), expected, CLASSES)).toBeLessThan(1e-5);
    expect(read.assumed.join(' ')).not.toContain('scaled');
    // The graph scales them, as the file of the model that it was made from says.
    const config = JSON.stringify({ image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] });
    const beside = readForeignModel(model, {}, { companions: { 'preprocessor_config.json': config } });
    expect(beside.network.normalization).toEqual(read.network.normalization);
  });

  it('grey ones', () => {
    const read = readForeignModel(classifier('Gemm, transposed', { channels: 1 }));
    expect(read.network.inputShape).toEqual([HEIGHT, WIDTH, 1]);
  });
});

it('goes through all that a network goes through', async () => {
  const read = readForeignModel(classifier('Gemm, transposed'));
  const { network, weights } = read;
  const own = Network.from(JSON.parse(JSON.stringify(network.config())));
  expect(own.parameters).toEqual(network.parameters);
  const again = trainedNetwork(decodeModel(encodeModel(exportModel(network, weights))), 'again');
  expect(again.weights).toEqual(weights);
  expect(await imported(again, pixels)).toEqual(await imported(read, pixels));
  const tensors = new Map(
    network.parameters.map(({ name, shape }) => [name, { shape, data: weights.get(name)! }]),
  );
  const stored = decodeSafetensors(encodeSafetensors({ tensors, metadata: {} }), 'weights');
  expect(stored.tensors).toEqual(tensors);
  const tuned = withNewHead(read, { classes: 2, trainable: 'head', seed: 1 });
  expect(tuned.network.parameters.filter(({ trainable }) => trainable).map(({ name }) => name)).toEqual([
    'head/kernel',
    'head/bias',
  ]);
});

it('weights decay where they are kernels, and statistics are not trained', () => {
  const { parameters } = readForeignModel(classifier('Gemm, transposed')).network;
  expect(parameters.map(({ name, decay, trainable }) => [name, decay, trainable])).toEqual([
    ['backbone/stem.weight', true, true],
    ['backbone/Conv.bias', false, true],
    ['backbone/dw.weight', true, true],
    ['backbone/Conv_2.bias', false, true],
    ['backbone/pw.weight', true, true],
    ['backbone/bn3.weight', false, true],
    ['backbone/bn3.bias', false, true],
    ['backbone/bn3.running_mean', false, false],
    ['backbone/bn3.running_var', false, false],
    ['head/kernel', true, true],
    ['head/bias', false, true],
  ]);
});

describe('how it wants its images', () => {
  it('is read from the files beside it', () => {
    const timm = JSON.stringify({
      architecture: 'mobilenetv4_conv_small',
      pretrained_cfg: {
        input_size: [3, 256, 256],
        interpolation: 'bicubic',
        crop_pct: 0.95,
        crop_mode: 'center',
        mean: [0.5, 0.5, 0.5],
        std: [0.25, 0.25, 0.25],
      },
    });
    const model = classifier('Gemm, transposed', { size: ['height', 'width'] });
    const read = readForeignModel(model, {}, { companions: { 'config.json': timm } });
    expect(read.reading).toEqual({
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
      imageSize: [256, 256],
      channelOrder: 'rgb',
      preprocessing: { resize: 'crop', cropFraction: 0.95, interpolation: 'bicubic' },
    });
    expect(read.network.normalization).toEqual({
      mean: [127.5, 127.5, 127.5],
      deviation: [63.75, 63.75, 63.75],
    });
    expect(read.assumed).toEqual([]);
    const processor = JSON.stringify({
      do_resize: true,
      size: { shortest_edge: 256 },
      do_center_crop: true,
      crop_size: { height: 224, width: 224 },
      resample: 2,
      do_rescale: true,
      rescale_factor: 1 / 127.5,
      do_normalize: true,
      image_mean: [1, 1, 1],
      image_std: [1, 1, 1],
      do_flip_channel_order: true,
    });
    const labels = JSON.stringify({ id2label: { 0: 'a', 1: 'b', 2: 'c', 3: 'd', 4: 'e' } });
    const other = readForeignModel(
      model,
      {},
      { companions: { 'preprocessor_config.json': processor, 'config.json': labels } },
    );
    expect(other.reading.preprocessing).toEqual({
      resize: 'crop',
      cropFraction: 0.875,
      interpolation: 'bilinear',
    });
    expect(other.reading.channelOrder).toBe('bgr');
    expect(other.reading.mean[0]).toBeCloseTo(0.5);
    expect(other.reading.std[0]).toBeCloseTo(0.5);
    expect(other.classNames).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('is assumed in words where nobody says it, and options come first', () => {
    const model = classifier('Gemm, transposed', { size: ['height', 'width'] });
    expect(readForeignModel(model, {}, { where: 'net.onnx' }).assumed).toEqual([
      "net.onnx does not say how its pixels are scaled: ImageNet's mean and deviation are assumed (--mean, --std).",
      'net.onnx does not say how images come to its size: the middle 87.5% is assumed (--resize).',
      'net.onnx takes images of any size: 224 × 224 is assumed (--image-size).',
    ]);
    const given = {
      mean: [0.1],
      std: [0.1, 0.2, 0.3],
      imageSize: 32,
      preprocessing: { resize: 'stretch' },
    } as const;
    const { reading, assumed } = readForeignModel(model, given);
    expect(assumed).toEqual([]);
    expect(reading).toMatchObject({
      mean: [0.1, 0.1, 0.1],
      std: [0.1, 0.2, 0.3],
      imageSize: [32, 32],
      preprocessing: { resize: 'stretch', cropFraction: 1 },
    });
  });
});

describe('models that cannot be used are refused', () => {
  const other = (shapes: readonly (readonly (number | string)[])[]): Model => {
    const graph = createGraph('other');
    const inputs = shapes.map((shape, i) => graph.input(`x${i}`, 'float32', shape));
    graph.output(graph.op('Relu', [inputs[0]]), 'y');
    for (const [i, input] of inputs.slice(1).entries()) graph.output(graph.op('Relu', [input]), `y${i + 2}`);
    return modelOf(graph.build());
  };
  it.each([
    ['no image', other([['N', 16]]), {}, 'this is no model of images'],
    [
      'two inputs',
      other([
        ['N', 3, 8, 8],
        ['N', 16],
      ]),
      {},
      'this model has 2 inputs',
    ],
    [
      'another size',
      classifier('Gemm, transposed'),
      { imageSize: 32 },
      'this model takes images of one size: expected 10 × 12, received 32 × 32',
    ],
    [
      'a size that its position embeddings are not for',
      withOpenSize(transformer()),
      { imageSize: 16 },
      /^model.*: with images of this size its weights do not fit: .* Position embeddings, and a matrix after Flatten, are for one size\. Leave the image size out/,
    ],
    ['a wrong mean', classifier('Gemm, transposed'), { mean: [1, 2] }, 'mean: expected one number or three'],
    [
      'a mean on another scale',
      classifier('Gemm, transposed'),
      { mean: [123.675, 116.28, 103.53] },
      'from 0 to 1, received [123.675,116.28,103.53]. Divide by 255: mean 0.485,0.456,0.406.',
    ],
    [
      'a mean and a deviation on another scale',
      classifier('Gemm, transposed'),
      { mean: [127.5], std: [1] },
      'Divide by 255: mean 0.5, and std 0.003922.',
    ],
    [
      'a deviation on another scale',
      classifier('Gemm, transposed'),
      { mean: [0.5], std: [127.5] },
      'std: expected one number or three (red, green, blue), above 0 and at most 1, received [127.5]. Divide by 255: std 0.5.',
    ],
    [
      'a mean below 0',
      classifier('Gemm, transposed'),
      { mean: [-1] },
      'mean: expected one number or three (red, green, blue), from 0 to 1, received [-1].',
    ],
  ])('%s', (_, model, options, message) => {
    expect(() => readForeignModel(model, options)).toThrow(message);
  });

  it('an unknown op is named with its node', () => {
    const { graph, ...rest } = classifier('Gemm, transposed');
    const nodes = graph.nodes.map((node) =>
      node.opType === 'HardSwish' ? { ...node, opType: 'NoSuchOp' } : node,
    );
    expect(() => readForeignModel({ ...rest, graph: { ...graph, nodes } })).toThrow(
      /model: NoSuchOp "HardSwish": Harrier does not know the op NoSuchOp/,
    );
  });
});

const lite0 = shared('models/efficientnet-lite0.onnx');

describe.skipIf(!lite0.isThere)(`EfficientNet-Lite0${lite0.note}`, () => {
  it('gives the logits that ONNX Runtime gives on the original', async () => {
    const bytes = readFileSync(lite0.path);
    const read = readForeignModel(bytes, { mean: [127 / 255], std: [128 / 255] });
    const own = drawPixels(2, 224, 224);
    const input = asInput(own, 2, { height: 224, width: 224, pixel: (value) => (value - 127) / 128 });
    const expected = await original(decodeModel(bytes), input);
    expect(difference(await imported(read, own), expected, 1000)).toBeLessThan(1e-4);
    expect(JSON.stringify(read.network.config()).length).toBeLessThan(40_000);
  });
});

it('keeps float32 weights alone', () => {
  const read = readForeignModel(classifier('Gemm, transposed', { type: 'float16' }));
  for (const values of read.weights.values()) expect(values).toBeInstanceOf(Float32Array);
});
