import type { DatasetInfo, ImageEntry } from 'harrier/src/studio-server/api.ts';
import type { ImageSource } from '../components/image-grid.tsx';
import { labelOf } from './entries.ts';

/** Shows on images of a list which of them were corrected. @param indexOf the image at a place of the list */
export function withCorrections(
  source: ImageSource,
  corrected: ReadonlyMap<number, ImageEntry>,
  indexOf: (position: number) => number,
  { classNames }: DatasetInfo,
): ImageSource {
  const entryAt = (position: number) => corrected.get(indexOf(position));
  return {
    ...source,
    name: (position) => {
      const entry = entryAt(position);
      return `${source.name(position)}${entry ? `; ${correctionWords(entry, classNames)}` : ''}`;
    },
    look: (position) => {
      const mark = entryAt(position)?.mark;
      return mark?.excluded ? 'excluded' : mark?.label === undefined ? undefined : 'relabelled';
    },
  };
}

/** What its owner has said of an image. */
export function correctionWords(entry: ImageEntry, classNames: readonly string[]): string {
  return entry.mark?.excluded ? 'left out' : `relabelled ${classNames[labelOf(entry)]}`;
}
