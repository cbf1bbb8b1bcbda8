import { describe, expect, it } from 'vitest';
import { classifier } from '../../test/foreign/graphs.ts';
import { drawWeights } from '../../test/layers/check-layer.ts';
import {
  Add,
  Conv2D,
  Dense,
  Flatten,
  GlobalAveragePooling2D,
  GlobalMaxPooling2D,
  Input,
  type Layer,
  MaxPooling2D,
  Reshape,
} from '../layers/index.ts';
import { encodeModel } from '../onnx/index.ts';
import { exportModel, Network, readForeignModel, withImageSize } from './index.ts';

/** Two branches, strides of 2 and 3, and global pooling before the scores. */
function pooled(side: number): Network {
  const image = new Input({ shape: [side, side, 3] });
  const wide = new Conv2D({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', name: 'wide' });
  const left = wide.apply(image).through(new MaxPooling2D({ poolSize: 3 }));
  const right = new Conv2D({ filters: 4, kernelSize: 1, strides: 6, name: 'right' }).apply(image);
  const outputs = new Add()
    .apply([left, right])
    .through(new GlobalAveragePooling2D(), new Dense({ units: 5, name: 'scores' }));
  return new Network({ name: 'pooled', inputs: image, outputs });
}

it('is the network that would have been made for that size, with the same weights', () => {
  const network = pooled(12);
  const weights = drawWeights(network.parameters);
  const larger = withImageSize({ network, weights }, 24, 'mine');
  expect(larger.network.inputShape).toEqual([24, 24, 3]);
  expect(encodeModel(exportModel(larger.network, larger.weights))).toEqual(
    encodeModel(exportModel(pooled(24), weights)),
  );
  expect(withImageSize({ network, weights }, 12, 'mine').network).toBe(network);
});

it('counts no global pooling among the strides', () => {
  const layers = [new MaxPooling2D({ poolSize: 2 }), new GlobalMaxPooling2D(), new Dense({ units: 3 })];
  const network = new Network({ inputShape: [8, 8, 3], layers });
  const weights = drawWeights(network.parameters);
  expect(withImageSize({ network, weights }, 2, 'mine').network.inputShape).toEqual([2, 2, 3]);
});

describe('refused, in one sentence:', () => {
  const stack = (...layers: Layer[]) => new Network({ name: 'stack', inputShape: [8, 8, 3], layers });
  const cases: [what: string, network: Network, side: number, sentence: RegExp][] = [
    [
      'weights for one size, by their layer',
      stack(new Flatten(), new Dense({ units: 3, name: 'scores' })),
      16,
      /^mine: stack, layer "scores" \(Dense\): it has weights for one size of images: expected 8 × 8, received 16 × 16\. A network can take other sizes .* Leave the image size out: images are scaled to 8 × 8\.$/,
    ],
    [
      'a shape for one size',
      stack(new Reshape({ targetShape: [192] }), new Dense({ units: 3 })),
      16,
      /^mine: stack, .*reshape.* Leave the image size out: images are scaled to 8 × 8\./,
    ],
    [
      'fewer pixels than one place of its features stands for',
      pooled(12),
      5,
      /^mine: images of this size are too small for the network: expected at least 6 × 6, the product of its strides, received 5 × 5\./,
    ],
    [
      'a graph that was imported for one size',
      readForeignModel(classifier('Gemm, transposed')).network,
      16,
      /^mine, layer "backbone": it was made from an ONNX file, for images of one size: expected 10 × 12, received 16 × 16\. Begin with that file again/,
    ],
  ];
  it.each(cases)('%s', (_, network, side, sentence) => {
    expect(() => withImageSize({ network, weights: drawWeights(network.parameters) }, side, 'mine')).toThrow(
      expect.objectContaining({ code: 'bad-option', message: expect.stringMatching(sentence) }),
    );
  });
});
