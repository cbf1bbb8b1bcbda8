import { describe, expect, it } from 'vitest';
import { largest, largestDifference, normal, normalTensor } from '../../test/gradients/check.ts';
import { withStoredWeights } from '../models/index.ts';
import {
  float,
  float32,
  type Graph,
  type GraphBuilder,
  modelOf,
  numbersOf,
  type Tensor,
  tensor,
  type Value,
} from '../onnx/index.ts';
import { createGraph } from '../ops/index.ts';
import { simplify } from '../passes/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { biasCorrections } from './bias-corrections.ts';
import { compareWith } from './divergence.ts';
import { equalized } from './equalize.ts';
import { foldPastPooling } from './fold-past-pooling.ts';
import { affineOf, quantizeWeights } from './integers.ts';
import { observe } from './observe.ts';
import { quantizeModel } from './quantize.ts';
import { Histogram, rangeOf } from './ranges.ts';
import { inFloats } from './sensitivity.ts';

const runtime = nodeRuntime({ threads: 1 });
const random = (name: string, dims: readonly number[], scale = 1): Tensor =>
  normalTensor(`quantization/${name}`, dims, scale);

async function run(graph: Graph, feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
  const executable = await runtime.compile(modelOf(graph));
  const outputs = await executable.step(feeds);
  await executable.dispose();
  return outputs;
}

describe('integers of a range', () => {
  it('hold zero exactly and reach both ends', () => {
    for (const [lowest, highest] of [
      [-1, 3],
      [0, 6],
      [-5, 0],
      [2, 4],
      [-4, -2],
    ]) {
      const { scale, zeroPoint } = affineOf({ lowest, highest });
      expect(Number.isInteger(zeroPoint)).toBe(true);
      expect(scale * (255 - zeroPoint)).toBeGreaterThan(Math.max(0, highest) - scale);
      expect(-scale * zeroPoint).toBeLessThan(Math.min(0, lowest) + scale);
    }
    expect(affineOf({ lowest: 0, highest: 6 })).toEqual({ scale: Math.fround(6 / 255), zeroPoint: 0 });
    expect(affineOf({ lowest: 0, highest: 0 })).toEqual({ scale: 1, zeroPoint: 0 });
  });

  it('of weights have a scale for each output, and neighbours that never leave 16 bits', () => {
    const weights = random('weights', [4, 6, 3, 3]);
    const { integers, scales } = quantizeWeights(weights, { axis: 0, along: 1 });
    const values = numbersOf(integers);
    values.forEach((value, i) => {
      expect(Math.abs(value)).toBeLessThanOrEqual(127);
      const scale = scales[Math.floor(i / 54)];
      expect(Math.abs(value * scale - Number(weights.data[i]))).toBeLessThanOrEqual(0.5001 * scale);
      // Pixels of 255 at both, as vpmaddubsw adds them.
      if (Math.floor(i / 9) % 2 === 0) {
        expect(Math.abs(255 * (value + values[i + 9]))).toBeLessThanOrEqual(32_767);
      }
    });
  });

  it('of weights that are all zero, or whose bias is large, stay within 32 bits', () => {
    const { integers, scales } = quantizeWeights(
      float32([2, 1, 1, 1], [0, 1e-9]),
      { axis: 0, along: 1 },
      [0, 1e-3],
    );
    expect(numbersOf(integers)).toEqual([0, 0]);
    expect([...scales]).toEqual([1, Math.fround(1e-3)]);
  });
});

describe('ranges', () => {
  const seen = (values: readonly number[]) => {
    const histogram = new Histogram();
    for (let i = 0; i < values.length; i += 1000) {
      histogram.add(Float32Array.from(values.slice(i, i + 1000)));
    }
    return histogram;
  };
  const bell = normal(20_000, 'quantization/bell');

  it('min-max is all that was seen, however the numbers came', () => {
    const histogram = seen([0.1, ...bell, -100, 60]);
    expect(rangeOf(histogram, 'min-max')).toEqual({ lowest: -100, highest: 60 });
    expect(histogram.counts.reduce((sum, count) => sum + count)).toBe(20_003);
  });

  it('percentile and entropy leave a few outliers out, and keep the bell', () => {
    const histogram = seen([...bell, 400]);
    for (const method of ['percentile', 'entropy'] as const) {
      const { lowest, highest } = rangeOf(histogram, method);
      expect(lowest).toBeLessThan(-1);
      expect(highest).toBeLessThan(method === 'percentile' ? 10 : 100);
      expect(highest).toBeGreaterThan(2.5);
    }
  });

  it('are those of the numbers that came, also after none', () => {
    const histogram = new Histogram();
    histogram.add(new Float32Array());
    expect(histogram.isEmpty).toBe(true);
    histogram.add(Float32Array.of(-1, 2));
    expect([histogram.isEmpty, rangeOf(histogram, 'percentile')]).toEqual([
      false,
      { lowest: -1, highest: 2 },
    ]);
  });

  it('of nothing but zeros are empty', () => {
    for (const method of ['min-max', 'percentile', 'entropy'] as const) {
      expect(rangeOf(seen([0, 0, 0]), method)).toEqual({ lowest: 0, highest: 0 });
    }
  });
});

