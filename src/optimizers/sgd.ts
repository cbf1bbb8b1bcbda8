import { HarrierError } from '../errors.ts';
import type { Expression } from '../kernels/index.ts';
import { checkBoolean, checkNumber } from '../options/values.ts';
import { type CommonOptions, ElementwiseOptimizer } from './optimizer.ts';

/** Options of `SGD`. */
export interface SGDOptions extends CommonOptions {
  /** In [0, 1]. Default 0: plain gradient descent, without a slot. */
  momentum?: number;
  /** Looks one step of momentum ahead. Default false. */
  nesterov?: boolean;
}

/**
 * Stochastic gradient descent, as Keras's `SGD` (default learning rate 0.01).
 *
 *     parameter −= learningRate · gradient
 *
 * With momentum:
 *
 *     velocity = momentum · velocity − learningRate · gradient
 *     parameter += velocity
 *
 * With Nesterov's momentum as well (Sutskever, Martens, Dahl, Hinton: "On the importance of initialization and
 * momentum in deep learning", 2013), the last line is
 *
 *     parameter += momentum · velocity − learningRate · gradient
 *
 * @throws HarrierError `bad-option`
 */
export class SGD extends ElementwiseOptimizer {
  constructor(options: SGDOptions = {}) {
    const momentum = checkNumber('SGD', 'momentum', options.momentum ?? 0, { atLeast: 0, atMost: 1 });
    const nesterov = checkBoolean('SGD', 'nesterov', options.nesterov ?? false);
    if (nesterov && momentum === 0) {
      throw new HarrierError('bad-option', 'nesterov needs a momentum above 0', {
        where: 'SGD',
        next: 'Give a momentum, such as 0.9, or leave nesterov out.',
      });
    }
    super(
      {
        name: 'SGD',
        options: { momentum, nesterov },
        defaults: { learningRate: 0.01, weightDecay: 0 },
        slots: momentum > 0 ? ['velocity'] : [],
        scalars: ['learningRate'],
        updates: (
          { parameter, gradient, velocity: oldVelocity },
          { learningRate },
        ): Record<string, Expression> => {
          const descent = gradient.times(learningRate);
          if (momentum === 0) return { parameter: parameter.minus(descent) };
          const velocity = oldVelocity.times(momentum).minus(descent);
          const move = nesterov ? velocity.times(momentum).minus(descent) : velocity;
          return { parameter: parameter.plus(move), velocity };
        },
        scalarsAt: (_step, learningRate) => ({ learningRate }),
      },
      options,
    );
  }
}
