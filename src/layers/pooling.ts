import type { Attributes, GraphBuilder, Value } from '../onnx/index.ts';
import { channelsLast, checkPadding, padsFor } from './conv2d.ts';
import {
  type Activations,
  flag,
  imageShape,
  knownOptions,
  Layer,
  type LayerContext,
  type LayerOptions,
  pair,
} from './layer.ts';

/** Options of `MaxPooling2D` and `AveragePooling2D`; names and defaults are Keras's. */
export interface PoolingOptions extends LayerOptions {
  /** Height and width of the window. Default 2. */
  poolSize?: number | readonly [number, number];
  /** Default: the window's own size. */
  strides?: number | readonly [number, number];
  padding?: 'valid' | 'same';
}

abstract class Pooling extends Layer<PoolingOptions> {
  abstract readonly op: 'MaxPool' | 'AveragePool';

  constructor(type: string, options: PoolingOptions) {
    super(knownOptions(type, options, ['poolSize', 'strides', 'padding']));
    pair(type, 'poolSize', options.poolSize ?? 2);
    pair(type, 'strides', options.strides ?? 1);
    checkPadding(type, options.padding);
  }

  call({ graph }: LayerContext, input: Activations): Activations {
    const [height, width] = imageShape(this.type, input);
    const kernel = pair(this.type, 'poolSize', this.options.poolSize ?? 2);
    const strides = pair(this.type, 'strides', this.options.strides ?? kernel);
    const attributes: Attributes = {
      kernel_shape: kernel,
      strides,
      pads: padsFor(this.options.padding ?? 'valid', [height, width], kernel, strides, [1, 1]),
    };
    const value = this.pool(graph, input.value, attributes);
    return { value, shape: channelsLast(value.shape) };
  }

  protected pool(graph: GraphBuilder, x: Value, attributes: Attributes): Value {
    return graph.op(this.op, [x], attributes);
  }
}

/** The largest of each window, channel by channel. */
export class MaxPooling2D extends Pooling {
  readonly type = 'MaxPooling2D';
  readonly op = 'MaxPool';
  constructor(options: PoolingOptions = {}) {
    super('MaxPooling2D', options);
  }

  /** The largest of rectified numbers is the largest, rectified: after the pool, ReLU has a quarter of the work. */
  protected override pool(graph: GraphBuilder, x: Value, attributes: Attributes): Value {
    const maker = graph.nodes.find(({ outputs }) => outputs[0] === x);
    if (maker?.opType !== 'Relu') return super.pool(graph, x, attributes);
    return graph.op('Relu', [super.pool(graph, maker.inputs[0]!, attributes)]);
  }
}

/** The mean of each window, channel by channel; padding does not count. */
export class AveragePooling2D extends Pooling {
  readonly type = 'AveragePooling2D';
  readonly op = 'AveragePool';
  constructor(options: PoolingOptions = {}) {
    super('AveragePooling2D', options);
  }
}

/** Options of `GlobalAveragePooling2D` and `GlobalMaxPooling2D`. */
export interface GlobalPoolingOptions extends LayerOptions {
  /** Gives (1, 1, channels) in place of (channels). Default false. */
  keepdims?: boolean;
}

abstract class GlobalPooling extends Layer<GlobalPoolingOptions> {
  constructor(type: string, options: GlobalPoolingOptions) {
    super(knownOptions(type, options, ['keepdims']));
    flag(type, 'keepdims', options.keepdims);
  }

  call({ graph }: LayerContext, input: Activations): Activations {
    const [height, width, channels] = imageShape(this.type, input);
    const value = this.pool(graph, input.value, [height, width]);
    if (this.options.keepdims) return { value, shape: [1, 1, channels] };
    return { value: graph.op('Flatten', [value]), shape: [channels] };
  }

  protected abstract pool(graph: GraphBuilder, x: Value, sizes: readonly [number, number]): Value;
}

/** The mean of every channel: (height, width, channels) to (channels). */
export class GlobalAveragePooling2D extends GlobalPooling {
  readonly type = 'GlobalAveragePooling2D';
  constructor(options: GlobalPoolingOptions = {}) {
    super('GlobalAveragePooling2D', options);
  }
  protected pool(graph: GraphBuilder, x: Value): Value {
    return graph.op('GlobalAveragePool', [x]);
  }
}

/** The largest of every channel: (height, width, channels) to (channels). */
export class GlobalMaxPooling2D extends GlobalPooling {
  readonly type = 'GlobalMaxPooling2D';
  constructor(options: GlobalPoolingOptions = {}) {
    super('GlobalMaxPooling2D', options);
  }
  /** One window as large as the image. */
  protected pool(graph: GraphBuilder, x: Value, sizes: readonly [number, number]): Value {
    return graph.op('MaxPool', [x], { kernel_shape: sizes, strides: sizes });
  }
}
