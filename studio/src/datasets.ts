import type { Progress } from 'harrier/src/data/progress.ts';
import type { DatasetAnswer, DatasetFacts, Split, StudioEvents } from 'harrier/src/studio/api.ts';
import { useEffect, useState } from 'preact/hooks';
import { apiUrl, getJson } from './api.ts';
import { listen } from './live.ts';
import { useLoad } from './load.ts';

/** A data set that is being looked at. */
export interface OpenedDataset {
  readonly facts?: DatasetFacts;
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
  useEffect(
    () =>
      listen('dataset', (told) => {
        if (told.id === id) setEvent(told);
      }),
    [id],
  );
  const told = event?.id === id ? event : undefined;
  const { again } = asked;
  if (told?.state === 'failed') {
    const retry = () => {
      setEvent(undefined);
      again();
    };
    return { error: new Error(told.error.message), loading: false, again: retry };
  }
  // Facts change with marks: what was told last is the newest.
  if (told?.state === 'ready') return { facts: told, loading: false, again };
  if (asked.value?.state === 'ready') return { facts: asked.value, loading: false, again };
  const opening = told ?? asked.value;
  return {
    ...(opening?.progress && { progress: opening.progress }),
    ...(asked.error !== undefined && { error: asked.error }),
    loading: asked.loading || opening !== undefined,
    again,
  };
}

/** One picture in its own size, as a PNG. */
export function pictureUrl(dataset: string, split: Split, index: number): string {
  return apiUrl(`datasets/${dataset}/${split}/picture/${index}`);
}
