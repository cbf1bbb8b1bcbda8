import { HarrierError } from 'harrier/src/errors.ts';
import type { DatasetInfo, ImageEntry, ImageList, Split } from 'harrier/src/studio-server/api.ts';
import { apiUrl, getBytes, getJson } from '../../../api.ts';
import { imageUrl } from '../../../datasets.ts';
import { classFinder, type LabelledImage, type LabelledImages } from './labelled.ts';

/** The server gives at most so many entries at a time. */
const ENTRIES = 1000;

/**
 * The images of a part of a data set that the server has; those that were left out of it are left out here too.
 *
 * @throws HarrierError `not-supported` for images with any number of labels
 */
export async function imagesOfDataset(
  facts: DatasetInfo,
  split: Split,
  classNames: readonly string[],
): Promise<LabelledImages> {
  if (facts.multiLabel) {
    throw new HarrierError(
      'not-supported',
      'its images have any number of labels, and the model names one class',
      {
        where: facts.name,
        next: 'Evaluate it on images with one class each.',
      },
    );
  }
  const find = classFinder(classNames);
  const images: LabelledImage[] = [];
  const leftOut = new Map<string, number>();
  const { size } = facts.splits[split]!;
  for (let offset = 0; offset < size; offset += ENTRIES) {
    const parameters = { offset, limit: ENTRIES };
    const list = await getJson<ImageList>(`datasets/${facts.id}/${split}/images`, { parameters });
    for (const entry of list.images) {
      if (entry.mark?.excluded) continue;
      const name = facts.classNames[entry.mark?.label ?? entry.label];
      const label = find(name);
      if (label === undefined) leftOut.set(name, (leftOut.get(name) ?? 0) + 1);
      else images.push({ label, ...placeOf(facts, split, entry) });
    }
  }
  return { name: `${facts.name}, ${split}`, images, leftOut };
}

function placeOf(facts: DatasetInfo, split: Split, { index, source, copies }: ImageEntry) {
  const url = (size?: number) =>
    facts.hasPhotos
      ? apiUrl(`datasets/${facts.id}/${split}/photo/${index}`, { size })
      : imageUrl(facts.id, split, index);
  return {
    name: source,
    ...(copies !== undefined && { copies }),
    url,
    read: async () => new Blob([(await getBytes(url())) as Uint8Array<ArrayBuffer>]),
  };
}
