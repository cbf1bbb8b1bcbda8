import { Conv2D, Dense, GlobalAveragePooling2D, MaxPooling2D } from '../../src/layers/index.ts';
import { exportModel, initialWeights, Network } from '../../src/models/index.ts';
import { encodeModel } from '../../src/onnx/index.ts';

/** The file of a network that has learned nothing, and that a page trains on in milliseconds. */
export function smallNetwork(): Uint8Array {
  const network = new Network({
    name: 'small',
    inputShape: [24, 24, 3],
    layers: [
      new Conv2D({ filters: 24, kernelSize: 5, activation: 'relu' }),
      new MaxPooling2D(),
      new GlobalAveragePooling2D(),
      new Dense({ units: 7 }),
    ],
  });
  return encodeModel(exportModel(network, initialWeights(network.parameters, 1)));
}
