import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { drawWeights, expectClose } from '../../test/layers/check-layer.ts';
import { random } from '../data/random.ts';
import { BatchNormalization, Conv2D, Dense, Flatten } from '../layers/index.ts';
import { decodeModel, encodeModel, float32, type Model, modelOf, toFloat16 } from '../onnx/index.ts';
import { createGraph, importGraph } from '../ops/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { Classifier, exportModel, graphRows, Network, weightStorageOf, withStoredWeights } from './index.ts';

const runtime = nodeRuntime({ threads: 1 });

/** The number that bits of IEEE 754 binary16 stand for, by its definition. */
function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

describe('toFloat16', () => {
  it('gives every number of binary16 back', () => {
    const all = Array.from({ length: 65536 }, (_, bits) => bits).filter(
      (bits) => !Number.isNaN(fromFloat16(bits)),
    );
    const there = toFloat16(Float32Array.from(all, fromFloat16));
    expect(Array.from(there)).toEqual(all);
  });

  it('rounds to the nearest, and between two to the even one', () => {
    const stream = random(1, 'float16');
    const finite = Array.from({ length: 31 * 1024 }, (_, bits) => bits);
    const values = Float32Array.from(
      { length: 4000 },
      () => stream.normal() * 10 ** (stream.integer(12) - 8),
    );
    for (const bits of finite.filter((_, i) => i % 7 === 0)) {
      const [low, high] = [fromFloat16(bits), fromFloat16(bits + 1)];
      if (Number.isFinite(high)) values[bits % 4000] = (low + high) / 2;
    }
    toFloat16(values).forEach((bits, i) => {
      const value = Math.abs(values[i]);
      const own = bits & 0x7fff;
      const distance = (each: number) => Math.abs(fromFloat16(each) - value);
      for (const neighbour of [own - 1, own + 1]) {
        if (neighbour < 0 || neighbour >= 0x7c00) continue;
        expect(distance(own)).toBeLessThanOrEqual(distance(neighbour));
        if (distance(own) === distance(neighbour)) expect(own % 2).toBe(0);
      }
      expect(bits >> 15).toBe(Object.is(Math.sign(values[i]), -1) || Object.is(values[i], -0) ? 1 : 0);
    });
  });

  it('overflows to infinity', () => {
    expect(Array.from(toFloat16(Float32Array.of(65519, 65520, -1e9)), fromFloat16)).toEqual([
      65504,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
  });
});

const network = new Network({
  inputShape: [12, 10, 3],
  layers: [
    new Conv2D({ filters: 16, kernelSize: 3 }),
    new BatchNormalization(),
    new Conv2D({ filters: 24, kernelSize: 3, activation: 'relu' }),
    new Flatten(),
    new Dense({ units: 5, activation: 'softmax' }),
  ],
});
const weights = drawWeights(network.parameters);
const model = exportModel(network, weights, { mine: 'kept' });
const stream = random(3, 'pixels');
const pixels = Uint8Array.from({ length: 4 * 12 * 10 * 3 }, () => stream.integer(256));

async function predict(source: Model | Uint8Array): Promise<Float32Array> {
  const classifier = await Classifier.load(runtime, source);
  try {
    return await classifier.predict(pixels);
  } finally {
    await classifier.dispose();
  }
}

/** The ops that ONNX Runtime has left after it has loaded a model. */
async function loadedOps(source: Model): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'harrier-loaded-'));
  const file = join(folder, 'loaded.onnx');
  const session = await ort.InferenceSession.create(encodeModel(source), {
    optimizedModelFilePath: file,
    logSeverityLevel: 3,
  });
  await session.release();
  const ops = decodeModel(await readFile(file)).graph.nodes.map(({ opType }) => opType);
  await rm(folder, { recursive: true });
  return ops;
}

const initializer = (from: Model, name: string) =>
  Array.from(from.graph.initializers.get(name)!.data, Number);

