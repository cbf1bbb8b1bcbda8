import { formatCount } from 'harrier/src/format/format.ts';
import type { DatasetInfo, ImageEntry, Split } from 'harrier/src/studio-server/api.ts';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { apiUrl } from '../api.ts';
import { Button } from '../components/button.tsx';
import { imageUrl } from '../datasets.ts';
import { correctionWords } from './corrected-images.ts';
import './tiles.css';

/** An image of a data set, in whichever part. */
export interface PlacedImage {
  readonly split: Split;
  readonly index: number;
  /** For who cannot see it. */
  readonly name: string;
  readonly caption: ComponentChildren;
  /** What can be done with it at once. */
  readonly action?: ComponentChildren;
}

export interface TilesProps {
  readonly facts: DatasetInfo;
  readonly images: readonly PlacedImage[];
  readonly corrected: (split: Split, index: number) => ImageEntry | undefined;
  readonly onOpen: (position: number) => void;
  /** How many are shown until all are asked for. */
  readonly most?: number;
}

/** Some photos in their own shape, each with a word below; those that were corrected say so. */
export function Tiles({ facts, images, corrected, onOpen, most = 24 }: TilesProps) {
  const [all, setAll] = useState(false);
  return (
    <>
      <ul class="tiles">
        {images.slice(0, all ? undefined : most).map((image, position) => {
          const { split, index, name, caption, action } = image;
          const key = `${split} ${index} ${position}`;
          const entry = corrected(split, index);
          return (
            <li key={key} class={entry ? 'done' : undefined}>
              <button type="button" onClick={() => onOpen(position)}>
                <img src={thumbnailUrl(facts, split, index)} alt={name} loading="lazy" />
              </button>
              <p>{caption}</p>
              {entry ? <p class="done">✓ {correctionWords(entry, facts.classNames)}</p> : action}
            </li>
          );
        })}
      </ul>
      {images.length > most && (
        <Button kind="quiet" class="more" onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${formatCount(images.length)}`}
        </Button>
      )}
    </>
  );
}

/** For tiles on screens of two pixels a point. */
const THUMBNAIL = 240;

/** A small image in its own shape, where its file is there. */
export function thumbnailUrl(facts: DatasetInfo, split: Split, index: number): string {
  return facts.hasPhotos
    ? apiUrl(`datasets/${facts.id}/${split}/photo/${index}`, { size: THUMBNAIL })
    : imageUrl(facts.id, split, index);
}
