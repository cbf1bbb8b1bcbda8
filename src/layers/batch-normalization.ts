import { HarrierError } from '../errors.ts';
import { float, float32 } from '../onnx/index.ts';
import { add, scale } from '../ops/index.ts';
import {
  type Activations,
  flag,
  knownOptions,
  Layer,
  type LayerContext,
  type LayerOptions,
  rowLayout,
} from './layer.ts';
import { checkRegularizer, type Regularizer } from './regularizers.ts';

/** Options of `BatchNormalization`; names and defaults are Keras's. */
export interface BatchNormalizationOptions extends LayerOptions {
  /** How much of the running statistics each step keeps. Default 0.99. */
  momentum?: number;
  /** Added to the variance. Default 0.001. */
  epsilon?: number;
  /** Whether to stand on the running statistics in training too, while scale and offset are learnt. Default false. */
  fixedStatistics?: boolean;
  /** Whether to learn an offset. */
  center?: boolean;
  /** Whether to learn a scale. */
  scale?: boolean;
  /** Penalties on the scales and the offsets. Default: none. */
  gammaRegularizer?: Regularizer;
  betaRegularizer?: Regularizer;
}

/**
 * Brings every channel to mean 0 and variance 1, over the batch in training and by running statistics afterwards,
 * then scales and shifts it by learnt amounts (Ioffe and Szegedy, 2015). Frozen (`trainable: false`), it stands on its
 * running statistics in training too and does not move them, as in Keras; with `fixedStatistics` it does so while its
 * scale and offset are learnt.
 */
export class BatchNormalization extends Layer<BatchNormalizationOptions> {
  readonly type = 'BatchNormalization';

  constructor(options: BatchNormalizationOptions = {}) {
    super(
      knownOptions('BatchNormalization', options, [
        'momentum',
        'epsilon',
        'fixedStatistics',
        'center',
        'scale',
        'gammaRegularizer',
        'betaRegularizer',
      ]),
    );
    const { momentum = 0.99, epsilon = 1e-3 } = options;
    limited('momentum', momentum, momentum >= 0 && momentum <= 1, 'a number from 0 to 1');
    limited('epsilon', epsilon, epsilon > 0 && Number.isFinite(epsilon), 'a number above 0');
    flag('BatchNormalization', 'fixedStatistics', options.fixedStatistics);
    flag('BatchNormalization', 'center', options.center);
    flag('BatchNormalization', 'scale', options.scale);
    checkRegularizer('BatchNormalization', 'gammaRegularizer', options.gammaRegularizer);
    checkRegularizer('BatchNormalization', 'betaRegularizer', options.betaRegularizer);
  }

  call({ graph, training, parameter, update }: LayerContext, input: Activations): Activations {
    const { momentum = 0.99, epsilon = 1e-3, center = true, scale: scaled = true } = this.options;
    const { gammaRegularizer, betaRegularizer } = this.options;
    const shape = [input.shape.at(-1)!];
    const common = { shape, layout: rowLayout(input, []), graphShape: shape };
    const fixed = (value: number) => graph.constant(float32(shape, new Float32Array(shape[0]).fill(value)));
    const gamma = scaled
      ? parameter({ ...common, name: 'gamma', initializer: 'ones', regularizer: gammaRegularizer })
      : fixed(1);
    const beta = center
      ? parameter({ ...common, name: 'beta', initializer: 'zeros', regularizer: betaRegularizer })
      : fixed(0);
    const statistic = { ...common, trainable: false };
    const mean = parameter({ ...statistic, name: 'moving_mean', initializer: 'zeros' });
    const variance = parameter({ ...statistic, name: 'moving_variance', initializer: 'ones' });
    const attributes = { epsilon: float(epsilon) };
    if (!training || this.options.trainable === false || this.options.fixedStatistics === true) {
      return {
        ...input,
        value: graph.op('BatchNormalization', [input.value, gamma, beta, mean, variance], attributes),
      };
    }
    const [y, batchMean, batchVariance] = graph.ops(
      'BatchNormalizationTraining',
      [input.value, gamma, beta],
      attributes,
      {
        domain: 'harrier',
        outputs: 3,
      },
    );
    for (const [running, batch] of [
      [mean, batchMean],
      [variance, batchVariance],
    ]) {
      update(running, add(graph, scale(graph, running, momentum), scale(graph, batch, 1 - momentum)));
    }
    return { ...input, value: y };
  }
}

function limited(option: string, value: number, fits: boolean, expected: string): void {
  if (fits) return;
  throw new HarrierError('bad-option', option, {
    where: 'BatchNormalization',
    expected,
    received: `${value}`,
  });
}
