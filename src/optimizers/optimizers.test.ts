import { describe, expect, test } from 'vitest';
import { emitWasm, type Kernel, kernelArguments } from '../kernels/index.ts';
import {
  Adam,
  AdamW,
  constantLearningRate,
  cosineDecay,
  exponentialMovingAverage,
  exponentialMovingAverageScalars,
  gradientScale,
  type Optimizer,
  type OptimizerConfig,
  optimizerFrom,
  RMSprop,
  SGD,
} from './index.ts';

declare const WebAssembly: {
  Memory: new (limits: { initial: number }) => { readonly buffer: ArrayBuffer };
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: { run(...parameters: number[]): number } };
};

type Elementwise = Optimizer & { readonly kernel: Kernel };

/**
 * Takes one step per row of gradients, from slots of zero, through the WebAssembly kernel.
 *
 * @returns the parameters after each step
 */
function trajectory(
  optimizer: Elementwise,
  parameters: readonly number[],
  gradients: readonly (readonly number[])[],
  learningRate: number,
  change: Record<string, number> = {},
): number[][] {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const module = new WebAssembly.Module(emitWasm(optimizer.kernel));
  const { run } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const count = parameters.length;
  const pointers = Object.fromEntries(optimizer.kernel.arrays.map((name, i) => [name, i * count * 4]));
  const view = (name: string) => new Float32Array(memory.buffer, pointers[name], count);
  view('parameter').set(parameters);
  return gradients.map((gradient, i) => {
    view('gradient').set(gradient);
    const scalars = { ...optimizer.scalars(i + 1, learningRate), ...change };
    run(...kernelArguments(optimizer.kernel, count, pointers, scalars));
    return [...view('parameter')];
  });
}

const GRADIENTS = [1, -2, 0.5, 3, -1];

/** One parameter, 1 at first, under {@link GRADIENTS}. */
function path(optimizer: Elementwise, learningRate: number, change?: Record<string, number>): number[] {
  return trajectory(
    optimizer,
    [1],
    GRADIENTS.map((gradient) => [gradient]),
    learningRate,
    change,
  ).map(([parameter]) => parameter);
}

function expectClose(actual: readonly number[], expected: readonly number[], tolerance = 1e-6): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(expected[i])));
  });
}

describe('SGD', () => {
  test('plain: parameter −= learningRate · gradient, and nothing else', () => {
    expectClose(path(new SGD(), 0.1), [0.9, 1.1, 1.05, 0.75, 0.85]);
    expect(new SGD().slots).toEqual([]);
    expect(new SGD().kernel.steps.filter((step) => step.kind === 'operation')).toHaveLength(2);
  });

  test('momentum 0.5, by hand', () => {
    // velocity: −0.1, 0.15, 0.025, −0.2875, −0.04375
    expectClose(path(new SGD({ momentum: 0.5 }), 0.1), [0.9, 1.05, 1.075, 0.7875, 0.74375]);
  });

  test('Nesterov momentum 0.5, by hand', () => {
    // The velocities above; each step moves by half of its velocity less 0.1 · gradient.
    const expected = [0.85, 1.125, 1.0875, 0.64375, 0.721875];
    expectClose(path(new SGD({ momentum: 0.5, nesterov: true }), 0.1), expected);
  });

  test('Nesterov momentum is plain momentum seen from one step ahead', () => {
    // Sutskever et al. (2013): velocity = momentum · velocity − learningRate · gradient(w + momentum · velocity).
    // With gradient(w) = w, iterate in w and compare the points looked ahead to.
    const [learningRate, momentum] = [0.1, 0.9];
    let [w, velocity] = [1, 0];
    const ahead: number[] = [];
    for (let step = 0; step < 8; step++) {
      velocity = momentum * velocity - learningRate * (w + momentum * velocity);
      w += velocity;
      ahead.push(w + momentum * velocity);
    }
    const optimizer = new SGD({ momentum, nesterov: true });
    const gradients = [1, ...ahead.slice(0, 7)].map((gradient) => [gradient]);
    expectClose(
      trajectory(optimizer, [1], gradients, learningRate).map(([parameter]) => parameter),
      ahead,
    );
  });

  test('weight decay is decoupled, and a call can leave it out', () => {
    const expected = [0.89, 1.0811, 1.020289, 0.71008611, 0.8029852489];
    expectClose(path(new SGD({ weightDecay: 0.1 }), 0.1), expected);
    expectClose(path(new SGD({ weightDecay: 0.1 }), 0.1, { weightDecay: 0 }), path(new SGD(), 0.1), 0);
  });

  test('clipped by value, and by norm through gradientScale', () => {
    // gradients become 0.75, −0.75, 0.5, 0.75, −0.75
    expectClose(path(new SGD({ clipValue: 0.75 }), 0.1), [0.925, 1, 0.95, 0.875, 0.95]);
    expectClose(path(new SGD({ globalClipNorm: 1 }), 0.1), path(new SGD(), 0.1), 0);
    const halved = [0.95, 1.05, 1.025, 0.875, 0.925];
    expectClose(path(new SGD({ globalClipNorm: 1 }), 0.1, { gradientScale: 0.5 }), halved);
  });
});

