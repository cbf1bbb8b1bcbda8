/** State in memory with fused loops, and state that the runtime carries with the optimizer in the graph: the same numbers. */
import { describe, expect, it } from 'vitest';
import { drawWeights } from '../../test/layers/check-layer.ts';
import { batchOf, images, relativeDistance } from '../../test/training/problem.ts';
import { HarrierError } from '../errors.ts';
import {
  BatchNormalization,
  Conv2D,
  Dense,
  Dropout,
  Flatten,
  type Layer,
  MaxPooling2D,
} from '../layers/index.ts';
import { Network } from '../models/index.ts';
import { Adam, AdamW, Muon, type Optimizer, optimizerFrom, SGD } from '../optimizers/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import type { Runtime } from '../runtime/index.ts';
import { Trainer, weightsToUse } from './trainer.ts';

const withKernels = nodeRuntime({ threads: 1 });
/** Refuses feeds that a graph has no input for, as ONNX Runtime's web build does. */
const withoutKernels: Runtime = {
  ...withKernels,
  kernels: undefined,
  async compile(model, options) {
    const executable = await withKernels.compile(model, options);
    const known = new Set(model instanceof Uint8Array ? [] : model.graph.inputs.map(({ name }) => name));
    return {
      ...executable,
      step(feeds, into) {
        for (const name of Object.keys(feeds)) if (!known.has(name)) throw new Error(`invalid input ${name}`);
        return executable.step(feeds, into);
      },
    };
  },
};
const runtimes = { 'in memory': withKernels, 'in the graph': withoutKernels };

const data = images(10, 6, 5);
const first = batchOf(data, [0, 1, 2, 3, 4, 5]);
const second = batchOf(data, [6, 7, 8, 9]);

const layers = (): Layer[] => [
  new Conv2D({ filters: 3, kernelSize: 3, padding: 'same', useBias: false }),
  new BatchNormalization({ momentum: 0.7 }),
  new MaxPooling2D(),
  new Flatten(),
  new Dense({ units: 5, activation: 'gelu' }),
  new Dropout({ rate: 0.4 }),
  new Dense({ units: 3, activation: 'softmax' }),
];
const network = (stack = layers()) => new Network({ inputShape: [6, 5, 3], layers: stack });

function trainer(optimizer: Optimizer, runtime: Runtime, net = network()): Trainer {
  return new Trainer({ network: net, optimizer, runtime, seed: 4, weights: drawWeights(net.parameters) });
}

