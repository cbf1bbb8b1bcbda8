import { describe, expect, it } from 'vitest';
import { random } from '../data/random.ts';
import { Conv2D, Dense, Flatten } from '../layers/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { Classifier, exportModel, exportOptionsOf, initialWeights, Network, withoutViews } from './index.ts';

const SIDE = 6;
const network = new Network({
  inputShape: [SIDE, SIDE, 3],
  layers: [
    new Conv2D({ filters: 4, kernelSize: 3, activation: 'relu' }),
    new Flatten(),
    new Dense({ units: 5 }),
  ],
});
const weights = initialWeights(network.parameters, 1);
const metadata = { 'harrier.classNames': '["a","b","c","d","e"]' };
const model = (options: Parameters<typeof exportModel>[3]) =>
  exportModel(network, weights, metadata, { temperature: 0.7, ...options });

const COUNT = 40;
const stream = random(1, 'images');
const pixels = Uint8Array.from({ length: COUNT * SIDE * SIDE * 3 }, () => stream.integer(256));

async function rowsOf(source: ReturnType<typeof model>, images = pixels): Promise<number[][]> {
  const classifier = await Classifier.load(nodeRuntime({ threads: 1 }), source);
  const all = await classifier.predict(images);
  await classifier.dispose();
  return Array.from({ length: all.length / 5 }, (_, i) => [...all.subarray(5 * i, 5 * i + 5)]);
}

function near(received: readonly number[], expected: readonly number[]): void {
  expect(received).toHaveLength(expected.length);
  for (const [i, value] of received.entries()) expect(value).toBeCloseTo(expected[i], 5);
}

describe.each(['flip', 'flip-shift'] as const)('adaptive views %s', (testTimeAugmentation) => {
  it('give unsure images the answer of all views, and others that of one', async () => {
    const [one, full] = [await rowsOf(model({})), await rowsOf(model({ testTimeAugmentation }))];
    const sure = one.map((row) => Math.max(...row));
    const below = sure.toSorted((a, b) => a - b)[15] + 1e-6;
    const adaptive = model({ testTimeAugmentation, viewsBelow: below });
    const rows = await rowsOf(adaptive);
    expect(sure.filter((each) => each < below)).toHaveLength(16);
    rows.forEach((row, i) => {
      const expected = sure[i] < below ? full[i] : one[i];
      near(row, expected);
      // The two differ, or nothing would be tested.
      expect(Math.abs(full[i][0] - one[i][0])).toBeGreaterThan(1e-4);
    });
    // One image at a time, and a batch of sure ones alone.
    for (const [i, row] of rows.slice(0, 6).entries()) {
      const [alone] = await rowsOf(adaptive, pixels.slice(i * SIDE * SIDE * 3, (i + 1) * SIDE * SIDE * 3));
      near(alone, row);
    }
    const never = await rowsOf(model({ testTimeAugmentation, viewsBelow: 0 }));
    near(never.flat(), one.flat());
    const always = await rowsOf(model({ testTimeAugmentation, viewsBelow: 2 }));
    near(always.flat(), full.flat());
  });

  it('are told by the model, keep its weights once, and can be taken out', async () => {
    const adaptive = model({ testTimeAugmentation, viewsBelow: 0.75 });
    expect(exportOptionsOf(adaptive)).toEqual({ testTimeAugmentation, viewsBelow: 0.75, temperature: 0.7 });
    const kernels = [...adaptive.graph.initializers.keys()].filter((name) => /kernel/.test(name));
    expect(kernels).toHaveLength(2);
    const without = withoutViews(adaptive);
    expect(exportOptionsOf(without)).toEqual({ testTimeAugmentation: 'none', temperature: 0.7 });
    expect(without.graph.nodes.map(({ opType }) => opType)).toEqual(
      model({}).graph.nodes.map(({ opType }) => opType),
    );
    expect(await rowsOf(without)).toEqual(await rowsOf(model({})));
  });
});

it('a model of labels has none', () => {
  expect(() =>
    model({ testTimeAugmentation: 'flip', viewsBelow: 0.5, thresholds: Array(5).fill(0.5) }),
  ).toThrow(/any number of labels has no adaptive views. Use --tta flip or flip-shift/);
});