/** Adam as its paper's Algorithm 1 has it, in float64: moments as weighted sums, corrected for bias; ε = ε̂ / √(1 − β₂ᵗ). */
function adamByTheBook(
  gradients: readonly number[],
  { learningRate, beta1, beta2, epsilon, weightDecay = 0 }: Record<string, number>,
): number[] {
  let parameter = 1;
  return gradients.map((_, last) => {
    let [mean, square] = [0, 0];
    for (let i = 0; i <= last; i++) {
      mean += (1 - beta1) * beta1 ** (last - i) * gradients[i];
      square += (1 - beta2) * beta2 ** (last - i) * gradients[i] ** 2;
    }
    const corrected1 = mean / (1 - beta1 ** (last + 1));
    const corrected2 = square / (1 - beta2 ** (last + 1));
    parameter *= 1 - learningRate * weightDecay;
    parameter -=
      (learningRate * corrected1) / (Math.sqrt(corrected2) + epsilon / Math.sqrt(1 - beta2 ** (last + 1)));
    return parameter;
  });
}

describe('Adam', () => {
  const defaults = { learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };

  test('five steps, by the book and as numbers', () => {
    const numbers = [0.900000316, 0.936610617, 0.950279665, 0.910869708, 0.892652081];
    expectClose(adamByTheBook(GRADIENTS, defaults), numbers, 1e-9);
    expectClose(path(new Adam(), 0.1), numbers);
  });

  test('two steps by hand: beta1 1/2, beta2 3/4, epsilon 1, rate 1', () => {
    // Step 1: m = 1/2, v = 1/4, stepSize = √(1/4) / (1/2) = 1: 1 − (1/2) / (1/2 + 1) = 2/3.
    // Step 2: m = −3/4, v = 3/16 + 1 = 19/16, stepSize = √(7/16) / (3/4) = √7/3:
    //         2/3 + (√7/4) / (√19/4 + 1) = 2/3 + √7 / (√19 + 4).
    const optimizer = new Adam({ beta1: 0.5, beta2: 0.75, epsilon: 1 });
    const [first, second] = path(optimizer, 1);
    expectClose([first, second], [2 / 3, 2 / 3 + Math.sqrt(7) / (Math.sqrt(19) + 4)]);
  });

  test('fifty steps of unequal gradients, by the book', () => {
    const gradients = Array.from({ length: 50 }, (_, i) => Math.sin(i * i) * 2 ** (i % 7));
    const actual = trajectory(
      new Adam(),
      [1],
      gradients.map((gradient) => [gradient]),
      0.1,
    );
    expectClose(
      actual.map(([parameter]) => parameter),
      adamByTheBook(gradients, defaults),
      2e-6,
    );
  });

  test('the first step is the learning rate against the sign, whatever the size', () => {
    const [after] = trajectory(new Adam(), [0, 0, 0, 0, 0], [[1e-2, -1e-2, 5, -3e4, 0]], 0.001);
    expectClose(
      after.map((value) => value * 1000),
      [-1, 1, -1, 1, 0],
      4e-4,
    );
  });

  test('stays right when the powers of the betas have vanished', () => {
    const scalars = new Adam().scalars(1_000_000, 0.001);
    expect(scalars).toEqual({ stepSize: Math.fround(0.001) });
  });

  test('AdamW decays apart from the moments', () => {
    const numbers = [0.850000316, 0.844110601, 0.815574119, 0.735385456, 0.680398556];
    expectClose(adamByTheBook(GRADIENTS, { ...defaults, weightDecay: 0.5 }), numbers, 1e-9);
    expectClose(path(new AdamW({ weightDecay: 0.5 }), 0.1), numbers);
    expectClose(path(new Adam({ weightDecay: 0.5 }), 0.1), numbers);
    expectClose(path(new AdamW(), 0.1, { weightDecay: 0 }), path(new Adam(), 0.1), 0);
    expect(new AdamW().scalars(1, 0.1).weightDecay).toBe(Math.fround(0.0004));
  });
});

