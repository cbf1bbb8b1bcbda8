import type { Progress } from 'harrier/src/data/progress.ts';
import type { DatasetAnswer, DatasetInfo, Split, StudioEvents } from 'harrier/src/studio-server/api.ts';
import { useEffect, useRef, useState } from 'preact/hooks';
import { apiUrl, getJson } from './api.ts';
import type { ImageSource } from './components/image-grid.tsx';
import { listen } from './live.ts';
import { useLoad } from './load.ts';
import { exported } from './router.ts';

/** A data set that is being looked at. */
export interface OpenedDataset {
  readonly facts?: DatasetInfo;
  /** How far it is, while it is fetched or read. */
  readonly progress?: Progress;
  readonly error?: unknown;
  readonly loading: boolean;
  readonly again: () => void;
}

/** Opens a data set and waits until it is there. */
export function useDataset(id: string | undefined): OpenedDataset {
  const asked = useLoad(id === undefined ? undefined : `dataset ${id}`, (signal) =>
    getJson<DatasetAnswer>(`datasets/${id}`, { signal }),
  );
  const [event, setEvent] = useState<StudioEvents['dataset']>();
  const last = useRef<DatasetInfo | undefined>(undefined);
  useEffect(
    () =>
      listen('dataset', (told) => {
        if (told.id === id) setEvent(told);
      }),
    [id],
  );
  // What was told before the server was lost is older than its answer.
  useEffect(() => {
    if (asked.value?.state === 'ready') setEvent(undefined);
  }, [asked.value]);
  const told = event?.id === id ? event : undefined;
  const { again } = asked;
  if (told?.state === 'failed') {
    const retry = () => {
      setEvent(undefined);
      again();
    };
    return { error: new Error(told.error.message), loading: false, again: retry };
  }
  // Facts change with label corrections: what was told last is the newest.
  const ready = [told, asked.value].find((each) => each?.state === 'ready');
  if (ready) last.current = ready;
  const opening = [told, asked.value].find((each) => each?.state === 'opening');
  // A server that was started anew opens it again: what is on the page stays meanwhile.
  const facts = ready ?? (opening && last.current?.id === id ? last.current : undefined);
  if (facts) return { facts, loading: false, again };
  return {
    ...(opening?.progress && { progress: opening.progress }),
    ...(asked.error !== undefined && { error: asked.error }),
    loading: asked.loading || opening !== undefined,
    again,
  };
}

/** A part of a data set, with what tells its images from those that another server may have in their places. */
export function contentIn({ id, splits }: DatasetInfo, split: Split) {
  return { dataset: id, split, hash: splits[split]!.hash };
}

/** Of a data set and its images: another one where a server was started anew on other images. */
export function contentOf({ id, splits }: DatasetInfo): string {
  return JSON.stringify([id, ...Object.values(splits).map(({ hash }) => hash)]);
}

/** The parts of a data set that can be looked at: in an exported site the test images are. */
export function splitsOf(facts: DatasetInfo): Split[] {
  const all = Object.keys(facts.splits) as Split[];
  return exported ? all.filter((split) => split === 'test') : all;
}

/** One image in its own size, as a PNG: of a server alone. */
export function imageUrl(dataset: string, split: Split, index: number): string {
  return apiUrl(`datasets/${dataset}/${split}/image/${index}`);
}

/** Sides of the thumbnails that are asked for: few, so that another size of the grid finds them in the browser. */
const THUMBNAILS = [160, 320, 640];

/**
 * Addresses of the images of a split in their own shape, where their files are there; undefined elsewhere.
 *
 * @param indexOf the image at a place of a list, once it is known
 */
export function photosOf(
  facts: DatasetInfo,
  split: Split,
  indexOf: (position: number) => number | undefined,
): ImageSource['photo'] {
  if (exported || !facts.hasPhotos) return undefined;
  return (position, side) => {
    const index = indexOf(position);
    if (index === undefined) return undefined;
    const size = THUMBNAILS.find((each) => each >= side) ?? THUMBNAILS.at(-1);
    return apiUrl(`datasets/${facts.id}/${split}/photo/${index}`, { size });
  };
}

/** Images of a split by their indices, in that order, in their own shape or on sheets of small images. */
export function imagesAt(
  facts: DatasetInfo,
  split: Split,
  indices: readonly number[],
  name: (position: number) => string,
): ImageSource {
  const { columns, perPage } = facts.sheet;
  const sheetPath = `datasets/${facts.id}/${split}/sheet`;
  const size = facts.splits[split]?.size ?? 0;
  const urls = new Map<number, string>();
  const urlOf = (page: number): string => {
    const known = urls.get(page);
    if (known !== undefined) return known;
    const part = indices.slice(page * perPage, (page + 1) * perPage);
    const url = exported
      ? apiUrl(`${sheetPath}/${page}.webp`)
      : apiUrl(sheetPath, { indices: part.join(',') });
    urls.set(page, url);
    return url;
  };
  return {
    total: indices.length,
    columns,
    photo: photosOf(facts, split, (position) => indices[position]),
    sheet: (position) => {
      // In an exported site sheets are of all images, in order of index.
      const [at, all] = exported ? [indices[position], size] : [position, indices.length];
      const page = Math.floor(at / perPage);
      return { url: urlOf(page), place: at % perPage, count: Math.min(perPage, all - page * perPage) };
    },
    name,
  };
}
