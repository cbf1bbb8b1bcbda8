import type { BatchDataset } from '../../../data/batch-plan.ts';
import { checkGather, type ImageShape, imageBytes } from '../../../data/dataset.ts';
import type { PixelSource } from '../../../data/pixel-source.ts';
import { openPixelStore } from './pixel-store.ts';

/** A data set as it is handed to a thread: its pixels stay where they are. */
export interface SharedDataset {
  readonly name: string;
  readonly classNames: readonly string[];
  readonly imageShape: ImageShape;
  readonly labels: Uint16Array;
  readonly tags?: Uint8Array;
  readonly source: PixelSource;
}

/** The data set on the other side. @throws HarrierError `storage` when its file can no longer be read */
export function threadDataset({
  name,
  classNames,
  imageShape,
  labels,
  tags,
  source,
}: SharedDataset): BatchDataset {
  const bytes = imageBytes(imageShape);
  const { place, slots } = source;
  const size = labels.length;
  const read =
    typeof place === 'string'
      ? openPixelStore(place, bytes, 0).read
      : (slot: number, out: Uint8Array, offset: number) =>
          out.set(place.subarray(slot * bytes, (slot + 1) * bytes), offset);
  return {
    name,
    size,
    classNames,
    imageShape,
    labels,
    ...(tags && { tags }),
    gather(indices, out) {
      checkGather({ name, size, imageShape }, indices, out);
      for (let i = 0; i < indices.length; i++) {
        read(slots ? slots[indices[i]] : indices[i], out, i * bytes);
      }
    },
  };
}
