import type { Dataset } from '../../data/dataset.ts';
import { HarrierError } from '../../errors.ts';
import { accuracyBy, type Predictions, type Slice } from '../../evaluation/index.ts';
import { printable } from '../../format/format.ts';

/** Accuracy by what is said of images. @throws HarrierError `bad-option` for what tells no images from others */
export function slicesOf(
  predictions: Predictions,
  dataset: Dataset,
  { values, by }: { readonly values: ReadonlyMap<string, string>; readonly by: string },
): Slice[] {
  const own = Array.from({ length: dataset.size }, (_, image) => values.get(dataset.file!(image)));
  const slices = accuracyBy(predictions, own);
  const known = own.filter((value) => value !== undefined);
  const isShared = slices.some(({ value, images }) => value !== undefined && images > 1);
  if (known.length > 0 && (slices.length === 1 || isShared)) return slices;
  throw new HarrierError(
    'bad-option',
    known.length === 0
      ? 'nothing is said of the images that are evaluated'
      : 'each image has a value of its own, so no images have one in common',
    {
      where: by,
      ...(known.length > 0 && { received: known.slice(0, 3).map(printable).join(', ') }),
      next: 'Name another column, or an expression whose capture several images share.',
      options: ['by'],
    },
  );
}