describe('RMSprop', () => {
  const options = { rho: 0.5, epsilon: 0.25 };

  test('five steps by hand: rho 1/2, epsilon 1/4, rate 0.1', () => {
    // mean squares: 0.5, 2.25, 1.25, 5.125, 3.0625
    const expected = [0.8845299462, 1.0110210526, 0.9701962235, 0.8407968957, 0.8957411213];
    expectClose(path(new RMSprop(options), 0.1), expected);
    expect(new RMSprop().slots).toEqual(['meanSquare']);
  });

  test('with momentum 1/2, which is not Nesterov’s', () => {
    const expected = [0.8845299462, 0.9532860256, 0.9468392363, 0.8142165139, 0.8028493782];
    expectClose(path(new RMSprop({ ...options, momentum: 0.5 }), 0.1), expected);
  });

  test('centered: the square of the mean gradient is taken away under the root', () => {
    // mean gradients: 0.5, −0.75, −0.125, 1.4375, 0.21875
    const expected = [0.8585786438, 1.0022628854, 0.9612237513, 0.7962937994, 0.8516392325];
    expectClose(path(new RMSprop({ ...options, centered: true }), 0.1), expected);
  });

  test('all of it, and weight decay', () => {
    const expected = [0.8485786438, 0.9130664208, 0.8993834043, 0.7231834422, 0.6876939768];
    const all = new RMSprop({ ...options, momentum: 0.5, centered: true, weightDecay: 0.1 });
    expectClose(path(all, 0.1), expected);
    expect(all.slots).toEqual(['meanSquare', 'meanGradient', 'velocity']);
  });

  test('with its defaults, which are Keras’s', () => {
    expectClose(
      path(new RMSprop(), 0.001),
      [0.9968377239, 0.9996948665, 0.9989624181, 0.9963506598, 0.9972319787],
    );
  });
});

test('the scale that clips by norm', () => {
  expect(gradientScale(25, 10)).toBe(1);
  expect(gradientScale(25, 5)).toBe(1);
  expect(gradientScale(25, 1)).toBe(0.2);
  expect(gradientScale(0, 1)).toBe(1);
  expect(gradientScale(Number.NaN, 1)).toBeNaN();
  expect(gradientScale(Infinity, 1)).toBeNaN();
});

test('the exponential moving average, by hand', () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const module = new WebAssembly.Module(emitWasm(exponentialMovingAverage));
  const { run } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const [average, parameter] = [new Float32Array(memory.buffer, 0, 1), new Float32Array(memory.buffer, 4, 1)];
  average[0] = 1;
  const seen = [5, 3, 3, -1, 1].map((value) => {
    parameter[0] = value;
    const scalars = exponentialMovingAverageScalars(0.75);
    run(...kernelArguments(exponentialMovingAverage, 1, { average: 0, parameter: 4 }, scalars));
    return average[0];
  });
  expect(seen).toEqual([2, 2.25, 2.4375, 1.578125, 1.43359375]);
});

