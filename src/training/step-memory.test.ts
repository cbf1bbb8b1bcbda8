import { describe, expect, it } from 'vitest';
import { images } from '../../test/training/problem.ts';
import { Conv2D, Dense, Flatten } from '../layers/index.ts';
import { Network } from '../models/index.ts';
import { createGraph, reshape } from '../ops/index.ts';
import { optimizerFrom } from '../optimizers/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { checkMemory, fit, Sequential, stepMemory } from './index.ts';
import { peakMemory } from './step-memory.ts';

const KB = 1024;

describe('peakMemory', () => {
  const graph = createGraph('chain');
  const x = graph.input('x', 'float32', [256]);
  /** Each of a kilobyte, but for what says otherwise. */
  const first = graph.op('Relu', [x]);
  const view = reshape(graph, first, [16, 16]);
  const row = graph.op('ReduceSum', [view], { keepdims: 1 });
  const second = graph.op('Exp', [view]);
  const sum = graph.op('Add', [second, row]);
  graph.output(sum, 'sum');

  it('counts what is alive at once: views not at all, values that take the place of others once', () => {
    // Worst: the first with its sum of 4 bytes; Exp takes the place of the first, Add that of Exp.
    expect(peakMemory(graph.build())).toBe(KB + 4);
  });

  it('counts outputs to the end', () => {
    graph.output(first, 'first');
    expect(peakMemory(graph.build())).toBe(2 * KB + 4);
  });
});

const runtime = (free: number) => ({ ...nodeRuntime({ threads: 1 }), freeMemory: () => free });
const network = new Network({
  name: 'small',
  inputShape: [16, 16, 3],
  layers: [
    new Conv2D({ filters: 8, kernelSize: 3, padding: 'same', activation: 'relu' }),
    new Flatten(),
    new Dense({ units: 3, activation: 'softmax' }),
  ],
});

describe('the memory of training', () => {
  it('has a part for the weights and one that grows with the batch', async () => {
    const parameters = 8 * 27 + 8 + 2048 * 3 + 3;
    const of = (optimizer: string, batch: number) =>
      stepMemory({ network, optimizer: optimizerFrom(optimizer), runtime: runtime(0), batch });
    const [sgd, adam, twice] = [await of('sgd', 100), await of('adam', 100), await of('sgd', 200)];
    expect([sgd.state, sgd.checkpoint]).toEqual([2 * 4 * parameters, 2 * 4 * parameters]);
    expect([adam.state, adam.checkpoint]).toEqual([4 * 4 * parameters, 6 * 4 * parameters]);
    expect(adam.step).toBe(sgd.step);
    expect(twice.step / sgd.step).toBeCloseTo(2, 1);
    // At the least the convolution's maps and their gradient.
    expect(sgd.step).toBeGreaterThan(2 * 100 * 16 * 16 * 8 * 4);
  });

  it('counts a part of the batch where it goes in parts, and what else is then kept', async () => {
    const sizes = [8 * 27, 8, 2048 * 3, 3];
    const parameters = sizes.reduce((sum, size) => sum + size, 0);
    const optimizer = optimizerFrom({
      name: 'Muon',
      groups: [{ parameters: '*/bias', optimizer: 'SGD' }],
    });
    const whole = await stepMemory({ network, optimizer, runtime: runtime(0), batch: 100 });
    const parts = await stepMemory({
      network,
      optimizer,
      runtime: runtime(0),
      batch: 100,
      microBatch: 25,
      averageMomentum: 0.9,
    });
    expect(parts.step / whole.step).toBeCloseTo(0.25, 1);
    // Muon keeps a velocity of each kernel, SGD nothing of the offsets.
    const velocities = sizes[0] + sizes[2];
    expect(whole.state).toBe(4 * (2 * parameters + velocities));
    expect(parts.state).toBe(4 * (4 * parameters + velocities));
    await expect(
      checkMemory({
        network,
        optimizer,
        runtime: runtime(parts.state + parts.checkpoint),
        batch: 100,
        microBatch: 25,
      }),
    ).rejects.toThrow('training on 25 images at once needs more memory than is free');
  });

  it('is refused where it does not suffice, with how much is needed and what would fit', async () => {
    const optimizer = optimizerFrom('sgd');
    const options = (free: number) => ({ network, optimizer, runtime: runtime(free), batch: 1000 });
    const { state, checkpoint, step } = await stepMemory(options(0));
    await checkMemory(options(state + checkpoint + step));
    await expect(checkMemory(options(state + checkpoint + step / 2))).rejects.toMatchObject({
      code: 'not-supported',
      message: expect.stringMatching(
        /^small: training with a batch size of 1000 needs more memory than is free: expected at least 0\.\d GB, received 0\.\d GB\. Lower the batch size \(to 500 at most\) or the image size\.$/,
      ),
      details: { options: ['batchSize', 'imageSize'] },
    });
    await expect(checkMemory(options(state))).rejects.toThrow(/Lower the image size, or use a network with/);
  });

  it('is refused where the weights need more than one block', async () => {
    const wide = new Network({
      name: 'wide',
      inputShape: [512, 512, 3],
      layers: [new Flatten(), new Dense({ units: 1024 }), new Dense({ units: 2 })],
    });
    const options = { network: wide, optimizer: optimizerFrom('sgd'), runtime: runtime(1e12), batch: 1 };
    await expect(checkMemory(options)).rejects.toThrow(
      /^wide: its weights, gradients and optimizer do not fit into one block.*at most 4\.3 GB, received 6\.4 GB/,
    );
  });

  it('is estimated from the graph that is then trained: it is built once', async () => {
    const train = images(12, 16, 16);
    const cpu = nodeRuntime({ threads: 1 });
    const compiled: unknown[] = [];
    const watched = {
      ...cpu,
      compile: (...given: Parameters<typeof cpu.compile>) => {
        compiled.push(given[0]);
        return cpu.compile(...given);
      },
    };
    const how = { network, optimizer: optimizerFrom('sgd'), runtime: watched };
    const stepGraph = await checkMemory({ ...how, batch: 6 });
    await fit({ ...how, train, epochs: 1, batchSize: 6, seed: 1, clock: () => 0, stepGraph });
    expect(compiled).toEqual([stepGraph!.model]);
    expect(compiled[0]).toBe(stepGraph!.model);
  });

  it('is looked at by fit, before anything is allocated', async () => {
    const model = new Sequential({ inputShape: [8, 8, 3], layers: [new Flatten(), new Dense({ units: 3 })] });
    model.compile({ optimizer: 'sgd', runtime: runtime(1000) });
    await expect(model.fit(images(12, 8, 8))).rejects.toThrow(/needs more memory than is free/);
  });
});
