import type { OPTIMIZERS } from '../options/words.ts';

/** The names of all optimizers. */
export { OPTIMIZERS as optimizerNames } from '../options/words.ts';

/** The name of an optimizer. */
export type OptimizerName = (typeof OPTIMIZERS)[number];
