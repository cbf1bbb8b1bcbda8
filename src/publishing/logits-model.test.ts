import * as ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { random } from '../data/random.ts';
import { BatchNormalization, Conv2D, Dense, Flatten } from '../layers/index.ts';
import {
  averageModels,
  type ExportOptions,
  exportModel,
  initialWeights,
  Network,
  THRESHOLDS_KEY,
  withStoredWeights,
} from '../models/index.ts';
import { encodeModel, type Model, modelOf } from '../onnx/index.ts';
import { createGraph } from '../ops/index.ts';
import { logitsModel } from './logits-model.ts';

const [COUNT, HEIGHT, WIDTH, CLASSES] = [3, 9, 12, 4];
const network = new Network({
  inputShape: [HEIGHT, WIDTH, 3],
  layers: [
    new Conv2D({ filters: 6, kernelSize: 3, activation: 'relu' }),
    new BatchNormalization(),
    new Flatten(),
    new Dense({ units: CLASSES, activation: 'softmax' }),
  ],
});
const model = (options: ExportOptions = {}, seed = 7) =>
  exportModel(
    network,
    initialWeights(network.parameters, seed),
    { 'harrier.classNames': '["a","b","c","d"]' },
    options,
  );

/** The average of two, as that of several seeds. */
function average(options: ExportOptions): Model {
  const models = [model(options), model(options, 8)];
  const { [THRESHOLDS_KEY]: thresholds } = models[0].metadata;
  return averageModels(models, { ...(thresholds !== undefined && { [THRESHOLDS_KEY]: thresholds }) });
}

async function run(of: Model, input: Record<string, ort.Tensor>, output: string): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(encodeModel(of));
  const { [output]: result } = await session.run(input);
  await session.release();
  return result.data as Float32Array;
}

function softmax(logits: Float32Array): number[] {
  return Array.from({ length: COUNT }, (_, i) => {
    const row = Array.from(logits.subarray(i * CLASSES, (i + 1) * CLASSES), Math.exp);
    const sum = row.reduce((total, each) => total + each, 0);
    return row.map((each) => each / sum);
  }).flat();
}

it.each<[string, Model]>([
  ['a model', model()],
  ['a model of several views', model({ testTimeAugmentation: 'flip-shift' })],
  ['a model with a temperature', model({ temperature: 2.5 })],
  ['a model whose weights are int8', withStoredWeights(model(), 'int8')],
  ['an average of several', average({ testTimeAugmentation: 'flip', temperature: 2 })],
])('%s: softmax of its logits are the probabilities', async (_, given) => {
  const stream = random(1, 'logits');
  const pixels = Uint8Array.from({ length: COUNT * HEIGHT * WIDTH * 3 }, () => stream.integer(256));
  const image = new ort.Tensor('uint8', pixels, [COUNT, HEIGHT, WIDTH, 3]);
  const expected = await run(given, { image }, 'probabilities');
  const plane = HEIGHT * WIDTH;
  const values = new Float32Array(pixels.length);
  for (let n = 0; n < COUNT; n++) {
    for (let i = 0; i < plane; i++) {
      for (let c = 0; c < 3; c++) values[(n * 3 + c) * plane + i] = pixels[(n * plane + i) * 3 + c] / 255;
    }
  }
  const converted = logitsModel(given, 'it');
  expect(converted.graph.inputs).toMatchObject([
    { name: 'pixel_values', type: 'float32', shape: ['N', 3, HEIGHT, WIDTH] },
  ]);
  expect(converted.metadata['harrier.network']).toBeUndefined();
  expect(converted.metadata['harrier.weights']).toBeUndefined();
  const pixelValues = new ort.Tensor('float32', values, [COUNT, 3, HEIGHT, WIDTH]);
  const logits = await run(converted, { pixel_values: pixelValues }, 'logits');
  softmax(logits).forEach((probability, i) => {
    expect(Math.abs(probability - expected[i])).toBeLessThan(1e-5);
  });
  expect(new Set(Array.from(expected, (each) => each.toFixed(3))).size).toBeGreaterThan(CLASSES);
});

const LABELS = {
  thresholds: [0.5, 0.4, 0.3, 0.2],
  temperature: 1.5,
  testTimeAugmentation: 'flip',
} satisfies ExportOptions;

it.each<[string, Model]>([
  ['a model', model(LABELS)],
  ['an average of several', average(LABELS)],
])(
  '%s of any number of labels: the logistic function of its logits are the probabilities',
  async (_, given) => {
    const converted = logitsModel(given, 'it');
    const pixels = new Uint8Array(HEIGHT * WIDTH * 3).fill(51);
    const image = new ort.Tensor('uint8', pixels, [1, HEIGHT, WIDTH, 3]);
    const expected = await run(given, { image }, 'probabilities');
    const grey = new ort.Tensor('float32', new Float32Array(pixels.length).fill(0.2), [1, 3, HEIGHT, WIDTH]);
    const logits = await run(converted, { pixel_values: grey }, 'logits');
    expected.forEach((probability, i) => {
      expect(1 / (1 + Math.exp(-logits[i]))).toBeCloseTo(probability, 5);
    });
    // They are no distribution.
    expect(Math.abs(expected.reduce((sum, each) => sum + each, 0) - 1)).toBeGreaterThan(0.1);
  },
);

it('refuses probabilities that are no softmax', () => {
  const graph = createGraph('sigmoid');
  const image = graph.input('image', 'uint8', ['N', 2, 2, 3]);
  const flat = graph.op('Flatten', [graph.op('Cast', [image], { to: 1 })]);
  graph.output(graph.op('Sigmoid', [flat]), 'probabilities');
  expect(() => logitsModel(modelOf(graph.build()), 'it')).toThrow(
    /it: this model has no logits.*received Sigmoid/,
  );
});