describe('configuration', () => {
  test('has every default and makes the same optimizer again', () => {
    expect(new SGD().config).toEqual({
      name: 'SGD',
      learningRate: 0.01,
      momentum: 0,
      nesterov: false,
      weightDecay: 0,
    });
    expect(new AdamW({ globalClipNorm: 1 }).config).toEqual({
      name: 'AdamW',
      learningRate: 0.001,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-7,
      weightDecay: 0.004,
      globalClipNorm: 1,
    });
    for (const optimizer of [
      new SGD({ momentum: 0.9, nesterov: true, clipValue: 2 }),
      new Adam({ beta1: 0.8, clipNorm: 3 }),
      new AdamW({ learningRate: cosineDecay({ initialLearningRate: 0.1, decaySteps: { fraction: 0.5 } }) }),
      new SGD({ learningRate: constantLearningRate({ learningRate: 0.5 }) }),
    ]) {
      const config = JSON.parse(JSON.stringify(optimizer.config)) as OptimizerConfig;
      const again = optimizerFrom(config);
      expect(again.config).toEqual(optimizer.config);
      expect(again.kernel).toEqual(optimizer.kernel);
      expect(again.clipping).toEqual(optimizer.clipping);
      expect(again.learningRate.at(7, { steps: 100 })).toBe(optimizer.learningRate.at(7, { steps: 100 }));
    }
  });

  test('by name, whatever its capitals', () => {
    expect(optimizerFrom('adamw').config).toEqual(new AdamW().config);
    expect(optimizerFrom({ name: 'sgd', momentum: 0.9 }).slots).toEqual(['velocity']);
    const optimizer = new SGD();
    expect(optimizerFrom(optimizer)).toBe(optimizer);
  });

  test.each([
    [
      () => optimizerFrom('adan'),
      'unknown optimizer "adan". Did you mean "Adam"? There are: SGD, RMSprop, Adam, AdamW, Muon.',
    ],
    [
      () => optimizerFrom({ name: 'SGD', momentumm: 0.9 }),
      'unknown option of SGD "momentumm". Did you mean "momentum"?',
    ],
    [
      () => optimizerFrom(null as never),
      'optimizer: configuration: expected a name, an optimizer or { name, …options }',
    ],
    [() => new SGD({ momentum: 1.5 }), 'SGD: momentum: expected a number from 0 to 1, received 1.5.'],
    [() => new SGD({ nesterov: true }), 'SGD: nesterov needs a momentum above 0. Give a momentum'],
    [
      () => new SGD({ nesterov: 'yes' as never, momentum: 0.9 }),
      'SGD: nesterov: expected true or false, received "yes".',
    ],
    [() => new SGD({ learningRate: -1 }), 'learningRate: expected a number of at least 0, received -1.'],
    [
      () => new SGD({ learningRate: Number.NaN }),
      'learningRate: expected a number of at least 0, received NaN.',
    ],
    [() => new Adam({ beta2: 1 }), 'Adam: beta2: expected a number of at least 0 and below 1, received 1.'],
    [() => new Adam({ epsilon: 0 }), 'Adam: epsilon: expected a number above 0, received 0.'],
    [
      () => new AdamW({ weightDecay: -0.1 }),
      'AdamW: weightDecay: expected a number of at least 0, received -0.1.',
    ],
    [() => new SGD({ clipNorm: 0 }), 'SGD: clipNorm: expected a number above 0, received 0.'],
    [
      () => new SGD({ clipNorm: 1, clipValue: 1 }),
      'SGD: gradients can be clipped in one way only: received clipNorm and clipValue. Choose one of them.',
    ],
    [() => new SGD().scalars(0, 0.1), 'SGD: step: expected a whole number of at least 1, received 0.'],
    [() => exponentialMovingAverageScalars(2), 'exponential moving average: momentum: expected'],
  ])('refuses what makes no sense: %#', (make, message) => {
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });
});
