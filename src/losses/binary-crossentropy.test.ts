import { describe, expect, it } from 'vitest';
import { HarrierError } from '../errors.ts';
import { float32, modelOf } from '../onnx/index.ts';
import { createGraph } from '../ops/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { type LossOptions, lossOf } from './index.ts';

const runtime = nodeRuntime({ threads: 1 });

async function lossIn(
  scores: number[][],
  targets: number[][],
  options: LossOptions,
  end?: 'Softmax' | 'Sigmoid',
): Promise<number> {
  const dims = [scores.length, scores[0].length];
  const graph = createGraph('loss');
  const x = graph.input('x', 'float32', dims);
  const output = end ? graph.op(end, [x]) : x;
  graph.output(lossOf(graph, output, graph.input('targets', 'float32', dims), options), 'loss');
  const executable = await runtime.compile(modelOf(graph.build()));
  const { loss } = await executable.step({
    x: float32(dims, scores.flat()),
    targets: float32(dims, targets.flat()),
  });
  await executable.dispose();
  return loss.data[0] as number;
}

const NAME = { name: 'binaryCrossentropy' } as const;
// The probabilities of ln 3 and −ln 3 are 3/4 and 1/4.
const LN3 = Math.log(3);

describe('binary cross-entropy', () => {
  it('is the sum over the labels of −ln of what is right, the mean over the images', async () => {
    const scores = [
      [LN3, -LN3, 0],
      [LN3, LN3, LN3],
    ];
    const targets = [
      [1, 0, 1],
      [0, 0, 0],
    ];
    const expected = (2 * Math.log(4 / 3) + Math.log(2) + 3 * Math.log(4)) / 2;
    expect(await lossIn(scores, targets, NAME)).toBeCloseTo(expected, 5);
    for (const end of ['Softmax', 'Sigmoid'] as const)
      expect(await lossIn(scores, targets, NAME, end)).toBeCloseTo(expected, 5);
  });

  it('takes half of what it smooths to each side', async () => {
    const expected = 0.9 * Math.log(4 / 3) + 0.1 * Math.log(4);
    expect(await lossIn([[LN3]], [[1]], { ...NAME, labelSmoothing: 0.2 })).toBeCloseTo(expected, 5);
  });

  it.each(['binaryCrossentropy', 'asymmetric'] as const)(
    '%s neither overflows nor loses what is sure',
    async (name) => {
      expect(await lossIn([[-500, 500]], [[1, 1]], { name })).toBeCloseTo(500, 2);
      expect(await lossIn([[500, -500]], [[1, 0]], { name })).toBe(0);
    },
  );

  it('of the asymmetric kind passes over labels that an image clearly lacks', async () => {
    const name = 'asymmetric';
    // p = 3/4, lowered by 0.05: 0.7⁴ · −ln 0.3.
    expect(await lossIn([[LN3]], [[0]], { name })).toBeCloseTo(-(0.7 ** 4) * Math.log(0.3), 5);
    // p below 0.05 counts nothing.
    expect(await lossIn([[-3]], [[0]], { name })).toBe(0);
    // Labels that it has count as in cross-entropy.
    expect(await lossIn([[LN3]], [[1]], { name })).toBeCloseTo(Math.log(4 / 3), 5);
  });

  it.each([-0.1, 1, Number.NaN])('refuses to smooth labels by %d', async (labelSmoothing) => {
    const error = await lossIn([[0]], [[1]], { ...NAME, labelSmoothing }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(HarrierError);
    expect(error.message).toContain('labelSmoothing: expected a number from 0 up to but not including 1');
  });
});
