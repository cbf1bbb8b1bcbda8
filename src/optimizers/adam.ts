import { checkNumber } from '../options/values.ts';
import { type CommonOptions, ElementwiseOptimizer } from './optimizer.ts';

/** Options of `Adam` and `AdamW`. */
export interface AdamOptions extends CommonOptions {
  /** Decay of the mean of gradients, in [0, 1). Default 0.9. */
  beta1?: number;
  /** Decay of the mean of squared gradients, in [0, 1). Default 0.999. */
  beta2?: number;
  /** Added to the root of the uncorrected second moment: the paper's ε̂, not its ε. Default 1e-7. */
  epsilon?: number;
}

/**
 * Adam (Kingma, Ba: "Adam: a method for stochastic optimization", 2015), in the form before the paper's section 2.1
 * and with the defaults of Keras's `Adam` (learning rate 0.001, ε̂ 1e-7). At step t, from 1:
 *
 *     stepSize = learningRate · √(1 − beta2ᵗ) / (1 − beta1ᵗ)
 *     firstMoment += (gradient − firstMoment) · (1 − beta1)
 *     secondMoment += (gradient² − secondMoment) · (1 − beta2)
 *     parameter −= firstMoment · stepSize / (√secondMoment + epsilon)
 *
 * @throws HarrierError `bad-option`
 */
export class Adam extends ElementwiseOptimizer {
  constructor(options: AdamOptions = {}) {
    super(...rule('Adam', 0, options));
  }
}

/**
 * Adam with decoupled weight decay (Loshchilov, Hutter: "Decoupled weight decay regularization", 2019), as Keras's
 * `AdamW`: {@link Adam} whose weightDecay is 0.004 unless set.
 *
 * @throws HarrierError `bad-option`
 */
export class AdamW extends ElementwiseOptimizer {
  constructor(options: AdamOptions = {}) {
    super(...rule('AdamW', 0.004, options));
  }
}

function rule(
  name: string,
  weightDecay: number,
  options: AdamOptions,
): ConstructorParameters<typeof ElementwiseOptimizer> {
  const beta1 = checkNumber(name, 'beta1', options.beta1 ?? 0.9, { atLeast: 0, below: 1 });
  const beta2 = checkNumber(name, 'beta2', options.beta2 ?? 0.999, { atLeast: 0, below: 1 });
  const epsilon = checkNumber(name, 'epsilon', options.epsilon ?? 1e-7, { above: 0 });
  return [
    {
      name,
      options: { beta1, beta2, epsilon },
      defaults: { learningRate: 0.001, weightDecay },
      slots: ['firstMoment', 'secondMoment'],
      scalars: ['stepSize'],
      updates: ({ parameter, gradient, ...old }, { stepSize }) => {
        const firstMoment = old.firstMoment.plus(gradient.minus(old.firstMoment).times(1 - beta1));
        const secondMoment = old.secondMoment.plus(
          gradient
            .times(gradient)
            .minus(old.secondMoment)
            .times(1 - beta2),
        );
        const move = firstMoment.times(stepSize).dividedBy(secondMoment.squareRoot().plus(epsilon));
        return { parameter: parameter.minus(move), firstMoment, secondMoment };
      },
      scalarsAt: (step, learningRate) => ({
        stepSize: (learningRate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step),
      }),
    },
    options,
  ];
}
