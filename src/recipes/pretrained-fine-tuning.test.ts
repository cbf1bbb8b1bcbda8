import { expect, it } from 'vitest';
import { imageModel, NETWORKS } from '../../test/foreign/graphs.ts';
import { EfficientNetLite } from '../applications/index.ts';
import { readForeignModel, trainedDepths, withNewHead } from '../models/index.ts';
import { highestRate } from '../optimizers/highest-rate.ts';
import { optimizerFrom, parameterGroups } from '../optimizers/index.ts';
import { fineTuningLength, fineTuningMethod, withSettings } from './index.ts';

const from = readForeignModel(imageModel(NETWORKS.visionTransformer));

/** The highest rate at which each trained array of weights learns, in the order of the layers. */
function rates(trainable: 'all' | `last:${number}`, learningRate?: number): Map<string, number> {
  const method = fineTuningMethod(from.network, trainable);
  const optimizer = optimizerFrom(
    (learningRate === undefined ? method : withSettings(method, { learningRate })).optimizer,
  );
  const { network } = withNewHead(from, { classes: 3, trainable, seed: 1 });
  const trained = network.parameters.filter((spec) => spec.trainable);
  const found = new Map(
    parameterGroups(optimizer, trained).flatMap((group) =>
      group.parameters.map(({ name }) => [name, highestRate(group.optimizer.config.learningRate)] as const),
    ),
  );
  return new Map(trained.map(({ name }) => [name, found.get(name)!]));
}

it('rates of imported layers fall towards the input, to a tenth', () => {
  const all = rates('all');
  const [first, ...others] = [...all].filter(([name]) => name.startsWith('backbone/'));
  expect(first[0]).toBe('backbone/patch.weight');
  let before = first[1];
  for (const [name, rate] of others) {
    expect(rate, name).toBeGreaterThanOrEqual(before);
    before = rate;
  }
  expect(before / first[1]).toBeCloseTo(10);
  expect(all.get('head/kernel')).toBeGreaterThan(before);
});

it('a chosen rate is that of the last imported layers, and the others keep their ratio to it', () => {
  const [usual, chosen] = [rates('all'), rates('all', 6e-4)];
  for (const [name, rate] of usual) expect(chosen.get(name)! / rate, name).toBeCloseTo(2);
});

it('a chosen weight decay is that of all layers', () => {
  const { optimizer } = withSettings(fineTuningMethod(from.network, 'all'), { weightDecay: 0.1 });
  const { network } = withNewHead(from, { classes: 3, trainable: 'all', seed: 1 });
  const trained = network.parameters.filter((spec) => spec.trainable);
  const groups = parameterGroups(optimizerFrom(optimizer), trained);
  expect(groups.length).toBeGreaterThan(2);
  expect(new Set(groups.map((group) => group.optimizer.config.weightDecay))).toEqual(new Set([0.1]));
});

it('layers that stay have no group', () => {
  const names = [...rates('last:3').keys()];
  expect(names).toContain('head/kernel');
  expect(names).toContain('backbone/fc1.weight');
  expect(names).not.toContain('backbone/qkv.weight');
});

it('rates of layers of our own fall alike, where the network is one for photos', () => {
  const network = EfficientNetLite({ inputShape: [96, 96, 3] });
  const { optimizer } = fineTuningMethod(network, 'all');
  const groups = optimizer.groups as {
    parameters: string | string[];
    optimizer: { learningRate: unknown };
  }[];
  const rateOf = (name: string) => {
    const group = groups.find(({ parameters }) => parameters.includes(name));
    return highestRate(
      optimizerFrom((group?.optimizer ?? optimizer) as { name: string }).config.learningRate,
    );
  };
  expect(rateOf('top_conv/kernel') / rateOf('stem_conv/kernel')).toBeCloseTo(10);
  expect(rateOf('stem_bn/gamma')).toBe(rateOf('stem_conv/kernel'));
  expect(rateOf('block4a_bn/beta')).toBe(rateOf('block4a_dwconv/kernel'));
  expect(() => trainedDepths(network, 'last:99')).toThrow('last:1 to last:50, or all');
});

it('an epoch of few photos takes few steps, and no more than twelve epochs are taken', () => {
  const network = EfficientNetLite();
  const lengths = [100, 1_600, 100_000].map((images) => fineTuningLength(network, images, 'all'));
  expect(lengths.map(({ epochs }) => epochs)).toEqual([12, 5, 3]);
  expect(fineTuningLength(network, 1_600, 'all', 32)).toEqual({ batchSize: 32, epochs: 10 });
});
