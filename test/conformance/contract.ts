/** What every runtime must do, written once: see src/runtime/runtime.ts for the words of the contract. */
import { expect, it } from 'vitest';
import { Dense, Flatten } from '../../src/layers/index.ts';
import { exportModel, initialWeights, Network } from '../../src/models/index.ts';
import { encodeModel, float32, modelOf, numbersOf, tensor } from '../../src/onnx/index.ts';
import { add, createGraph, mul } from '../../src/ops/index.ts';
import type { Runtime } from '../../src/runtime/index.ts';

export function runtimeContract(runtime: Runtime): void {
  it('says what it is', () => {
    expect(runtime.name).toMatch(/\d+\.\d+/);
    expect(runtime.threads).toBeGreaterThan(0);
  });

  it('returns every output by name, with its type and dims', async () => {
    const graph = createGraph('types');
    const x = graph.input('x', 'float32', ['N', 2]);
    graph.output(graph.op('Relu', [x]), 'y');
    graph.output(graph.op('ArgMax', [x], { axis: 1, keepdims: 0 }), 'largest');
    graph.output(graph.op('Greater', [x, graph.constant(float32([], [0]))]), 'positive');
    const executable = await runtime.compile(modelOf(graph.build()));
    for (const rows of [1, 3]) {
      const x = Array.from({ length: 2 * rows }, (_, i) => (i % 2 ? i : -i - 1));
      const { y, largest, positive } = await executable.step({ x: float32([rows, 2], x) });
      expect([y.type, y.dims, numbersOf(y)]).toEqual(['float32', [rows, 2], x.map((v) => Math.max(v, 0))]);
      expect([largest.type, [...largest.dims], largest.data.length]).toEqual(['int64', [rows], rows]);
      expect([positive.type, numbersOf(positive)]).toEqual(['bool', x.map((v) => Number(v > 0))]);
    }
    await executable.dispose();
  });

  it('takes a model in the form of a file too', async () => {
    const graph = createGraph('file');
    graph.output(graph.op('Neg', [graph.input('x', 'float32', [1])]), 'y');
    const executable = await runtime.compile(encodeModel(modelOf(graph.build())));
    expect(numbersOf((await executable.step({ x: float32([1], [2]) })).y)).toEqual([-2]);
    await executable.dispose();
  });

  it('takes pixels as uint8', async () => {
    const graph = createGraph('pixels');
    graph.output(graph.op('Cast', [graph.input('image', 'uint8', [3])], { to: 1 }), 'y');
    const executable = await runtime.compile(modelOf(graph.build()));
    const { y } = await executable.step({ image: tensor('uint8', [3], [0, 128, 255]) });
    expect(numbersOf(y)).toEqual([0, 128, 255]);
    await executable.dispose();
  });

  it('passes through an input or a constant that is an output', async () => {
    const graph = createGraph('passing');
    const x = graph.input('x', 'float32', [2]);
    graph.output(x);
    graph.output(x, 'again');
    graph.output(graph.initializer('w', float32([1], [3])));
    const executable = await runtime.compile(modelOf(graph.build()));
    const outputs = await executable.step({ x: float32([2], [1, 2]) });
    expect(Object.fromEntries(Object.entries(outputs).map(([name, t]) => [name, numbersOf(t)]))).toEqual({
      x: [1, 2],
      again: [1, 2],
      w: [3],
    });
    await executable.dispose();
  });

  it('carries state from step to step, and gives it out and takes it back', async () => {
    const graph = createGraph('counter');
    const total = graph.input('total', 'float32', [2]);
    const next = add(graph, total, graph.input('x', 'float32', [2]));
    graph.output(next, 'next');
    graph.output(mul(graph, next, next), 'squared');
    const executable = await runtime.compile(modelOf(graph.build()), {
      carry: [{ output: 'next', input: 'total' }],
      state: { total: float32([2], [0, 10]) },
    });
    const step = () => executable.step({ x: float32([2], [1, 2]) });
    const first = await step();
    expect(Object.keys(first)).toEqual(['squared']);
    expect(numbersOf(first.squared)).toEqual([1, 144]);
    await step();
    expect(numbersOf((await executable.readState()).total)).toEqual([2, 14]);
    executable.writeState({ total: float32([2], [-1, -2]) });
    expect(numbersOf((await step()).squared)).toEqual([0, 0]);
    await executable.dispose();
  });

  it('writes an output where it is told to', async () => {
    const graph = createGraph('into');
    const x = graph.input('x', 'float32', [2]);
    graph.output(add(graph, x, x), 'sum');
    graph.output(mul(graph, x, x), 'product');
    const executable = await runtime.compile(modelOf(graph.build()));
    const place = float32([2], [0, 0]);
    const returned = await executable.step({ x: float32([2], [3, 5]) }, { sum: place });
    expect(numbersOf(place)).toEqual([6, 10]);
    expect(Object.keys(returned)).toEqual(['product']);
    await executable.dispose();
  });

  it('looks again at the images that a model with adaptive views is unsure of: some, all, or none', async () => {
    const network = new Network({ inputShape: [6, 6, 3], layers: [new Flatten(), new Dense({ units: 3 })] });
    const weights = initialWeights(network.parameters, 1);
    const images = tensor(
      'uint8',
      [4, 6, 6, 3],
      Array.from({ length: 4 * 108 }, (_, i) => (i * 7919) % 251),
    );
    const rows = async (options: Parameters<typeof exportModel>[3]) => {
      const executable = await runtime.compile(exportModel(network, weights, {}, options));
      const { probabilities } = await executable.step({ image: images });
      await executable.dispose();
      return Array.from({ length: 4 }, (_, i) => [...numbersOf(probabilities)].slice(3 * i, 3 * i + 3));
    };
    const [one, full] = [await rows({}), await rows({ testTimeAugmentation: 'flip' })];
    const sure = one.map((row) => Math.max(...row));
    const middle = sure.toSorted((a, b) => a - b)[2];
    for (const below of [0, middle, 2]) {
      const adaptive = await rows({ testTimeAugmentation: 'flip', viewsBelow: below });
      adaptive.forEach((row, i) => {
        const expected = sure[i] < below ? full[i] : one[i];
        row.forEach((value, label) => {
          expect(value).toBeCloseTo(expected[label], 5);
        });
      });
    }
    expect(full.flat()).not.toEqual(one.flat());
  });

  it('refuses a model that it cannot run, in a sentence', async () => {
    const graph = createGraph('unlowered');
    graph.output(graph.op('HeavisideStep', [graph.input('x', 'float32', [2])], {}, { domain: 'harrier' }));
    await expect(runtime.compile(modelOf(graph.build()))).rejects.toMatchObject({
      name: 'HarrierError',
      code: 'bad-graph',
    });
  });
}
