/** The words that some options take. What each of them means is told where it is done. */

export const OPTIMIZERS = ['SGD', 'RMSprop', 'Adam', 'AdamW', 'Muon'] as const;

/** The sets of views that a finished model may average. */
export const TEST_TIME_AUGMENTATIONS = ['none', 'flip', 'flip-shift'] as const;

export const SAMPLINGS = ['natural', 'balanced'] as const;

/** Ways to bring an image of any size to the size of a model. */
export const RESIZES = ['crop', 'stretch', 'pad'] as const;

/** Ways to compute pixels between pixels. */
export const INTERPOLATIONS = ['bilinear', 'bicubic', 'lanczos3'] as const;

/** The layers of a finished model that fine-tuning changes. */
export const TUNED_PARTS = ['head', 'all'] as const;

export const DEVICES = ['cpu', 'gpu'] as const;

/** Where CIFAR-10 is downloaded from. */
export const SOURCES = ['original', 'npm'] as const;
