import { HarrierError } from '../errors.ts';
import { elementCount, formatShape, int64 } from '../onnx/index.ts';
import { transpose } from '../ops/index.ts';
import { type Activations, knownOptions, Layer, type LayerContext, type LayerOptions } from './layer.ts';
import { inKerasOrder } from './row-order.ts';

/** Options of `Reshape`. */
export interface ReshapeOptions extends LayerOptions {
  /** (height, width, channels) or (numbers), without the batch. One size may be −1: whatever is left. */
  targetShape: readonly number[];
}

/** The same numbers, read in the order height, width, channels, in another shape. */
export class Reshape extends Layer<ReshapeOptions> {
  readonly type = 'Reshape';

  constructor(options: ReshapeOptions) {
    super(knownOptions('Reshape', options, ['targetShape']));
    const sizes: unknown = options.targetShape;
    const fits =
      Array.isArray(sizes) &&
      (sizes.length === 1 || sizes.length === 3) &&
      sizes.every((size) => Number.isInteger(size) && (size > 0 || size === -1)) &&
      sizes.filter((size) => size === -1).length <= 1;
    if (fits) return;
    throw new HarrierError('bad-option', 'targetShape', {
      where: 'Reshape',
      expected: '[height, width, channels] or [numbers], of which one may be -1',
      received: JSON.stringify(sizes),
    });
  }

  call({ graph }: LayerContext, input: Activations): Activations {
    const shape = this.#shape(input);
    const row =
      input.shape.length === 1
        ? input
        : { value: graph.op('Flatten', [input.value]), shape: [elementCount(shape)], flattened: input.shape };
    if (shape.length === 1) return { ...row, shape };
    const [height, width, channels] = shape;
    const { value } = inKerasOrder(graph, row);
    const image = graph.op('Reshape', [value, graph.constant(int64([-1, height, width, channels]))]);
    return { value: transpose(graph, image, [0, 3, 1, 2]), shape };
  }

  #shape(input: Activations): number[] {
    const { targetShape } = this.options;
    const count = elementCount(input.shape);
    const known = elementCount(targetShape.filter((size) => size !== -1));
    const shape = targetShape.map((size) => (size === -1 ? Math.floor(count / known) : size));
    if (elementCount(shape) === count && count > 0) return shape;
    throw new HarrierError('bad-shape', 'the numbers do not fit the new shape', {
      expected: `${count} numbers`,
      received: formatShape(targetShape),
    });
  }
}
