import type { Expression } from '../kernels/index.ts';
import { checkBoolean, checkNumber } from '../options/values.ts';
import { type CommonOptions, ElementwiseOptimizer } from './optimizer.ts';

/** Options of `RMSprop`. */
export interface RMSpropOptions extends CommonOptions {
  /** Decay of the mean of squared gradients, in [0, 1). Default 0.9. */
  rho?: number;
  /** Plain momentum, in [0, 1). Default 0: none. */
  momentum?: number;
  /** Added under the root. Default 1e-7. */
  epsilon?: number;
  /** Divides by the gradients' estimated deviation: their squared mean is taken away under the root. Default false. */
  centered?: boolean;
}

/**
 * RMSprop (Hinton: "Neural networks for machine learning", lecture 6, 2012), as Keras's `RMSprop` (default learning rate
 * 0.001).
 *
 *     meanSquare = rho · meanSquare + (1 − rho) · gradient²
 *     move = learningRate · gradient / √(meanSquare + epsilon)
 *     parameter −= move
 *
 * `centered` keeps `meanGradient = rho · meanGradient + (1 − rho) · gradient`, and takes its square away under the root.
 * With momentum, `velocity = momentum · velocity + move` is subtracted instead.
 *
 * @throws HarrierError `bad-option`
 */
export class RMSprop extends ElementwiseOptimizer {
  constructor(options: RMSpropOptions = {}) {
    const where = 'RMSprop';
    const rho = checkNumber(where, 'rho', options.rho ?? 0.9, { atLeast: 0, below: 1 });
    const momentum = checkNumber(where, 'momentum', options.momentum ?? 0, { atLeast: 0, below: 1 });
    const epsilon = checkNumber(where, 'epsilon', options.epsilon ?? 1e-7, { above: 0 });
    const centered = checkBoolean(where, 'centered', options.centered ?? false);
    super(
      {
        name: where,
        options: { rho, momentum, epsilon, centered },
        defaults: { learningRate: 0.001, weightDecay: 0 },
        slots: ['meanSquare', ...(centered ? ['meanGradient'] : []), ...(momentum > 0 ? ['velocity'] : [])],
        scalars: ['learningRate'],
        updates: ({ parameter, gradient, ...old }, { learningRate }): Record<string, Expression> => {
          const meanSquare = old.meanSquare.times(rho).plus(gradient.times(gradient).times(1 - rho));
          const meanGradient = centered
            ? old.meanGradient.times(rho).plus(gradient.times(1 - rho))
            : undefined;
          const variance = meanGradient ? meanSquare.minus(meanGradient.times(meanGradient)) : meanSquare;
          const move = gradient.times(learningRate).dividedBy(variance.plus(epsilon).squareRoot());
          const velocity = momentum > 0 ? old.velocity.times(momentum).plus(move) : undefined;
          return {
            parameter: parameter.minus(velocity ?? move),
            meanSquare,
            ...(meanGradient && { meanGradient }),
            ...(velocity && { velocity }),
          };
        },
        scalarsAt: (_step, learningRate) => ({ learningRate }),
      },
      options,
    );
  }
}