async function run(one: Trainer, steps: readonly number[]) {
  const losses: number[] = [];
  for (const step of steps) {
    const { pixels, targets } = step % 3 === 2 ? second : first;
    losses.push((await one.step(pixels, targets, step, 0.01)).loss);
  }
  return losses;
}
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('both kinds of state agree over ten steps with', () => {
  it.each<[string, Optimizer]>([
    ['SGD', new SGD()],
    ['SGD with weight decay', new SGD({ weightDecay: 2 })],
    ['momentum', new SGD({ momentum: 0.9 })],
    ['Nesterov', new SGD({ momentum: 0.9, nesterov: true })],
    ['Adam', new Adam()],
    ['AdamW', new AdamW({ weightDecay: 2 })],
    ['clipping by value', new SGD({ momentum: 0.9, clipValue: 0.01 })],
    ['clipping by norm', new Adam({ clipNorm: 0.05 })],
    ['clipping by the norm of all', new AdamW({ globalClipNorm: 0.05 })],
    ['Muon', new Muon({ momentum: 0.6, weightDecay: 2 })],
    ['Muon on kernels of a set norm', new Muon({ momentum: 0.9, normalizeKernels: true, nesterov: false })],
    [
      'groups',
      optimizerFrom({
        name: 'Muon',
        steps: 3,
        groups: [
          {
            parameters: ['*/bias', '*/beta'],
            optimizer: { name: 'SGD', momentum: 0.9, weightDecay: 3, globalClipNorm: 0.05 },
          },
          { parameters: 'dense_1/kernel', optimizer: { name: 'SGD', learningRate: 0.5, momentum: 0.5 } },
        ],
      }),
    ],
  ])('%s', async (_, optimizer) => {
    const [memory, graph] = [trainer(optimizer, withKernels), trainer(optimizer, withoutKernels)];
    const losses = [await run(memory, upTo(10)), await run(graph, upTo(10))];
    losses[0].forEach((loss, step) => {
      expect(Math.abs(loss - losses[1][step]), `loss of step ${step}`).toBeLessThan(1e-6 * loss);
    });
    const [a, b] = [await memory.read(), await graph.read()];
    await memory.dispose();
    await graph.dispose();
    expect([...b.slots.keys()]).toEqual([...a.slots.keys()]);
    const slots = optimizer.kernel ? 7 * optimizer.slots.length : a.slots.size;
    expect(a.slots.size).toBe(slots);
    for (const [name, values] of [...a.weights, ...a.slots]) {
      const other = b.weights.get(name) ?? b.slots.get(name)!;
      expect(relativeDistance(other, values), name).toBeLessThan(2e-6);
    }
    const before = drawWeights(network().parameters);
    for (const [name, values] of a.weights) {
      expect(relativeDistance(values, before.get(name)!), name).toBeGreaterThan(1e-4);
    }
  });

  it('networks of which all, or none, decays', async () => {
    const kernelsOnly = () => [new Flatten(), new Dense({ units: 3, useBias: false, activation: 'softmax' })];
    const nothing = () => [
      new Flatten(),
      new BatchNormalization(),
      new Dense({ units: 3, activation: 'softmax' }),
    ];
    for (const stack of [kernelsOnly, nothing]) {
      const optimizer = new AdamW();
      const results = [];
      for (const runtime of [withKernels, withoutKernels]) {
        const one = trainer(optimizer, runtime, network(stack()));
        await run(one, upTo(3));
        results.push((await one.read()).weights);
        await one.dispose();
      }
      for (const [name, values] of results[0]) {
        expect(relativeDistance(results[1].get(name)!, values), name).toBeLessThan(2e-6);
      }
    }
  });
});

it('groups are updated by their own optimizers, at their own rates', async () => {
  const optimizer = optimizerFrom({
    name: 'SGD',
    learningRate: 0.01,
    groups: [
      { parameters: '*/bias', optimizer: { name: 'SGD', learningRate: 0, weightDecay: 1 } },
      { parameters: ['conv2d/*', 'dense/kernel'], optimizer: { name: 'Adam', learningRate: 0.02 } },
    ],
  });
  const one = trainer(optimizer, withKernels);
  const before = await one.read();
  await one.step(first.pixels, first.targets, 0, [0, 0.5, 0]);
  const after = await one.read();
  await one.dispose();
  for (const [name, values] of after.weights) {
    const old = before.weights.get(name)!;
    // A named group decays all that it names, biases too; a rate of 0 changes nothing.
    const halved = name.endsWith('/bias');
    if (!halved && !name.includes('moving')) expect(values, name).toEqual(old);
  }
  expect([...after.slots.keys()].map((name) => name.split('/').slice(0, -1).join('/'))).toEqual([
    'conv2d/kernel',
    'conv2d/kernel',
    'dense/kernel',
    'dense/kernel',
  ]);
});

it('refuses groups that fit no parameter', () => {
  const optimizer = optimizerFrom({
    name: 'SGD',
    groups: [{ parameters: ['*/gama'], optimizer: 'Adam' }],
  });
  expect(() => trainer(optimizer, withKernels)).toThrow(
    'groups of the optimizer: no trainable parameter is called "*/gama". There are: conv2d/kernel, ',
  );
});

