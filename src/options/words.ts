/** The words that some options take. What each of them means is told where it is done. */

export const OPTIMIZERS = ['SGD', 'RMSprop', 'Adam', 'AdamW', 'Muon'] as const;

/** The sets of views that a finished model may average. */
export const TEST_TIME_AUGMENTATIONS = ['none', 'flip', 'flip-shift'] as const;
/** Further views only for images that the model is unsure of. */
export const ADAPTIVE_VIEWS = 'adaptive';
/** What `--tta` takes. */
export const VIEW_CHOICES = [...TEST_TIME_AUGMENTATIONS, ADAPTIVE_VIEWS] as const;
export type ViewChoice = (typeof VIEW_CHOICES)[number];

export const SAMPLINGS = ['natural', 'balanced'] as const;

/** Ways to bring an image of any size to the size of a model. */
export const RESIZES = ['crop', 'stretch', 'pad'] as const;

/** Ways to compute pixels between pixels. */
export const INTERPOLATIONS = ['bilinear', 'bicubic', 'lanczos3'] as const;

/** The layers of a finished model that fine-tuning changes, besides a number of the last ones: `last:2`. */
export const TUNED_PARTS = ['head', 'all'] as const;
/** Which layers fine-tuning changes: the new last one (`head`), the last N with weights (`last:N`), or `all`. */
export type TunedPart = (typeof TUNED_PARTS)[number] | `last:${number}`;

/** How it is written. */
export const TUNED_PART = /^(head|all|last:[1-9]\d{0,5})$/;

/** The order of colours in an image. */
export const CHANNEL_ORDERS = ['rgb', 'bgr'] as const;

/** Heads that are fitted on the features of a network. */
export const HEADS = ['linear', 'mlp', 'centroid'] as const;
/** A kind of head that is fitted on features: linear (logistic regression), a hidden layer before that, or class means. */
export type HeadKind = (typeof HEADS)[number];

/** Losses: of one class for each image, or of any number of labels. */
export const LOSSES = ['crossentropy', 'asymmetric'] as const;

export const DEVICES = ['cpu', 'gpu'] as const;

/** What decides which images are test images, besides their content. */
export const SPLITS = ['time'] as const;

/** Where CIFAR-10 is downloaded from. */
export const SOURCES = ['original', 'npm'] as const;

/** What the columns of a list may be asked for by. */
export const COLUMN_WORDS = ['image', 'label', 'group', 'split', 'time'] as const;
/** Names of columns of a list, or of a Parquet file, by what they hold: `{ image: 'image_name', label: 'breed' }`. */
export type ColumnNames = Readonly<Partial<Record<(typeof COLUMN_WORDS)[number], string>>>;

/** Classes that take the images of others, by name: `{ dog: ['husky', 'beagle'] }`. */
export type MergedClasses = Readonly<Record<string, readonly string[]>>;
