import { HarrierError } from '../errors.ts';
import { OnnxGraph } from '../layers/index.ts';
import { createGraph } from '../ops/index.ts';
import { Network } from './network.ts';
import type { TrainedNetwork } from './trained-network.ts';

/**
 * The same network, with the same weights, for images of another size.
 *
 * @param side of the square images
 * @param where what to call the model in errors
 * @throws HarrierError `bad-option` for a network whose weights are for one size, and for a size that is too small for it
 */
export function withImageSize(
  { network, weights }: TrainedNetwork,
  side: number,
  where: string = network.name,
): TrainedNetwork {
  const [height, width, channels] = network.inputShape;
  if (height === side && width === side) return { network, weights };
  const own = `${width} × ${height}`;
  const imported = network.layers.find(({ layer }) => layer instanceof OnnxGraph);
  if (imported) {
    throw new HarrierError('bad-option', 'it was made from an ONNX file, for images of one size', {
      where: `${where}, layer "${imported.name}"`,
      expected: own,
      received: `${side} × ${side}`,
      next: `Begin with that file again, or leave the image size out: images are scaled to ${own}.`,
      options: ['imageSize'],
    });
  }
  checkLeastSize(network, side, where);
  try {
    network.checkImageSize(side, side);
  } catch (cause) {
    if (!(cause instanceof HarrierError)) throw cause;
    const { where: layer, expected = own, received = `${side} × ${side}` } = cause.details;
    throw new HarrierError('bad-option', cause.summary, {
      where: layer ? `${where}: ${layer}` : where,
      expected,
      received,
      next: `A network can take other sizes if global pooling comes before its first Dense layer. Leave the image size out: images are scaled to ${own}.`,
      options: ['imageSize'],
      cause,
    });
  }
  return { network: Network.from({ ...network.config(), inputShape: [side, side, channels] }), weights };
}

/**
 * A network that halves its images five times needs 32 pixels: of fewer, convolutions would see little but padding.
 * @throws HarrierError `bad-option` for images too small for the strides of a network
 */
export function checkLeastSize(network: Network, side: number, where: string): void {
  const least = totalStride(network);
  if (side >= least) return;
  throw new HarrierError('bad-option', 'images of this size are too small for the network', {
    where,
    expected: `at least ${least} × ${least}, the product of its strides`,
    received: `${side} × ${side}`,
    options: ['imageSize'],
    next: 'Choose a larger image size.',
  });
}

/** Pixels of an image, along a side, for one place of the smallest feature map: the product of strides up to there. */
function totalStride(network: Network): number {
  const [height, width] = network.inputShape;
  const graph = createGraph(network.name);
  network.build(graph, graph.input('image', 'uint8', ['N', height, width, 3]), {
    training: false,
    parameter: (spec) => graph.input(spec.name, 'float32', spec.graphShape),
  });
  const strides = new Map<unknown, number>();
  for (const { inputs, outputs, attributes } of graph.nodes) {
    const { strides: steps, kernel_shape: kernel } = attributes;
    // A window over the whole map is global pooling, whose steps lead nowhere.
    const isGlobal = `${kernel}` === `${inputs[0]?.shape.slice(2)}`;
    const own = Array.isArray(steps) && !isGlobal ? Math.max(...steps.map(Number)) : 1;
    const stride = own * Math.max(1, ...inputs.map((input) => strides.get(input) ?? 1));
    for (const output of outputs) strides.set(output, stride);
  }
  return Math.max(1, ...strides.values());
}
