import { describe, expect, it } from 'vitest';
import { HarrierError } from '../errors.ts';
import { float32, modelOf } from '../onnx/index.ts';
import { createGraph, logitsOf } from '../ops/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { type CrossentropyOptions, categoricalCrossentropy } from './index.ts';

const runtime = nodeRuntime({ threads: 1 });

async function lossOf(
  scores: number[][],
  targets: number[][],
  { softmax = false, ...options }: CrossentropyOptions & { softmax?: boolean } = {},
): Promise<number> {
  const dims = [scores.length, scores[0].length];
  const graph = createGraph('loss');
  const x = graph.input('x', 'float32', dims);
  const output = softmax ? graph.op('Softmax', [x], { axis: 1 }) : x;
  graph.output(
    categoricalCrossentropy(graph, output, graph.input('targets', 'float32', dims), options),
    'loss',
  );
  const executable = await runtime.compile(modelOf(graph.build()));
  const { loss } = await executable.step({
    x: float32(dims, scores.flat()),
    targets: float32(dims, targets.flat()),
  });
  await executable.dispose();
  expect(loss.dims).toEqual([]);
  return loss.data[0] as number;
}

describe('categorical cross-entropy', () => {
  // −ln of 1/2, 1/4 and 1/4, which are the softmax of ln 2, 0 and 0.
  const scores = [
    [Math.log(2), 0, 0],
    [0, 0, Math.log(2)],
  ];

  it('is the mean of −ln probability', async () => {
    const targets = [
      [1, 0, 0],
      [0, 1, 0],
    ];
    expect(await lossOf(scores, targets)).toBeCloseTo((Math.log(2) + Math.log(4)) / 2, 6);
    expect(await lossOf(scores, targets, { softmax: true })).toBeCloseTo((Math.log(2) + Math.log(4)) / 2, 6);
  });

  it('takes targets that are distributions', async () => {
    expect(await lossOf([scores[0]], [[0.5, 0.25, 0.25]])).toBeCloseTo(1.5 * Math.log(2), 6);
  });

  it('spreads a fraction of each target over all classes', async () => {
    // 0.7 + 0.1 of the first class, 0.1 of the others.
    const expected = 0.8 * Math.log(2) + 0.2 * Math.log(4);
    expect(await lossOf([scores[0]], [[1, 0, 0]], { labelSmoothing: 0.3 })).toBeCloseTo(expected, 6);
  });

  it('weighs an image by the sum of its targets, smoothed or not', async () => {
    for (const labelSmoothing of [0, 0.3]) {
      const alone = await lossOf([scores[0]], [[1, 0, 0]], { labelSmoothing });
      const other = await lossOf([scores[1]], [[0, 1, 0]], { labelSmoothing });
      const weighted = await lossOf(
        scores,
        [
          [3, 0, 0],
          [0, 0.5, 0],
        ],
        { labelSmoothing },
      );
      expect(weighted).toBeCloseTo((3 * alone + 0.5 * other) / 2, 6);
    }
  });

  it('is exact where probabilities underflow', async () => {
    expect(await lossOf([[0, 500, -500]], [[0, 0, 1]], { softmax: true })).toBeCloseTo(1000, 3);
  });

  it.each([-0.1, 1, Number.NaN])('refuses to smooth labels by %d', async (labelSmoothing) => {
    const error = await lossOf(scores, scores, { labelSmoothing }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(HarrierError);
    expect(error.code).toBe('bad-option');
    expect(error.message).toContain('labelSmoothing: expected a number from 0 up to but not including 1');
  });

  it('looks behind a softmax, and behind nothing else', () => {
    const graph = createGraph('scores');
    const x = graph.input('x', 'float32', [2, 3]);
    expect(logitsOf(graph, graph.op('Softmax', [x], { axis: 1 }))).toBe(x);
    const sigmoid = graph.op('Sigmoid', [x]);
    expect(logitsOf(graph, sigmoid)).toBe(sigmoid);
    expect(logitsOf(graph, x)).toBe(x);
  });
});
