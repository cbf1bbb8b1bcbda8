import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { liteWeights, REFERENCE } from '../../test/real-weights.ts';
import { type PickledTensor, pickledState, zipFormat } from '../../test/torch-files.ts';
import { initialWeights, Network, type Weights } from '../models/index.ts';
import { toGraphLayout } from '../models/weights.ts';
import { encodeModel, float32, modelOf } from '../onnx/index.ts';
import { createGraph } from '../ops/index.ts';
import { startingModelOf } from '../runs/starting-model.ts';
import { EfficientNetLite, type EfficientNetLiteVariant, networkOfStateDict } from './index.ts';

describe('EfficientNetLite', () => {
  // Weights that training changes: https://github.com/huggingface/pytorch-image-models, results of tf_efficientnet_lite*.
  it.each<[EfficientNetLiteVariant, number]>([
    ['lite0', 4_652_008],
    ['lite1', 5_416_680],
    ['lite2', 6_092_072],
    ['lite3', 8_197_096],
    ['lite4', 13_006_568],
  ])('%s has the published number of parameters', (variant, expected) => {
    const { parameters } = EfficientNetLite({ variant });
    const trainable = parameters.filter((spec) => spec.trainable);
    expect(trainable.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)).toBe(expected);
  });

  it('comes back from its configuration, and takes other classes and sizes', () => {
    const network = EfficientNetLite({ classes: 3, inputShape: [64, 96, 3] });
    expect(network.outputSize).toBe(3);
    expect(network.rows.find(({ name }) => name === 'top_conv')!.outputShape).toEqual([2, 3, 1280]);
    expect(Network.from(JSON.parse(JSON.stringify(network.config()))).config()).toEqual(network.config());
  });

  it('refuses a variant that there is not, and no classes', () => {
    expect(() => EfficientNetLite({ variant: 'lite9' as EfficientNetLiteVariant })).toThrow(
      /unknown variant of EfficientNetLite "lite9".*lite0, lite1, lite2, lite3, lite4/,
    );
    expect(() => EfficientNetLite({ classes: 0 })).toThrow(
      /classes: expected a whole number from 1, received 0/,
    );
  });
});

/** Weights in a state dictionary as one of PyTorch's packages would save them: the reverse of what is read. */
function stateDict(network: Network, weights: Weights, names: (parameter: string) => string): Uint8Array {
  const tensors: Record<string, PickledTensor> = {};
  const storages: Record<string, Uint8Array> = {};
  for (const [i, spec] of network.parameters.entries()) {
    const isDense = spec.shape.length === 2;
    const values = new Float32Array(weights.get(spec.name)!.length);
    toGraphLayout(spec, weights.get(spec.name)!, values);
    storages[i] = new Uint8Array(values.buffer);
    // A Dense kernel lies as Harrier has it, and its transpose is a view of it.
    const shape = isDense ? [...spec.shape].reverse() : spec.graphShape;
    const rows = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
    const strides = isDense ? [1, spec.shape[1]] : rows;
    tensors[names(spec.name)] = { key: `${i}`, length: values.length, shape, strides };
  }
  return zipFormat(pickledState(tensors, false), storages);
}

const NAMES: Readonly<Record<string, string>> = {
  'stem_conv/kernel': 'conv_stem.weight',
  'stem_bn/gamma': 'bn1.weight',
  'block1a_dwconv/kernel': 'blocks.0.0.conv_dw.weight',
  'block1a_bn/moving_mean': 'blocks.0.0.bn1.running_mean',
  'block1a_project_conv/kernel': 'blocks.0.0.conv_pw.weight',
  'block1a_project_bn/beta': 'blocks.0.0.bn2.bias',
  'block6c_expand_conv/kernel': 'blocks.5.2.conv_pw.weight',
  'block6c_project_bn/moving_variance': 'blocks.5.2.bn3.running_var',
  'top_bn/gamma': 'bn2.weight',
  'predictions/kernel': 'classifier.weight',
};

/** timm's name of a parameter, written from its modules' names and not from the table that is tested. */
function timmName(parameter: string): string {
  const [layer, weight] = parameter.split('/');
  const ends: Record<string, string> = {
    kernel: 'weight',
    bias: 'bias',
    gamma: 'weight',
    beta: 'bias',
    moving_mean: 'running_mean',
    moving_variance: 'running_var',
  };
  const end = ends[weight];
  const outside: Record<string, string> = {
    stem_conv: 'conv_stem',
    stem_bn: 'bn1',
    top_conv: 'conv_head',
    top_bn: 'bn2',
    predictions: 'classifier',
  };
  if (outside[layer]) return `${outside[layer]}.${end}`;
  const [, stage, letter, part] = /^block(\d)([a-z])_(.*)$/.exec(layer)!;
  const order = stage === '1' ? ['dwconv', 'bn', 'project_conv', 'project_bn'] : [];
  const deep = ['expand_conv', 'expand_bn', 'dwconv', 'bn', 'project_conv', 'project_bn'];
  const modules =
    stage === '1'
      ? ['conv_dw', 'bn1', 'conv_pw', 'bn2']
      : ['conv_pw', 'bn1', 'conv_dw', 'bn2', 'conv_pwl', 'bn3'];
  const place = (stage === '1' ? order : deep).indexOf(part);
  return `blocks.${Number(stage) - 1}.${letter.charCodeAt(0) - 97}.${modules[place]}.${end}`;
}

