import { badOption, checkKeys, checkNumber, isObject } from '../options/values.ts';

/** A penalty on weights that is added to what training minimises: l1 · Σ|w| + l2 · Σw². */
export interface Regularizer {
  readonly l1?: number;
  readonly l2?: number;
}

/**
 * A penalty on the absolute values of weights, as Keras's `L1`.
 * @param strength what their sum is multiplied by. Default 0.01
 */
export function l1(strength = 0.01): Regularizer {
  return { l1: checkNumber('l1', 'strength', strength, { atLeast: 0 }) };
}

/**
 * A penalty on the squares of weights, as Keras's `L2`: `kernelRegularizer: l2(1e-4)`.
 * @param strength what their sum is multiplied by. Default 0.01
 */
export function l2(strength = 0.01): Regularizer {
  return { l2: checkNumber('l2', 'strength', strength, { atLeast: 0 }) };
}

/** Both penalties, as Keras's `L1L2`. */
export function l1l2({ l1 = 0, l2 = 0 }: Regularizer = {}): Regularizer {
  return checkRegularizer('l1l2', 'strengths', { l1, l2 })!;
}

/**
 * Checks a regularizer that a layer was given.
 * @throws HarrierError `bad-option` for what is no regularizer
 */
export function checkRegularizer(
  layer: string,
  option: string,
  regularizer: Regularizer | undefined,
): Regularizer | undefined {
  if (regularizer === undefined) return undefined;
  if (!isObject(regularizer)) throw badOption(layer, option, 'a regularizer such as l2(1e-4)', regularizer);
  checkKeys(`${layer}: ${option}`, regularizer, ['l1', 'l2']);
  for (const [norm, strength] of Object.entries(regularizer)) {
    checkNumber(layer, `${option}.${norm}`, strength, { atLeast: 0 });
  }
  return regularizer;
}
