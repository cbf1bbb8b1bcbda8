import { type AugmentationConfig, augmentationsFrom } from '../../../data/augmentation/index.ts';
import { type Dataset, imageBytes } from '../../../data/dataset.ts';
import { contactSheet } from './contact-sheet.ts';

/** What a preview image shows, and how. */
export interface PreviewOptions {
  /** Images per class, the first ones of each; with augmentation, draws of the first one. Default 10. */
  readonly perClass?: number;
  /** Classes shown, the first ones; a note names how many more there are. Default 50. */
  readonly maxClasses?: number;
  /** Shows one image of each class and what training makes of it, instead of several as they are. */
  readonly augmentation?: readonly AugmentationConfig[];
  /** Seeds the augmentation. Default 1. */
  readonly seed?: number;
}

/**
 * A contact sheet: one row per class, its name at the left and its first images beside it, or one image and some of
 * the ways in which it is augmented.
 *
 * @returns the bytes of a PNG
 * @throws HarrierError `bad-option` for an augmentation that cannot be used with these images
 */
export async function previewImage(
  dataset: Dataset,
  { perClass = 10, maxClasses = 50, augmentation, seed = 1 }: PreviewOptions = {},
): Promise<Buffer> {
  const { height, width } = dataset.imageShape;
  const rows = firstOfEachClass(dataset, augmentation ? 1 : perClass, maxClasses);
  const draws = augmentation && drawsOf(dataset, rows.flat(), augmentation, seed, perClass);
  const more = dataset.classNames.length - rows.length;
  let shown = 0;
  return contactSheet({
    title: `${dataset.name}: ${dataset.size.toLocaleString('en')} images of ${width} × ${height}`,
    imageShape: dataset.imageShape,
    rows: rows.map((indices, label) => ({
      label: dataset.classNames[label],
      images: indices.flatMap((index) => [imageOf(dataset, index), ...(draws?.[shown++] ?? [])]),
    })),
    ...(augmentation && {
      headings: [
        [0, 'original'],
        [1, ['in training', augmentation.map(({ name }) => name).join(', ')].filter(Boolean).join(': ')],
      ],
    }),
    ...(more > 0 && { note: `and ${more} more classes` }),
  });
}

function firstOfEachClass(dataset: Dataset, perClass: number, maxClasses: number): number[][] {
  const rows: number[][] = dataset.classNames.slice(0, maxClasses).map(() => []);
  for (let i = 0; i < dataset.size; i++) {
    const row = rows[dataset.labels[i]];
    if (row && row.length < perClass) row.push(i);
  }
  return rows;
}

function imageOf(dataset: Dataset, index: number): Uint8Array {
  const pixels = new Uint8Array(imageBytes(dataset.imageShape));
  dataset.gather([index], pixels);
  return pixels;
}

/** What the first epochs would make of some images, had they one batch; for each image, one image an epoch. */
function drawsOf(
  dataset: Dataset,
  images: readonly number[],
  augmentation: readonly AugmentationConfig[],
  seed: number,
  epochs: number,
): Uint8Array[][] {
  const augment = augmentationsFrom(augmentation);
  const bytes = imageBytes(dataset.imageShape);
  const classes = dataset.classNames.length;
  const draws: Uint8Array[][] = images.map(() => []);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const pixels = new Uint8Array(images.length * bytes);
    dataset.gather(images, pixels);
    const targets = new Float32Array(images.length * classes);
    const batch = { pixels, targets, imageShape: dataset.imageShape };
    augment(batch, { seed, purpose: 'augmentation', epoch, step: epoch, images });
    draws.forEach((own, i) => {
      own.push(pixels.slice(i * bytes, (i + 1) * bytes));
    });
  }
  return draws;
}
