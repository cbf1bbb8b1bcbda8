import { HarrierError } from '../errors.ts';
import { formatShape, type Value } from '../onnx/index.ts';
import {
  type Activations,
  knownOptions,
  Layer,
  type LayerContext,
  type LayerOptions,
  type SymbolicTensor,
} from './layer.ts';
import { inKerasOrder } from './row-order.ts';

/** A layer that joins several inputs into one: `new Add().apply([x, y])`. */
export abstract class Merge<Options extends LayerOptions = LayerOptions> extends Layer<
  Options,
  readonly SymbolicTensor[]
> {
  override readonly merges = true;
}

/** Element by element; a size of 1 is repeated to meet a larger one, as in Keras. */
abstract class Elementwise extends Merge {
  protected abstract readonly op: 'Add' | 'Mul';

  constructor(type: string, options: LayerOptions) {
    super(knownOptions(type, options, []));
  }

  call({ graph }: LayerContext, ...inputs: Activations[]): Activations {
    atLeastTwo(inputs);
    const shape = inputs.map((input) => input.shape).reduce(broadcast);
    const [{ flattened }] = inputs;
    const oneOrder = inputs.every((input) => `${input.flattened}` === `${flattened}`);
    const values = inputs.map((input) => (oneOrder ? input : inKerasOrder(graph, input)).value);
    const value = values.reduce((sum: Value, next) => graph.op(this.op, [sum, next]));
    return { value, shape, flattened: oneOrder ? flattened : undefined };
  }
}

/** The sum of its inputs. */
export class Add extends Elementwise {
  readonly type = 'Add';
  protected readonly op = 'Add';
  constructor(options: LayerOptions = {}) {
    super('Add', options);
  }
}

/** The product of its inputs. An image times (1, 1, channels) scales its channels. */
export class Multiply extends Elementwise {
  readonly type = 'Multiply';
  protected readonly op = 'Mul';
  constructor(options: LayerOptions = {}) {
    super('Multiply', options);
  }
}

/** Options of `Concatenate`. */
export interface ConcatenateOptions extends LayerOptions {
  /** Along which axis, the batch being 0. Default −1, the channels. */
  axis?: number;
}

/** Its inputs one behind another, by default their channels. */
export class Concatenate extends Merge<ConcatenateOptions> {
  readonly type = 'Concatenate';

  constructor(options: ConcatenateOptions = {}) {
    super(knownOptions('Concatenate', options, ['axis']));
    const { axis = -1 } = options;
    if (![-3, -2, -1, 1, 2, 3].includes(axis)) {
      throw new HarrierError('bad-option', 'axis', {
        where: 'Concatenate',
        expected: '-1 for channels, 1 for height or 2 for width',
        received: `${axis}`,
      });
    }
  }

  call({ graph }: LayerContext, ...inputs: Activations[]): Activations {
    atLeastTwo(inputs);
    const { axis: given = -1 } = this.options;
    const rank = inputs[0].shape.length;
    const axis = given < 0 ? rank + given : given - 1;
    const others = ({ shape }: Activations): string => `${shape.map((size, i) => (i === axis ? '' : size))}`;
    if (axis < 0 || axis >= rank || inputs.some((input) => others(input) !== others(inputs[0]))) {
      throw new HarrierError('bad-shape', `these cannot be joined along axis ${given}`, {
        expected: 'shapes that differ along that axis alone',
        received: inputs.map(({ shape }) => formatShape(shape)).join(' and '),
      });
    }
    const shape = inputs[0].shape.map((size, i) =>
      i === axis ? inputs.reduce((total, input) => total + input.shape[axis], 0) : size,
    );
    // Users see (height, width, channels), the graph has (batch, channels, height, width).
    const graphAxis = rank === 1 ? 1 : [2, 3, 1][axis];
    const values = inputs.map((input) => inKerasOrder(graph, input).value);
    return { value: graph.op('Concat', values, { axis: graphAxis }), shape };
  }
}

function atLeastTwo(inputs: readonly Activations[]): void {
  if (inputs.length > 1) return;
  throw new HarrierError('bad-shape', 'there is nothing to join', {
    expected: 'at least two inputs',
    received: `${inputs.length}`,
  });
}

/** The shape of two shapes together. */
function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const fits = a.length === b.length && a.every((size, i) => size === b[i] || size === 1 || b[i] === 1);
  if (fits) return a.map((size, i) => Math.max(size, b[i]));
  throw new HarrierError('bad-shape', 'shapes differ', {
    expected: 'equal shapes (a size of 1 is repeated)',
    received: `${formatShape(a)} and ${formatShape(b)}`,
    next: 'A convolution of kernelSize 1 brings channels and strides into line.',
  });
}
