import { expect, it } from 'vitest';
import { Dense, Flatten } from '../layers/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { averageModels } from './average-models.ts';
import { Classifier } from './classifier.ts';
import { CLASS_NAMES_KEY } from './contract.ts';
import { exportModel, exportOptionsOf } from './export.ts';
import { Network } from './network.ts';
import { initialWeights } from './weights.ts';
import { withoutViews } from './without-views.ts';

const names = { [CLASS_NAMES_KEY]: JSON.stringify(['ant', 'bee', 'cat']) };
const network = new Network({
  inputShape: [4, 4, 3],
  layers: [new Flatten(), new Dense({ units: 6, activation: 'relu' }), new Dense({ units: 3 })],
});

it('averages probabilities, and keeps what the models share once', async () => {
  const first = initialWeights(network.parameters, 1);
  const others = initialWeights(network.parameters, 2);
  // As heads of one frozen network: the last layer alone differs.
  const last = [...first.keys()].filter((name) => name.startsWith([...first.keys()].at(-1)!.split('/')[0]));
  const second = new Map([...first, ...last.map((name) => [name, others.get(name)!] as const)]);
  const models = [
    exportModel(network, first, names),
    exportModel(network, second, names, { temperature: 2 }),
  ];
  const average = averageModels(models, names);
  const runtime = nodeRuntime({ threads: 1 });
  const pixels = Uint8Array.from({ length: 5 * 48 }, (_, i) => (i * 37) % 256);
  const [a, b, both] = await Promise.all(
    [...models, average].map(async (model) => (await Classifier.load(runtime, model)).predict(pixels)),
  );
  for (const [i, value] of both.entries()) expect(value).toBeCloseTo((a[i] + b[i]) / 2, 6);
  expect(a).not.toEqual(b);
  const count = (op: string) => average.graph.nodes.filter(({ opType }) => opType === op).length;
  // One first layer, two last ones, one softmax each.
  const products = (nodes: typeof average.graph.nodes) =>
    nodes.filter(({ opType }) => opType === 'Gemm' || opType === 'MatMul').length;
  expect(products(average.graph.nodes)).toBe(products(models[0].graph.nodes) + 1);
  expect(count('Softmax')).toBe(2);
});

it.each([
  ['trained apart', [1, 2]],
  ['of one frozen network', [1, 1]],
])('can be read without the views inside it: models %s', async (_, seeds) => {
  const exported = (views: 'none' | 'flip-shift') => {
    const models = seeds.map((seed, i) => {
      const own = initialWeights(network.parameters, seed);
      const last = [...own.keys()].at(-1)!;
      return exportModel(network, new Map([...own, [last, Float32Array.of(i, 2 * i, 0)]]), names, {
        testTimeAugmentation: views,
        temperature: 1 + i,
      });
    });
    return averageModels(models, names);
  };
  const runtime = nodeRuntime({ threads: 1 });
  const pixels = Uint8Array.from({ length: 5 * 48 }, (_, i) => (i * 37) % 256);
  const viewed = exported('flip-shift');
  expect(exportOptionsOf(viewed).testTimeAugmentation).toBe('flip-shift');
  const [without, plain, all] = await Promise.all(
    [withoutViews(viewed), exported('none'), viewed].map(async (model) =>
      (await Classifier.load(runtime, model)).predict(pixels),
    ),
  );
  expect(without).toEqual(plain);
  expect(all).not.toEqual(plain);
});

it('refuses models of other classes', () => {
  const other = new Network({ inputShape: [4, 4, 3], layers: [new Flatten(), new Dense({ units: 2 })] });
  const models = [network, other].map((each) => exportModel(each, initialWeights(each.parameters, 1), names));
  expect(() => averageModels(models, names)).toThrow(/^models of different images or classes/);
});
