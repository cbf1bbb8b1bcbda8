import { checkKeys, checkNumber } from '../../options/values.ts';
import type { Augmentation } from './augmentation.ts';
import { mixPairs, symmetricBeta } from './mix.ts';

export interface MixUpOptions {
  /** The fraction of each image is drawn from Beta(alpha, alpha): 0.2 seldom mixes much, 1 any fraction alike. Default 0.2. */
  readonly alpha?: number;
}

export interface MixUpConfig extends MixUpOptions {
  readonly name: 'MixUp';
}

/**
 * Blends every image with another of its batch, and their targets in the same fractions (Zhang et al., "mixup: Beyond
 * empirical risk minimization", 2018).
 *
 * @throws HarrierError `bad-option`
 */
export function mixUp(options: MixUpOptions = {}): Augmentation {
  checkKeys('MixUp', options, ['alpha']);
  const alpha = checkNumber('MixUp', 'alpha', options.alpha ?? 0.2, { above: 0 });
  return {
    config: { name: 'MixUp', alpha } as MixUpConfig,
    apply(batch, occasion) {
      mixPairs(batch, occasion, (to, partner, draws) => {
        const fraction = symmetricBeta(alpha, draws);
        for (let i = 0; i < to.length; i++)
          to[i] = (fraction * to[i] + (1 - fraction) * partner[i] + 0.5) | 0;
        return fraction;
      });
    },
  };
}
