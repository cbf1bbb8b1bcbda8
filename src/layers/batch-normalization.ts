import { float } from '../onnx/index.ts';
import { add, scale } from '../ops/index.ts';
import { type Activations, knownOptions, Layer, type LayerContext, type LayerOptions } from './layer.ts';

export interface BatchNormalizationOptions extends LayerOptions {
  /** How much of the running statistics each step keeps. Default 0.99. */
  momentum?: number;
  /** Added to the variance. Default 0.001. */
  epsilon?: number;
  /** Whether to learn an offset. */
  center?: boolean;
  /** Whether to learn a scale. */
  scale?: boolean;
}

/**
 * Brings every channel to mean 0 and variance 1, over the batch in training and by running statistics afterwards,
 * then scales and shifts it by learnt amounts (Ioffe and Szegedy, 2015).
 */
export class BatchNormalization extends Layer<BatchNormalizationOptions> {
  readonly type = 'BatchNormalization';

  constructor(options: BatchNormalizationOptions = {}) {
    super(knownOptions('BatchNormalization', options, ['momentum', 'epsilon', 'center', 'scale']));
  }

  call({ graph, training, parameter, update }: LayerContext, input: Activations): Activations {
    const { momentum = 0.99, epsilon = 1e-3, center = true, scale: scaled = true } = this.options;
    const shape = [input.shape.at(-1)!];
    const gamma = parameter({ name: 'gamma', shape, initializer: 'ones', trainable: scaled });
    const beta = parameter({ name: 'beta', shape, initializer: 'zeros', trainable: center });
    const mean = parameter({ name: 'moving_mean', shape, initializer: 'zeros', trainable: false });
    const variance = parameter({ name: 'moving_variance', shape, initializer: 'ones', trainable: false });
    const attributes = { epsilon: float(epsilon) };
    if (!training) {
      return { ...input, value: graph.op('BatchNormalization', [input.value, gamma, beta, mean, variance], attributes) };
    }
    const [y, batchMean, batchVariance] = graph.ops('BatchNormalizationTraining', [input.value, gamma, beta], attributes, {
      domain: 'harrier',
      outputs: 3,
    });
    for (const [running, batch] of [
      [mean, batchMean],
      [variance, batchVariance],
    ]) {
      update(running, add(graph, scale(graph, running, momentum), scale(graph, batch, 1 - momentum)));
    }
    return { ...input, value: y };
  }
}