it("reads timm's names, in a state dictionary of three classes, as a starting model", () => {
  const network = EfficientNetLite({ classes: 3 });
  const weights = initialWeights(network.parameters, 1);
  for (const [parameter, name] of Object.entries(NAMES)) expect(timmName(parameter)).toBe(name);
  const bytes = stateDict(network, weights, timmName);
  const model = startingModelOf(bytes, { name: 'mine' }, 'mine.pth');
  expect(model.network.config()).toEqual(network.config());
  expect(model.preprocessing).toEqual({ resize: 'crop', cropFraction: 0.875, interpolation: 'bicubic' });
  const bytesOf = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  for (const [name, values] of weights) {
    expect(bytesOf(model.weights.get(name)!).equals(bytesOf(values)), name).toBe(true);
  }
});

it('takes images of another size with the same weights, from 32 pixels on', () => {
  const network = EfficientNetLite({ classes: 3 });
  const bytes = stateDict(network, initialWeights(network.parameters, 1), timmName);
  const opened = (imageSize: number) =>
    startingModelOf(bytes, { name: 'mine' }, 'mine.pth', undefined, { imageSize });
  const small = opened(96);
  expect(small.network.config()).toEqual(EfficientNetLite({ classes: 3, inputShape: [96, 96, 3] }).config());
  expect(small).toMatchObject({ imageSize: 96, ownSize: [224, 224], preprocessing: { cropFraction: 0.875 } });
  expect(() => opened(31)).toThrow(
    'mine: images of this size are too small for the network: expected at least 32 × 32, the product of its strides, received 31 × 31.',
  );
});

it('names a state dictionary of another network', () => {
  const tensors = { 'layer1.weight': { key: '0', length: 6, shape: [2, 3], strides: [3, 1] } };
  const bytes = zipFormat(pickledState(tensors, false), { '0': new Uint8Array(24) });
  expect(() => networkOfStateDict(bytes, 'resnet.pth')).toThrow(
    'resnet.pth: these are the weights of no network that Harrier knows: expected EfficientNetLite lite0, ' +
      'EfficientNetLite lite1, EfficientNetLite lite2, EfficientNetLite lite3, EfficientNetLite lite4, ' +
      'received 1 tensors, the first "layer1.weight" (2, 3). ' +
      'Export the model from PyTorch to ONNX, and give that file.',
  );
});

const { pth, skipped } = await liteWeights();
const why = existsSync(REFERENCE) ? skipped : `${REFERENCE} is not there`;

describe.skipIf(why !== undefined)(`published weights of lite0${why ? ` (${why})` : ''}`, () => {
  it('give the scores of the same network that PyTorch exported, within 1e-4', async () => {
    const { network, weights } = networkOfStateDict(pth!, 'lite0.pth');
    const graph = createGraph('scores');
    const image = graph.input('image', 'uint8', ['N', 224, 224, 3]);
    const scores = network.build(graph, image, {
      training: false,
      parameter: (spec) => {
        const values = new Float32Array(weights.get(spec.name)!.length);
        toGraphLayout(spec, weights.get(spec.name)!, values);
        return graph.initializer(spec.name.split('/').at(-1)!, float32(spec.graphShape, values));
      },
    });
    graph.output(scores, 'scores');
    const pixels = Uint8Array.from(
      { length: 2 * 224 * 224 * 3 },
      (_, i) => 127 + 120 * Math.sin(i * 0.0013) * Math.cos(i / 31),
    );
    const ours = await run(
      encodeModel(modelOf(graph.build())),
      new Tensor('uint8', pixels, [2, 224, 224, 3]),
    );
    const planes = new Float32Array(pixels.length);
    for (let i = 0; i < planes.length; i++) {
      const [image, within] = [Math.floor(i / 150_528), i % 150_528];
      const [channel, cell] = [Math.floor(within / 50_176), within % 50_176];
      planes[i] = (pixels[image * 150_528 + cell * 3 + channel] - 127) / 128;
    }
    const theirs = await run(await readFile(REFERENCE), new Tensor('float32', planes, [2, 3, 224, 224]));
    const difference = theirs.reduce((most, value, i) => Math.max(most, Math.abs(value - ours[i])), 0);
    expect(ours.length).toBe(2000);
    expect(Math.max(...theirs) - Math.min(...theirs)).toBeGreaterThan(3);
    expect(difference).toBeLessThan(1e-4);
  });
});

async function run(model: Uint8Array, input: Tensor): Promise<Float32Array> {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1 });
  try {
    const outputs = await session.run({ [session.inputNames[0]]: input });
    return outputs[session.outputNames[0]].data as Float32Array;
  } finally {
    await session.release();
  }
}
