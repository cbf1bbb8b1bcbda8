import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  Activation,
  Add,
  Conv2D,
  Dense,
  Flatten,
  GlobalAveragePooling2D,
  Input,
  MaxPooling2D,
} from '../layers/index.ts';
import { Classifier, exportModel, initialWeights, Network, withoutViews } from '../models/index.ts';
import { decodeModel, float32, type GraphBuilder, modelOf, numbersOf, type Value } from '../onnx/index.ts';
import { createGraph } from '../ops/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { dissect } from './anatomy.ts';
import { gradCam } from './grad-cam.ts';
import { Embedder, Explainer, FeatureMaps, firstFilters, layersOf } from './index.ts';
import { placedLayers } from './layers.ts';

const runtime = nodeRuntime({ threads: 1 });
const SHIPPED = new URL('../../models/cifar10.onnx', import.meta.url);
const shipped = async () => decodeModel(await readFile(SHIPPED), 'cifar10.onnx');

const image = new Input({ shape: [8, 8, 3] });
const shared = new Conv2D({ filters: 4, kernelSize: 3, padding: 'same', name: 'shared' });
const first = new Conv2D({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' }).apply(image);
const sum = new Add().apply([shared.apply(new Activation('tanh').apply(shared.apply(first))), first]);
const network = new Network({
  inputs: image,
  outputs: sum.through(new MaxPooling2D(), new GlobalAveragePooling2D(), new Dense({ units: 3 })),
});
const weights = initialWeights(network.parameters, 1);

/** As PyTorch exports: channels first, float32, names with a leading slash, no Softmax. */
function foreign(build: (graph: GraphBuilder, features: Value) => Value = (_, x) => x) {
  const graph = createGraph('main_graph');
  const x = graph.input('input', 'float32', ['batch', 3, 6, 6]);
  const draw = (...dims: number[]) =>
    float32(
      dims,
      Array.from({ length: dims.reduce((a, b) => a * b) }, (_, i) => Math.sin(3 * i + dims.length)),
    );
  const conv = graph.op(
    'Conv',
    [x, graph.initializer('conv.weight', draw(4, 3, 3, 3))],
    {},
    { name: '/conv/Conv_output_0' },
  );
  const relu = graph.op('Relu', [build(graph, conv)], {}, { name: '/relu/Relu_output_0' });
  const mean = graph.op('GlobalAveragePool', [relu], {}, { name: '/pool/GlobalAveragePool_output_0' });
  const flat = graph.op('Flatten', [mean], {}, { name: '/Flatten_output_0' });
  const logits = graph.op(
    'Gemm',
    [flat, graph.initializer('fc.weight', draw(3, 4)), graph.initializer('fc.bias', draw(3))],
    { transB: 1 },
  );
  graph.output(logits, 'logits');
  return modelOf(graph.build());
}

describe('layers of a model', () => {
  it('are those of the network, with what is connected to what', () => {
    const rows = layersOf(exportModel(network, weights));
    expect(rows.map(({ name, inputs }) => `${name}(${inputs.join(', ')})`)).toEqual([
      'preprocessing(image)',
      'conv2d(preprocessing)',
      'shared(conv2d)',
      'activation(shared)',
      'shared/2(activation)',
      'add(shared/2, conv2d)',
      'max_pooling2d(add)',
      'global_average_pooling2d(max_pooling2d)',
      'dense(global_average_pooling2d)',
      'probabilities(dense)',
    ]);
    expect(rows[1]).toMatchObject({ ops: ['Conv', 'Relu'], outputShape: ['N', 4, 8, 8], parameters: 112 });
    // Shared weights count once.
    expect(rows.map(({ parameters }) => parameters)).toEqual([0, 112, 148, 0, 0, 0, 0, 0, 15, 0]);
  });

  it('of the shipped model: 6 views are one, 8-bit weights are counted as what they stand for', async () => {
    const rows = layersOf(await shipped());
    expect(rows.filter(({ name }) => name.startsWith('views'))).toEqual([]);
    expect(rows.find(({ name }) => name === 'activation_6')!.outputShape).toEqual(['N', 384, 3, 3]);
    // 4,604,440 that are trained, 288 of the patches, 3,584 running statistics.
    expect(rows.reduce((total, { parameters }) => total + parameters, 0)).toBe(4_608_312);
  });

  it('of a model from elsewhere', () => {
    const rows = layersOf(foreign());
    expect(rows.map(({ name, parameters }) => [name, parameters])).toEqual([
      ['conv', 108],
      ['relu', 0],
      ['pool', 0],
      ['Flatten', 0],
      ['logits', 15],
    ]);
  });
});

describe('withoutViews', () => {
  it('answers for an image as it is', async () => {
    const pixels = Uint8Array.from({ length: 2 * 192 }, (_, i) => (i * 37) % 256);
    const answers = [];
    for (const model of [
      exportModel(network, weights),
      withoutViews(exportModel(network, weights, {}, { testTimeAugmentation: 'flip-shift' })),
    ]) {
      const classifier = await Classifier.load(runtime, model);
      answers.push(await classifier.predict(pixels));
      await classifier.dispose();
    }
    expect(answers[1]).toEqual(answers[0]);
  });

  it('refuses a model whose graph does not do what its metadata says', () => {
    const model = exportModel(network, weights);
    const lying = { ...model, metadata: { 'harrier.testTimeAugmentation': 'flip' } };
    expect(() => withoutViews(lying)).toThrow('its views are not where Harrier puts them');
  });
});

describe('feature maps and filters', () => {
  it('are what the layers of the shipped model give, image by image', async () => {
    const maps = await FeatureMaps.load(runtime, await shipped());
    const pixels = Uint8Array.from({ length: 3072 }, (_, i) => (i * 7) % 256);
    const features = await maps.of(pixels);
    expect(features.map(({ layer }) => layer)).toEqual(maps.layers);
    expect(features[0]).toMatchObject({ layer: 'patch_whitening2d', channels: 24, height: 31, width: 31 });
    expect(features.at(-1)).toMatchObject({ layer: 'activation_6', channels: 384, height: 3, width: 3 });
    const before = features.find(({ layer }) => layer === 'conv2d')!;
    const pooled = features.find(({ layer }) => layer === 'max_pooling2d')!;
    expect(pooled.data[0]).toBe(Math.max(...[0, 1, 31, 32].map((place) => before.data[place])));
    await expect(maps.of(new Uint8Array(5))).rejects.toThrow(
      'expected 1 image of (32, 32, 3), received 5 values',
    );
    await maps.dispose();
  });

  it('of the layers that are asked for, rows of numbers too', async () => {
    const maps = await FeatureMaps.load(runtime, exportModel(network, weights), ['dense', 'conv2d']);
    const [dense, conv] = await maps.of(new Uint8Array(192));
    expect(dense).toMatchObject({ layer: 'dense', channels: 3, height: 1, width: 1 });
    expect(conv).toMatchObject({ layer: 'conv2d', channels: 4, height: 8, width: 8 });
    await maps.dispose();
  });

  it('are the numbers of the first convolution, from whatever they are stored in', async () => {
    const plain = await firstFilters(runtime, exportModel(network, weights));
    expect(plain).toMatchObject({ layer: 'conv2d', count: 4, channels: 3, height: 3, width: 3 });
    expect(plain.data[1]).toBe(weights.get('conv2d/kernel')![12]);
    const model = await shipped();
    const stored = await firstFilters(runtime, model);
    expect(stored).toMatchObject({ layer: 'patch_whitening2d', count: 24, channels: 3, height: 2, width: 2 });
    const { initializers } = model.graph;
    const [bits, scale] = ['int8', 'scale'].map((part) =>
      numbersOf(initializers.get(`patch_whitening2d/kernel/${part}`)!),
    );
    expect(stored.data[13]).toBeCloseTo(bits[13] * scale[1], 6);
  });
});

describe('a model from elsewhere', () => {
  it('has a Grad-CAM too, as a graph', () => {
    const { layer, map } = gradCam(foreign());
    expect(layer).toBe('relu');
    expect(map.shape).toEqual([1, 4, 4]);
  });

  it('has images where channels come first, and none in tokens and scores', () => {
    // As Swin and ConvNeXt end: channels last for the normalization, and first again.
    const model = foreign((graph, x) => {
      const turn = (value: Value, perm: number[], name: string) =>
        graph.op('Transpose', [value], { perm }, { name: `/${name}/Transpose_output_0` });
      const ones = (size: number, name: string) =>
        graph.initializer(name, float32([size], new Array(size).fill(1)));
      const last = turn(x, [0, 2, 3, 1], 'turn');
      const norm = graph.op(
        'LayerNormalization',
        [last, ones(4, 'scale')],
        { axis: -1 },
        { name: '/norm/LayerNormalization_output_0' },
      );
      const scores = graph.op(
        'MatMul',
        [x, turn(x, [0, 1, 3, 2], 'keys')],
        {},
        { name: '/scores/MatMul_output_0' },
      );
      return graph.op('Add', [turn(norm, [0, 3, 1, 2], 'back'), scores], {}, { name: '/sum/Add_output_0' });
    });
    const isImage = new Map(placedLayers(dissect(model, 'N')).map((layer) => [layer.name, layer.isImage]));
    expect([...isImage].filter(([, image]) => image).map(([name]) => name)).toEqual([
      'conv',
      'back',
      'sum',
      'relu',
      'pool',
    ]);
    expect(() => gradCam(model, 'norm')).toThrow('layer "norm" does not have an image as output');
  });

  it('has embeddings of its pixels', async () => {
    const embedder = await Embedder.load(runtime, foreign());
    const rows = await embedder.embed(Float32Array.from({ length: 2 * 108 }, (_, i) => i % 5));
    expect(rows.length).toBe(2 * 4);
    expect(Math.hypot(...rows.subarray(0, 4))).toBeCloseTo(1, 5);
    await embedder.dispose();
  });

  it('is refused by name and op where one has no gradient', () => {
    const turned = foreign((graph, x) => graph.op('LpNormalization', [x], { axis: 1 }));
    expect(() => gradCam(turned, 'conv', 'turned.onnx')).toThrow(
      /^turned.onnx: LpNormalization ".*": it has no gradient/,
    );
  });

  it('is refused by the Explainer unless it keeps the contract, and where it is no classifier', async () => {
    await expect(Explainer.load(runtime, foreign())).rejects.toThrow('does not keep to the contract');
    const graph = createGraph('rows');
    graph.output(graph.op('Relu', [graph.input('x', 'float32', ['N', 4])]), 'y');
    await expect(Embedder.load(runtime, modelOf(graph.build()), 'rows.onnx')).rejects.toThrow(
      'rows.onnx: this model is not an image classifier: expected one input of 4 axes',
    );
    const flat = new Network({ inputShape: [4, 4, 3], layers: [new Flatten(), new Dense({ units: 2 })] });
    await expect(
      firstFilters(runtime, exportModel(flat, initialWeights(flat.parameters, 1))),
    ).rejects.toThrow('no convolution over images');
  });
});
