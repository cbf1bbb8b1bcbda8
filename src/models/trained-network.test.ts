import { expect, it } from 'vitest';
import { drawWeights, expectClose } from '../../test/layers/check-layer.ts';
import { Add, BatchNormalization, Conv2D, Dense, Flatten, Input } from '../layers/index.ts';
import { decodeModel, encodeModel } from '../onnx/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import {
  Classifier,
  exportModel,
  NETWORK_KEY,
  Network,
  trainedNetwork,
  type WeightStorage,
  withStoredWeights,
} from './index.ts';

const runtime = nodeRuntime({ threads: 1 });
const pixels = Uint8Array.from({ length: 3 * 6 * 5 * 3 }, (_, i) => (i * 37) % 256);

function branched(): Network {
  const image = new Input({ shape: [6, 5, 3] });
  const left = image.through(
    new Conv2D({ filters: 16, kernelSize: 3, padding: 'same' }),
    new BatchNormalization(),
  );
  const right = new Conv2D({ filters: 16, kernelSize: 1, name: 'shortcut' }).apply(image);
  const outputs = new Add().apply([left, right]).through(new Flatten(), new Dense({ units: 4 }));
  return new Network({
    name: 'branched',
    inputs: image,
    outputs,
    normalization: { mean: [1, 2, 3], deviation: [50, 60, 70] },
  });
}

async function probabilities(model: Uint8Array): Promise<Float32Array> {
  const classifier = await Classifier.load(runtime, model);
  try {
    return await classifier.predict(pixels);
  } finally {
    await classifier.dispose();
  }
}

it.each([undefined, 'float16', 'int8'] satisfies (WeightStorage | undefined)[])(
  'a model with weights in %s gives back a network that answers as it does',
  async (storage) => {
    const network = branched();
    const exported = exportModel(
      network,
      drawWeights(network.parameters),
      {},
      { testTimeAugmentation: 'flip' },
    );
    const file = encodeModel(storage ? withStoredWeights(exported, storage) : exported);
    const { network: again, weights } = trainedNetwork(decodeModel(file), 'it');
    expect(again.config()).toEqual(network.config());
    const exportedAgain = exportModel(again, weights, decodeModel(file).metadata, {
      testTimeAugmentation: 'flip',
    });
    expect(exportedAgain.metadata).toEqual(exported.metadata);
    expectClose(await probabilities(encodeModel(exportedAgain)), await probabilities(file), 1e-6);
  },
);

it('says what is missing in a model that does not tell its layers', () => {
  const network = branched();
  const model = exportModel(network, drawWeights(network.parameters));
  const { [NETWORK_KEY]: config, ...metadata } = model.metadata;
  expect(() => trainedNetwork({ ...model, metadata }, 'old.onnx')).toThrow(
    'old.onnx: this model does not say what layers it is made of: expected a model.onnx of Harrier, with ' +
      'harrier.network in its metadata. Train it again',
  );
  for (const broken of ['{', '{}', config.replace('Conv2D', 'Conv9D')]) {
    expect(() =>
      trainedNetwork({ ...model, metadata: { ...metadata, [NETWORK_KEY]: broken } }, 'odd.onnx'),
    ).toThrow(expect.objectContaining({ code: 'bad-graph', message: expect.stringMatching(/^odd\.onnx: /) }));
  }
});