describe.each([
  ['float16', 0.55],
  ['int8', 0.35],
] as const)('a model with its weights in %s', (storage, fraction) => {
  const small = withStoredWeights(model, storage);

  it('has as many parameters in its summary', () => {
    const parameters = (of: Model) => graphRows(of, 'model').reduce((sum, row) => sum + row.parameters, 0);
    expect(parameters(small)).toBe(parameters(model));
  });

  it('is smaller, keeps the contract, and says nearly the same in ONNX Runtime', async () => {
    const bytes = encodeModel(small);
    expect(bytes.length).toBeLessThan(fraction * encodeModel(model).length);
    expectClose(await predict(bytes), await predict(model), 0.05);
    const { graph, metadata } = decodeModel(bytes);
    expect([graph.inputs, graph.outputs]).toEqual([model.graph.inputs, model.graph.outputs]);
    expect(metadata.mine).toBe('kept');
    expect([weightStorageOf(small), weightStorageOf(model)]).toEqual([storage, 'float32']);
  });

  it('can be read by the engine, shapes included', () => {
    const outputs = importGraph(createGraph('again'), small.graph);
    expect(outputs.get('probabilities')?.shape).toEqual(['N', 5]);
  });

  it('is as fast: when it is loaded, nothing of it is left to be done at every run', async () => {
    expect(await loadedOps(small)).toEqual(await loadedOps(model));
  });

  it('leaves biases and normalisation alone', () => {
    for (const name of ['conv2d/bias', 'batch_normalization/gamma', 'dense/bias']) {
      expect(small.graph.initializers.get(name)).toBe(model.graph.initializers.get(name));
    }
  });
});

it('float16 weights are the rounded ones, exactly', async () => {
  const rounded = new Map(
    [...model.graph.initializers].map(([name, tensor]) => {
      const big = tensor.type === 'float32' && tensor.data.length >= 256;
      const values = big ? Array.from(toFloat16(tensor.data as Float32Array), fromFloat16) : undefined;
      return [name, values ? float32(tensor.dims, values) : tensor];
    }),
  );
  const expected = { ...model, graph: { ...model.graph, initializers: rounded } };
  expect(await predict(withStoredWeights(model, 'float16'))).toEqual(await predict(expected));
});

it('int8 weights are off by half a step of their output channel at most', () => {
  const { graph } = withStoredWeights(model, 'int8');
  for (const [name, channelOf, channels] of [
    ['conv2d_1/kernel', (i: number) => Math.floor(i / (16 * 9)), 24],
    ['dense/kernel', (i: number) => i % 5, 5],
  ] as const) {
    const original = initializer(model, name);
    const stored = initializer({ ...model, graph }, `${name}/int8`);
    const scales = initializer({ ...model, graph }, `${name}/scale`);
    expect(scales).toHaveLength(channels);
    original.forEach((value, i) => {
      const scale = scales[channelOf(i)];
      expect(Math.abs(value - stored[i] * scale)).toBeLessThanOrEqual(scale * 0.5001);
      expect(Math.abs(stored[i])).toBeLessThanOrEqual(127);
    });
    for (let channel = 0; channel < channels; channel++) {
      const own = stored.filter((_, i) => channelOf(i) === channel);
      expect(Math.max(...own.map(Math.abs))).toBe(127);
    }
  }
});

it('an array that is more than a kernel stays as it is', () => {
  const graph = createGraph('shared');
  const x = graph.input('x', 'float32', ['N', 32]);
  const shared = graph.initializer('shared', float32([32, 32], new Float32Array(1024).fill(1)));
  graph.output(graph.op('Add', [graph.op('MatMul', [x, shared]), graph.op('ReduceSum', [shared])]), 'y');
  const own = modelOf(graph.build());
  expect(withStoredWeights(own, 'int8').graph.initializers.get('shared')).toBe(
    own.graph.initializers.get('shared'),
  );
});
