import { describe, expect, it } from 'vitest';
import { Conv2D, Dense, Flatten } from '../../../layers/index.ts';
import { Classifier, exportModel, initialWeights, Network } from '../../../models/index.ts';
import { encodeModel } from '../../../onnx/index.ts';
import { loadClassifier } from '../run.ts';
import { nodeRuntime } from './runtime.ts';

const SIDE = 32;
const network = new Network({
  inputShape: [SIDE, SIDE, 3],
  layers: [new Conv2D({ filters: 16, kernelSize: 3 }), new Flatten(), new Dense({ units: 3 })],
});
const bytes = encodeModel(exportModel(network, initialWeights(network.parameters, 1), {}));
const pixels = Uint8Array.from({ length: 4 * SIDE * SIDE * 3 }, (_, i) => (i * 37) % 256);
const load = (model: Uint8Array = bytes) => Classifier.load(nodeRuntime({ threads: 1 }), model, 'kept.onnx');

function inSharedMemory(values: Uint8Array): Uint8Array {
  const shared = new Uint8Array(new SharedArrayBuffer(values.length));
  shared.set(values);
  return shared;
}

describe('ONNX Runtime in Node', () => {
  it('says of a model that was disposed of that it was', async () => {
    const classifier = await load();
    await classifier.dispose();
    await expect(classifier.predict(pixels)).rejects.toMatchObject({
      code: 'bad-option',
      message: expect.stringContaining('kept.onnx: this model was disposed of'),
    });
    await classifier.dispose();
  });

  it('gives memory back once runs under way have ended', async () => {
    const classifier = await load();
    const expected = await classifier.predict(pixels);
    const [actual] = await Promise.all([classifier.predict(pixels), classifier.dispose()]);
    expect(actual).toEqual(expected);

    const one = { data: pixels.subarray(0, SIDE * SIDE * 3), width: SIDE, height: SIDE };
    const small = await loadClassifier(bytes, { threads: 1 });
    const answers = await small.classify(one);
    const again = Array.from({ length: 4 }, () => small.classify(one));
    // Their pixels are ready, and they run.
    for (let i = 0; i < 4; i++) await Promise.resolve();
    const [first] = await Promise.all([again[0], small.dispose()]);
    expect(first).toEqual(answers);
    await Promise.all(again);
  });

  it('takes pixels and models in shared memory', async () => {
    const [plain, shared] = [await load(), await load(inSharedMemory(bytes))];
    expect(await shared.predict(inSharedMemory(pixels))).toEqual(await plain.predict(pixels));
    const small = await loadClassifier(inSharedMemory(bytes));
    expect(small.labels).toHaveLength(3);
    await Promise.all([plain.dispose(), shared.dispose(), small.dispose()]);
  });

  it.each([0, 1.5, Number.NaN, '2' as unknown as number])('refuses %s threads', async (threads) => {
    const message = 'threads: expected a whole number of at least 1, received';
    expect(() => nodeRuntime({ threads })).toThrow(`nodeRuntime: ${message}`);
    await expect(loadClassifier(bytes, { threads })).rejects.toThrow(`loadClassifier: ${message}`);
  });
});
