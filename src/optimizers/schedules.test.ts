import { describe, expect, test } from 'vitest';
import {
  constantLearningRate,
  cosineDecay,
  exponentialDecay,
  linearWarmup,
  oneCycle,
  piecewiseConstantDecay,
  polynomialDecay,
  type RunSteps,
  type Schedule,
  type ScheduleConfig,
  scheduleFrom,
} from './index.ts';

function expectRates(schedule: Schedule, rates: Record<number, number>, run?: RunSteps): void {
  for (const [step, rate] of Object.entries(rates)) {
    expect(schedule.at(Number(step), run)).toBeCloseTo(rate, 12);
  }
}

describe('values at key points', () => {
  test('constant', () => {
    expectRates(constantLearningRate({ learningRate: 0.3 }), { 0: 0.3, 1: 0.3, 1000000: 0.3 });
  });

  test('piecewise constant: a boundary belongs to what comes before it', () => {
    const schedule = piecewiseConstantDecay({ boundaries: [100, 110, 120], values: [1, 0.1, 0.01, 0.001] });
    expectRates(schedule, { 0: 1, 100: 1, 101: 0.1, 110: 0.1, 111: 0.01, 120: 0.01, 121: 0.001, 999: 0.001 });
    expectRates(piecewiseConstantDecay({ boundaries: [], values: [0.5] }), { 0: 0.5, 9: 0.5 });
    const byEpoch = piecewiseConstantDecay({ boundaries: [{ epochs: 2 }], values: [1, 0.1] });
    expectRates(byEpoch, { 20: 1, 21: 0.1 }, { steps: 30, stepsPerEpoch: 10 });
  });

  test('exponential', () => {
    const options = { initialLearningRate: 0.8, decaySteps: 10, decayRate: 0.25 };
    expectRates(exponentialDecay(options), { 0: 0.8, 5: 0.4, 10: 0.2, 20: 0.05 });
    expectRates(exponentialDecay({ ...options, staircase: true }), {
      0: 0.8,
      9: 0.8,
      10: 0.2,
      19: 0.2,
      20: 0.05,
    });
  });

  test('polynomial: linear unless told otherwise', () => {
    const linear = polynomialDecay({ initialLearningRate: 1, decaySteps: 10, endLearningRate: 0 });
    expectRates(linear, { 0: 1, 5: 0.5, 9: 0.1, 10: 0, 15: 0 });
    const square = polynomialDecay({
      initialLearningRate: 1.1,
      decaySteps: 10,
      endLearningRate: 0.1,
      power: 2,
    });
    expectRates(square, { 0: 1.1, 5: 0.35, 10: 0.1, 11: 0.1 });
  });

  test('cosine', () => {
    const schedule = cosineDecay({ initialLearningRate: 0.4, decaySteps: 60 });
    expectRates(schedule, { 0: 0.4, 20: 0.3, 30: 0.2, 40: 0.1, 60: 0, 90: 0 });
    const floor = cosineDecay({ initialLearningRate: 0.4, decaySteps: 60, alpha: 0.1 });
    expectRates(floor, { 0: 0.4, 30: 0.22, 60: 0.04, 61: 0.04 });
  });

  test('cosine with warm-up', () => {
    const schedule = cosineDecay({
      initialLearningRate: 0.1,
      warmupTarget: 0.5,
      warmupSteps: 4,
      decaySteps: 60,
    });
    expectRates(schedule, { 0: 0.1, 1: 0.2, 3: 0.4, 4: 0.5, 24: 0.375, 34: 0.25, 64: 0, 70: 0 });
    const whole = cosineDecay({ initialLearningRate: 0, warmupTarget: 1, warmupSteps: { fraction: 0.1 } });
    expectRates(whole, { 0: 0, 5: 0.5, 10: 1, 55: 0.5, 100: 0 }, { steps: 100 });
  });

  test('one cycle: first and last step have the first and last rate', () => {
    const linear = oneCycle({
      maximumLearningRate: 1,
      totalSteps: 21,
      warmupFraction: 11 / 21,
      initialDivisor: 5,
      finalDivisor: 10,
      annealing: 'linear',
    });
    expectRates(linear, { 0: 0.2, 5: 0.6, 10: 1, 15: 0.51, 20: 0.02, 25: 0.02 });
    const cosine = oneCycle({ maximumLearningRate: 0.5, warmupFraction: 0.5 });
    // Up for 0.5 · 100 − 1 = 49 steps, down for 50.
    const [first, final] = [0.5 / 25, 0.5 / 25 / 10_000];
    const run = { steps: 100 };
    expectRates(
      cosine,
      { 0: first, 24.5: (first + 0.5) / 2, 49: 0.5, 74: (0.5 + final) / 2, 99: final },
      run,
    );
    expectRates(oneCycle({ maximumLearningRate: 0.5 }), { 0: 0.5 }, { steps: 1 });
  });

  test('linear warm-up before any other', () => {
    const schedule = linearWarmup({
      warmupSteps: 10,
      initialLearningRate: 0.1,
      schedule: polynomialDecay({ initialLearningRate: 1, endLearningRate: 0 }),
    });
    // The decay's default is the whole run: here, the 90 steps that the warm-up leaves.
    expectRates(schedule, { 0: 0.1, 5: 0.55, 10: 1, 55: 0.5, 100: 0 }, { steps: 100 });
    expectRates(linearWarmup({ warmupSteps: 4, schedule: 2 }), { 0: 0, 1: 0.5, 4: 2, 5: 2 });
    expectRates(linearWarmup({ warmupSteps: 0, schedule: 2 }), { 0: 2 });
  });
});

