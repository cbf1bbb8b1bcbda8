/** The names of all optimizers. */
export const optimizerNames = ['SGD', 'Adam', 'AdamW', 'Muon'] as const;

export type OptimizerName = (typeof optimizerNames)[number];