describe.each(Object.entries(runtimes))('a batch in parts, state %s', (where, runtime) => {
  const plain = () =>
    network([new Flatten(), new Dense({ units: 4, activation: 'tanh' }), new Dense({ units: 3 })]);
  const parts = (microBatch: number | undefined, optimizer: Optimizer, net = plain()) =>
    new Trainer({
      network: net,
      optimizer,
      runtime,
      seed: 4,
      weights: drawWeights(net.parameters),
      microBatch,
    });

  it.each([1, 2, 4, 5, 6, 9])(
    'of at most %i images takes the same steps as the whole',
    async (microBatch) => {
      for (const optimizer of [new SGD({ momentum: 0.9, globalClipNorm: 0.5 }), new Muon()]) {
        const [whole, divided] = [parts(undefined, optimizer), parts(microBatch, optimizer)];
        const losses = [await run(whole, upTo(4)), await run(divided, upTo(4))];
        losses[0].forEach((loss, step) => {
          expect(losses[1][step]).toBeCloseTo(loss, 5);
        });
        const [a, b] = [await whole.read(), await divided.read()];
        await whole.dispose();
        await divided.dispose();
        for (const [name, values] of [...a.weights, ...a.slots]) {
          expect(relativeDistance(b.weights.get(name) ?? b.slots.get(name)!, values), name).toBeLessThan(
            5e-6,
          );
        }
      }
    },
  );

  it('compiles each size of part once, whatever sizes a step has', async () => {
    let compiled = 0;
    const counting: Runtime = {
      ...runtime,
      compile(model, options) {
        compiled++;
        return runtime.compile(model, options);
      },
    };
    const net = plain();
    const one = new Trainer({
      network: net,
      optimizer: new Muon(),
      runtime: counting,
      seed: 4,
      weights: drawWeights(net.parameters),
      microBatch: 4,
    });
    for (const step of [0, 1, 3, 4]) await run(one, [step]);
    // Parts of 4 and 2 images, and the updates where they are a graph of their own.
    expect(compiled).toBe(where === 'in memory' ? 3 : 2);
    await one.dispose();
  });

  it('normalises each part by itself, and every part moves the running statistics', async () => {
    const net = () =>
      network([new BatchNormalization({ momentum: 0.5 }), new Flatten(), new Dense({ units: 3 })]);
    const divided = parts(3, new SGD(), net());
    await divided.step(first.pixels, first.targets, 0, 0);
    const mean = (await divided.read()).weights.get('batch_normalization/moving_mean')!;
    await divided.dispose();
    const half = 6 * 5 * 3 * 3;
    const meanOf = (pixels: Uint8Array, channel: number) => {
      let sum = 0;
      for (let i = channel; i < pixels.length; i += 3) sum += pixels[i] / 255;
      return sum / (pixels.length / 3);
    };
    const start = drawWeights(net().parameters).get('batch_normalization/moving_mean')!;
    for (let channel = 0; channel < 3; channel++) {
      const [a, b] = [first.pixels.subarray(0, half), first.pixels.subarray(half)];
      const expected = 0.5 * (0.5 * start[channel] + 0.5 * meanOf(a, channel)) + 0.5 * meanOf(b, channel);
      expect(mean[channel]).toBeCloseTo(expected, 5);
    }
  });

  it('changes nothing when the loss of a later part is not finite', async () => {
    const net = network([new BatchNormalization(), new Flatten(), new Dense({ units: 3 })]);
    const divided = parts(2, new Muon(), net);
    await divided.step(first.pixels, first.targets, 0, 0.01);
    const before = await divided.read();
    const broken = first.targets.slice();
    broken[14] = Number.NaN;
    await expect(divided.step(first.pixels, broken, 1, 0.01)).rejects.toThrow(
      'the loss became NaN at step 2',
    );
    expect(await divided.read()).toEqual(before);
    await divided.dispose();
  });
});

describe.each(Object.entries(runtimes))('an average of weights, state %s', (_, runtime) => {
  it.each([new SGD({ momentum: 0.9 }), new Muon()])(
    'is that of the weights after each step',
    async (optimizer) => {
      const net = network();
      const one = new Trainer({
        network: net,
        optimizer,
        runtime,
        seed: 4,
        weights: drawWeights(net.parameters),
        averageMomentum: 0.75,
      });
      const expected = new Map<string, Float64Array>();
      for (const step of upTo(5)) {
        await run(one, [step]);
        for (const [name, values] of (await one.read()).weights) {
          const old = expected.get(name);
          expected.set(
            name,
            Float64Array.from(values, (value, i) => (old ? 0.75 * old[i] + 0.25 * value : value)),
          );
        }
      }
      const arrays = await one.read();
      await one.dispose();
      const averaged = weightsToUse(arrays);
      for (const { name, trainable } of net.parameters) {
        if (!trainable) expect(averaged.get(name)).toBe(arrays.weights.get(name));
        else expect(relativeDistance(averaged.get(name)!, expected.get(name)!), name).toBeLessThan(1e-6);
      }
    },
  );
});