describe('configuration', () => {
  const all: Schedule[] = [
    constantLearningRate({ learningRate: 0.1 }),
    piecewiseConstantDecay({ boundaries: [3, 9], values: [1, 0.5, 0.1] }),
    exponentialDecay({ initialLearningRate: 1, decaySteps: { epochs: 2 }, decayRate: 0.5 }),
    polynomialDecay({ initialLearningRate: 1 }),
    cosineDecay({ initialLearningRate: 0, warmupTarget: 1, warmupSteps: { epochs: 1 } }),
    oneCycle({ maximumLearningRate: 1 }),
    linearWarmup({ warmupSteps: { fraction: 0.2 }, schedule: cosineDecay({ initialLearningRate: 1 }) }),
  ];

  test.each(all.map((schedule) => [schedule.config.name, schedule] as const))(
    '%s survives JSON',
    (_, schedule) => {
      const again = scheduleFrom(JSON.parse(JSON.stringify(schedule.config)) as ScheduleConfig);
      expect(again.config).toEqual(schedule.config);
      const run = { steps: 40, stepsPerEpoch: 8 };
      for (let step = 0; step <= 45; step++) expect(again.at(step, run)).toBe(schedule.at(step, run));
    },
  );

  test('holds every default', () => {
    expect(oneCycle({ maximumLearningRate: 1 }).config).toEqual({
      name: 'oneCycle',
      maximumLearningRate: 1,
      totalSteps: { fraction: 1 },
      warmupFraction: 0.3,
      initialDivisor: 25,
      finalDivisor: 10_000,
      annealing: 'cosine',
    });
    expect(linearWarmup({ warmupSteps: 3, schedule: 0.1 }).config).toEqual({
      name: 'linearWarmup',
      warmupSteps: 3,
      initialLearningRate: 0,
      schedule: { name: 'constant', learningRate: 0.1 },
    });
  });

  test('a number is a constant, a schedule is itself', () => {
    expect(scheduleFrom(0.1).config).toEqual({ name: 'constant', learningRate: 0.1 });
    expect(scheduleFrom(all[1])).toBe(all[1]);
  });

  test('a fraction or epochs need a run', () => {
    expect(() => cosineDecay({ initialLearningRate: 1 }).at(0)).toThrow(
      'cosineDecay: the length of the run is needed: received 1 of an unknown run.',
    );
    const schedule = exponentialDecay({ initialLearningRate: 1, decaySteps: { epochs: 2 }, decayRate: 0.5 });
    expect(() => schedule.at(0, { steps: 10 })).toThrow('received 2 epochs of unknown length.');
  });

  test.each<[() => unknown, string]>([
    [() => scheduleFrom({ name: 'cosine' }), 'unknown learning-rate schedule "cosine".'],
    [() => scheduleFrom({ name: 'oneCycl' }), 'Did you mean "oneCycle"?'],
    [
      () => scheduleFrom('x' as never),
      'learning rate: schedule: expected a number, a schedule or its configuration, received "x".',
    ],
    [
      () => scheduleFrom({ name: 'cosineDecay', initialRate: 1 }),
      'unknown option of cosineDecay "initialRate".',
    ],
    [
      () => scheduleFrom({ name: 'cosineDecay' }),
      'cosineDecay: initialLearningRate: expected a number of at least 0, received undefined.',
    ],
    [() => cosineDecay({ initialLearningRate: 1, alpha: 2 }), 'cosineDecay: alpha: expected'],
    [
      () => cosineDecay({ initialLearningRate: 1, warmupSteps: 5 }),
      'cosineDecay: warmupTarget: expected a learning rate to warm up to',
    ],
    [
      () => cosineDecay({ initialLearningRate: 1, decaySteps: 0 }),
      'cosineDecay: decaySteps: expected a whole number of at least 1, received 0.',
    ],
    [() => cosineDecay({ initialLearningRate: 1, decaySteps: 1.5 }), 'received 1.5.'],
    [
      () => cosineDecay({ initialLearningRate: 1, decaySteps: { fraction: 2 } }),
      'cosineDecay: decaySteps.fraction: expected',
    ],
    [
      () => cosineDecay({ initialLearningRate: 1, decaySteps: '9' as never }),
      'a number of steps, { fraction } of the run, or { epochs }, received "9".',
    ],
    [
      () => piecewiseConstantDecay({ boundaries: [5, 5], values: [1, 2, 3] }),
      'boundaries: expected ascending numbers of steps, received [5,5].',
    ],
    [
      () => piecewiseConstantDecay({ boundaries: [5], values: [1] }),
      'values: expected 2 learning rates, one more than boundaries, received [1].',
    ],
    [
      () => exponentialDecay({ initialLearningRate: 1, decaySteps: 1, decayRate: 0 }),
      'decayRate: expected a number above 0',
    ],
    [() => polynomialDecay({ initialLearningRate: 1, power: -1 }), 'power: expected a number above 0'],
    [
      () => oneCycle({ maximumLearningRate: 1, annealing: 'step' as never }),
      'annealing: expected "cosine" or "linear", received "step".',
    ],
    [
      () => oneCycle({ maximumLearningRate: 1, warmupFraction: 1 }),
      'warmupFraction: expected a number above 0 and below 1',
    ],
    [
      () => linearWarmup({ warmupSteps: -1, schedule: 1 }),
      'linearWarmup: warmupSteps: expected a whole number of at least 0, received -1.',
    ],
  ])('refuses what makes no sense: %#', (make, message) => {
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });
});
