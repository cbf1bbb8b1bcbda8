import { expect, it } from 'vitest';
import { Dense, Flatten } from '../layers/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { averageModels } from './average-models.ts';
import { Classifier } from './classifier.ts';
import { CLASS_NAMES_KEY } from './contract.ts';
import { exportModel } from './export.ts';
import { Network } from './network.ts';
import { initialWeights } from './weights.ts';

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

it('refuses models of other classes', () => {
  const other = new Network({ inputShape: [4, 4, 3], layers: [new Flatten(), new Dense({ units: 2 })] });
  const models = [network, other].map((each) => exportModel(each, initialWeights(each.parameters, 1), names));
  expect(() => averageModels(models, names)).toThrow(/^models of different images or classes/);
});