const DIMS = [2, 4, 8, 8];
const conv = (graph: GraphBuilder, x: Value, name: string, dims: number[], attributes = {}) =>
  graph.op(
    'Conv',
    [
      x,
      graph.initializer(`${name}/w`, random(name, dims, 0.3)),
      graph.initializer(`${name}/b`, random(`${name}/b`, [dims[0]])),
    ],
    { kernel_shape: dims.slice(2), ...attributes },
  );

describe('before it is quantised', () => {
  it('a graph has normalization folded past max-pooling', async () => {
    const graph = createGraph('past');
    const x = graph.input('x', 'float32', ['N', ...DIMS.slice(1)]);
    const pooled = graph.op('MaxPool', [conv(graph, x, 'a', [6, 4, 3, 3])], {
      kernel_shape: [2, 2],
      strides: [2, 2],
    });
    const positive = (name: string) =>
      graph.initializer(
        name,
        float32(
          [6],
          Float32Array.from(normal(6, name), (v) => v * v + 0.1),
        ),
      );
    const statistics = [positive('gamma'), graph.initializer('beta', random('beta', [6])), positive('mean')];
    const y = graph.op('BatchNormalization', [pooled, ...statistics, positive('variance')], {
      epsilon: float(1e-3),
    });
    graph.output(y, 'y');
    const before = graph.build();
    const after = simplify(foldPastPooling(before));
    expect(after.nodes.map(({ opType }) => opType)).toEqual(['Conv', 'MaxPool']);
    const feeds = { x: random('x', DIMS) };
    const [a, b] = [(await run(before, feeds)).y, (await run(after, feeds)).y];
    expect(largestDifference(numbersOf(b), numbersOf(a)) / largest(numbersOf(a))).toBeLessThan(1e-5);
    // A negative γ turns the largest into the smallest.
    const gamma = float32([6], [1, 1, -1, 1, 1, 1]);
    const turned = { ...before, initializers: new Map(before.initializers).set('gamma', gamma) };
    expect(foldPastPooling(turned)).toBe(turned);
  });

  it('equalised layers compute the same, with channels of equal range between', async () => {
    const graph = createGraph('equal');
    const x = graph.input('x', 'float32', ['N', ...DIMS.slice(1)]);
    const uneven = conv(graph, x, 'a', [8, 4, 1, 1]);
    const between = graph.op('Relu', [uneven]);
    const deep = graph.op('Relu', [conv(graph, between, 'b', [8, 1, 3, 3], { group: 8 })]);
    graph.output(conv(graph, deep, 'c', [5, 8, 1, 1]), 'y');
    const built = graph.build();
    const wide = built.initializers.get('a/w')!;
    const initializers = new Map(built.initializers).set(
      'a/w',
      float32(
        wide.dims,
        numbersOf(wide).map((value, i) => value * (i < 4 ? 30 : 1)),
      ),
    );
    const before = { ...built, initializers };
    const feeds = { x: random('x', DIMS) };
    const names = [between.name, deep.name];
    const seen = await observe(before, names, [feeds.x], runtime);
    const after = equalized(before, seen.channels)!;
    const [a, b] = [(await run(before, feeds)).y, (await run(after, feeds)).y];
    expect(largestDifference(numbersOf(b), numbersOf(a)) / largest(numbersOf(a))).toBeLessThan(1e-5);
    const now = await observe(after, names, [feeds.x], runtime);
    const spread = (peaks: Float64Array) =>
      Math.max(...peaks) / Math.min(...peaks.filter((peak) => peak > 0));
    for (const name of names) {
      expect(spread(now.channels.get(name)!.peaks)).toBeLessThan(spread(seen.channels.get(name)!.peaks));
    }
    expect(spread(now.channels.get(between.name)!.peaks)).toBeLessThan(1.01);
  });

  it('rows that go into a product are seen by their features, which come last', async () => {
    const graph = createGraph('tokens');
    const x = graph.input('x', 'float32', ['N', 3, 2]);
    const tokens = graph.op('Relu', [x]);
    graph.output(graph.op('MatMul', [tokens, graph.initializer('w', random('w', [2, 4]))]), 'y');
    const values = [1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60];
    const { channels } = await observe(graph.build(), [tokens.name], [float32([2, 3, 2], values)], runtime);
    const { means, peaks } = channels.get(tokens.name)!;
    expect([[...means], [...peaks]]).toEqual([
      [3.5, 35],
      [6, 60],
    ]);
  });

  it('corrected biases bring the mean of each output back', () => {
    const weights = random('corrected', [4, 3, 1, 1]);
    const layout = { axis: 0, along: 1 };
    const quantized = quantizeWeights(weights, layout);
    const means = Float64Array.of(10, -20, 30);
    const corrections = biasCorrections(weights, quantized, layout, means);
    for (let o = 0; o < 4; o++) {
      const sum = (weight: (i: number) => number) =>
        [0, 1, 2].reduce((all, c) => all + weight(o * 3 + c) * means[c], 0);
      const exact = sum((i) => Number(weights.data[i]));
      const rounded = sum((i) => quantized.scales[o] * Number(quantized.integers.data[i]));
      expect(rounded + corrections[o]).toBeCloseTo(exact, 6);
      expect(corrections[o]).not.toBe(0);
    }
  });
});

