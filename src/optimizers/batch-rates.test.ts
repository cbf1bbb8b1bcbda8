import { expect, it } from 'vitest';
import { withRatesForBatch } from './batch-rates.ts';
import { highestRate } from './highest-rate.ts';
import { optimizerFrom } from './optimizers.ts';

const falling = (initialLearningRate: number) => ({
  name: 'polynomialDecay',
  initialLearningRate,
  endLearningRate: 0,
});
const mixed = optimizerFrom({
  name: 'Muon',
  learningRate: falling(0.24),
  groups: [
    { parameters: '*/beta', optimizer: { name: 'SGD', learningRate: falling(106), weightDecay: 2.5e-4 } },
    { parameters: 'dense/*', optimizer: { name: 'AdamW', learningRate: 0.01 } },
  ],
}).config;

function rates(config: ReturnType<typeof withRatesForBatch>): number[] {
  const { learningRate, groups } = optimizerFrom(config);
  return [learningRate, ...groups.map(({ optimizer }) => optimizer.learningRate)].map((schedule) =>
    highestRate(schedule),
  );
}

it('changes nothing at the batch that the rates are made for', () => {
  expect(withRatesForBatch(mixed, 1)).toBe(mixed);
});

it('takes the root of the batch for SGD, and nothing for optimizers whose steps have a length of their own', () => {
  // The last is the AdamW that Muon keeps for vectors.
  expect(rates(withRatesForBatch(mixed, 0.25))).toEqual([0.24, 53, 0.01, 0.001]);
  expect(rates(withRatesForBatch({ name: 'SGD', learningRate: 0.1 }, 0.01))[0]).toBeCloseTo(0.01, 12);
});

it('keeps the other options and the shape of schedules', () => {
  const [beta] = withRatesForBatch(mixed, 0.25).groups as { optimizer: object }[];
  const [before] = mixed.groups as { optimizer: object }[];
  expect(beta.optimizer).toEqual({
    ...before.optimizer,
    learningRate: { ...(before.optimizer as { learningRate: object }).learningRate, initialLearningRate: 53 },
  });
});

it('leaves the rate of the optimizer itself alone where somebody chose it', () => {
  const config = optimizerFrom({
    name: 'SGD',
    learningRate: 0.5,
    groups: [{ parameters: 'a', optimizer: { name: 'SGD', learningRate: 1 } }],
  }).config;
  expect(rates(withRatesForBatch(config, 0.25, { own: false }))).toEqual([0.5, 0.5]);
});
