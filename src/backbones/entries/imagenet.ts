import type { Normalization } from '../../models/index.ts';

/** ImageNet's mean and standard deviation of red, green and blue, as most of its networks are trained with. */
export const IMAGENET_NORMALIZATION: Normalization = {
  mean: [0.485 * 255, 0.456 * 255, 0.406 * 255],
  deviation: [0.229 * 255, 0.224 * 255, 0.225 * 255],
};