describe('a model in integers', () => {
  const SIDE = 10;

  /** Scaling, two convolutions, a mean, a product: as small models of Harrier are. One layer is hard to quantise. */
  function model(hard = false) {
    const graph = createGraph('small');
    const image = graph.input('image', 'uint8', ['N', SIDE, SIDE, 3]);
    const pixels = graph.op('Transpose', [graph.op('Cast', [image], { to: 1 })], { perm: [0, 3, 1, 2] });
    const scaled = graph.op('Mul', [pixels, graph.constant(float32([], [1 / 255]))]);
    const first = graph.op('Relu', [conv(graph, scaled, 'one', [16, 3, 3, 3])]);
    const narrow = conv(graph, first, 'narrow', [8, 16, 1, 1]);
    const lifted = hard
      ? graph.op('Mul', [narrow, graph.constant(float32([1, 8, 1, 1], [3000, 1, 1, 1, 1, 1, 1, 1]))])
      : narrow;
    const lowered = conv(graph, lifted, 'lowered', [32, 8, 1, 1]);
    const second = graph.op('Relu', [conv(graph, lowered, 'two', [64, 32, 3, 3])]);
    const rows = graph.op('Flatten', [graph.op('GlobalAveragePool', [second])]);
    const logits = graph.op('Gemm', [rows, graph.initializer('head', random('head', [64, 3], 0.05))]);
    graph.output(graph.op('Softmax', [logits], { axis: -1 }), 'probabilities');
    graph.output(graph.op('Sigmoid', [logits]), 'scores');
    const built = graph.build();
    if (!hard) return modelOf(built, { key: 'kept' });
    // What is large must not drown the rest of the answer.
    const kernel = built.initializers.get('lowered/w')!;
    const small = numbersOf(kernel).map((value, i) => (i % 8 === 0 ? value / 3000 : value));
    return modelOf({
      ...built,
      initializers: new Map(built.initializers).set('lowered/w', float32(kernel.dims, small)),
    });
  }
  const images = (name: string): Tensor[] => [
    tensor(
      'uint8',
      [8, SIDE, SIDE, 3],
      normal(8 * SIDE * SIDE * 3, name).map((value) =>
        Math.min(255, Math.max(0, Math.round(128 + 60 * value))),
      ),
    ),
  ];

  it('says nearly the same, in a quarter of the size, with all its outputs', async () => {
    const before = model();
    const { model: after, report } = await quantizeModel(before, runtime, {
      calibration: images('calibration'),
      comparison: images('comparison'),
    });
    expect(report).toMatchObject({ layers: 5, floats: [expect.stringContaining('Gemm')] });
    expect(report.divergence).toBeLessThan(1e-3);
    expect(after.metadata).toEqual({ key: 'kept' });
    expect(after.graph.inputs).toEqual(before.graph.inputs);
    expect(after.graph.outputs).toEqual(before.graph.outputs);
    const [given] = images('others');
    const [a, b] = [await run(before.graph, { image: given }), await run(after.graph, { image: given })];
    for (const output of ['probabilities', 'scores']) {
      expect(largestDifference(numbersOf(b[output]), numbersOf(a[output]))).toBeLessThan(0.02);
      expect(numbersOf(b[output])).not.toEqual(numbersOf(a[output]));
    }
  });

  it.each(['float16', 'int8'] as const)('has all its layers where they are stored in %s', async (storage) => {
    const { report } = await quantizeModel(withStoredWeights(model(), storage), runtime, {
      calibration: images('calibration'),
      comparison: images('comparison'),
      method: 'min-max',
    });
    expect(report.layers).toBe(5);
  });

  it('keeps a layer in floats that costs most', async () => {
    const progress = new Set<string>();
    const { report } = await quantizeModel(model(true), runtime, {
      calibration: images('calibration'),
      comparison: images('comparison'),
      method: 'min-max',
      onProgress: (what) => progress.add(what),
    });
    expect(progress).toContain('measuring layers');
    expect(report.floats.length).toBeGreaterThan(1);
    expect(report.method).toBe('min-max');
  });

  it('keeps in floats what no image has come to', async () => {
    const graph = createGraph('second look');
    const image = graph.input('image', 'uint8', ['N', SIDE, SIDE, 3]);
    const pixels = graph.op('Transpose', [graph.op('Cast', [image], { to: 1 })], { perm: [0, 3, 1, 2] });
    const scaled = graph.op('Mul', [pixels, graph.constant(float32([], [1 / 255]))]);
    const one = graph.op('Relu', [conv(graph, scaled, 'one', [16, 3, 3, 3])]);
    const two = graph.op('Relu', [conv(graph, one, 'two', [64, 16, 3, 3])]);
    const logits = graph.op('ReduceMean', [two, graph.constant(tensor('int64', [2], [2, 3]))], {
      keepdims: 0,
    });
    graph.output(graph.op('Softmax', [logits], { axis: -1 }), 'probabilities');
    // None of the images: as where all are sure at first sight.
    const none = graph.op('Gather', [one, graph.constant(tensor('int64', [0], []))], { axis: 0 });
    graph.output(conv(graph, none, 'unseen', [64, 16, 3, 3]), 'again');
    const { report } = await quantizeModel(modelOf(graph.build()), runtime, {
      calibration: images('calibration'),
      comparison: images('comparison'),
    });
    expect(report).toMatchObject({ layers: 3, floats: ['again'] });
  });

  it('is compared by each label where an image has any number of them', async () => {
    const answers = (values: readonly number[]) => {
      const graph = createGraph('labels');
      const image = graph.input('image', 'float32', ['N', 2]);
      const constant = graph.constant(float32([1, 2], values));
      const zeros = graph.op('Mul', [image, graph.constant(float32([], [0]))]);
      graph.output(graph.op('Add', [zeros, constant]), 'probabilities');
      return modelOf(graph.build());
    };
    const batches = [float32([1, 2], [1, 2])];
    const divergenceOf = await compareWith(answers([0.5, 0.1]), batches, runtime);
    expect(await divergenceOf(answers([0.5, 0.1]))).toBeCloseTo(0, 6);
    const bits = (p: number, q: number) => p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q));
    expect(await divergenceOf(answers([0.6, 0.2]))).toBeCloseTo(bits(0.5, 0.6) + bits(0.1, 0.2), 5);
  });

  it('is refused where nothing can be in integers', async () => {
    const graph = createGraph('plain');
    const image = graph.input('image', 'uint8', ['N', 4]);
    graph.output(graph.op('Softmax', [graph.op('Cast', [image], { to: 1 })]), 'probabilities');
    const given = [tensor('uint8', [1, 4], [1, 2, 3, 4])];
    await expect(
      quantizeModel(modelOf(graph.build()), runtime, { calibration: given, comparison: given }),
    ).rejects.toThrow(
      'plain: this model has no layer that can compute in 8 bits: expected Conv, Gemm or MatMul with float32 weights inside. Use --format onnx-int8,',
    );
  });

  it('leaves the dearest layers in floats, as long as they are few products', () => {
    const ranked = [
      { name: 'a', products: 50, cost: 5 },
      { name: 'b', products: 4, cost: 4 },
      { name: 'c', products: 900, cost: 3 },
      { name: 'd', products: 5, cost: 2 },
      { name: 'e', products: 41, cost: 1 },
    ];
    expect(inFloats(ranked, 0.1)).toEqual([['a'], ['a', 'b'], ['a', 'b', 'd', 'e']]);
  });
});