describe.each(Object.entries(runtimes))('state %s', (_, runtime) => {
  it('decays kernels and nothing else', async () => {
    // A learning rate of nothing but decay: gradients are clipped away.
    const optimizer = new SGD({ weightDecay: 3, clipValue: 1e-30 });
    const one = trainer(optimizer, runtime);
    const before = await one.read();
    await run(one, [0]);
    const after = await one.read();
    await one.dispose();
    for (const { name, trainable } of network().parameters.filter((spec) => spec.trainable)) {
      expect(trainable).toBe(true);
      const factor = name.endsWith('/kernel') ? 1 - 3 * 0.01 : 1;
      const expected = before.weights.get(name)!.map((value) => value * factor);
      expect(relativeDistance(after.weights.get(name)!, expected), name).toBeLessThan(1e-6);
    }
  });

  it('is the same when read and disposed of in the middle', async () => {
    const optimizer = new Adam();
    const straight = trainer(optimizer, runtime);
    const broken = trainer(optimizer, runtime);
    await run(straight, upTo(6));
    for (const step of upTo(6)) {
      await run(broken, [step]);
      if (step % 2 === 0) await broken.read();
      else await broken.dispose();
    }
    expect(await broken.read()).toEqual(await straight.read());
    await straight.dispose();
    await broken.dispose();
  });

  it('takes new weights in the middle and keeps the slots', async () => {
    const optimizer = new SGD({ momentum: 0.9 });
    const one = trainer(optimizer, runtime);
    await run(one, upTo(3));
    const { slots } = await one.read();
    const fresh = drawWeights(network().parameters);
    one.write({ weights: fresh });
    const now = await one.read();
    expect(now.weights).toEqual(fresh);
    expect(now.slots).toEqual(slots);

    const other = trainer(optimizer, runtime);
    other.write({ weights: fresh, slots });
    expect(await run(one, [3, 4])).toEqual(await run(other, [3, 4]));
    expect(await one.read()).toEqual(await other.read());
    await one.dispose();
    await other.dispose();
  });

  it('gives copies: what is read does not change under its reader', async () => {
    const one = trainer(new Adam(), runtime);
    await run(one, [0]);
    const read = await one.read();
    const copy = new Map([...read.weights].map(([name, values]) => [name, values.slice()]));
    await run(one, upTo(3));
    expect(read.weights).toEqual(copy);
    await one.dispose();
  });

  it('stays as it was when the loss is not finite, and says at which step', async () => {
    const one = trainer(new Adam(), runtime);
    await run(one, upTo(4));
    const before = await one.read();
    const { pixels, targets } = first;
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const broken = targets.slice();
      broken[4] = bad;
      const error = await one.step(pixels, broken, 4, 0.01).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(HarrierError);
      expect(error.code).toBe('diverged');
      expect(error.message).toMatch(/^the loss became (NaN|-?Infinity) at step 5\. Lower the learning rate/);
      expect(await one.read()).toEqual(before);
    }
    // And it can go on.
    expect((await run(one, [4]))[0]).toBeGreaterThan(0);
    await one.dispose();
  });

  it('is never read with numbers that are not finite', async () => {
    const one = trainer(new SGD(), runtime);
    // The loss of this step is still finite: it is that before the update.
    await one.step(first.pixels, first.targets, 0, Number.POSITIVE_INFINITY);
    const error = await one.read().catch((thrown) => thrown);
    expect(error).toBeInstanceOf(HarrierError);
    expect(error.code).toBe('diverged');
    expect(error.message).toContain('holds numbers that are not finite');
    await one.dispose();
  });
});
