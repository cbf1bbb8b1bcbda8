import type { DatasetInfo } from 'harrier/src/studio-server/api.ts';
import { useEffect, useRef, useState } from 'preact/hooks';
import { getJson } from '../../api.ts';
import { useLoad } from '../../load.ts';
import { type Filter, filterQuery } from './listing.ts';
import { toggled } from './picked.ts';

/** Images that are picked to be corrected together. */
export interface Picking {
  readonly isOn: boolean;
  /** Their indices. */
  readonly picked: ReadonlySet<number>;
  readonly error: unknown;
  readonly start: () => void;
  readonly end: () => void;
  readonly all: () => void;
  readonly none: () => void;
  /** Picks the image at a place of the list or lets go of it; with `range` all from the one before. */
  readonly toggle: (position: number, range: boolean) => void;
  readonly isPicked: (position: number) => boolean;
}

/**
 * Picks images of what a filter leaves.
 *
 * @param revision changes when that is another list
 * @param shown the image that is shown at a place, as far as that is known
 * @param onMoved called when that is another one than the server has there by now: the revision must change
 */
export function usePicking(
  facts: DatasetInfo,
  filter: Filter,
  revision: number,
  shown: (position: number) => number | undefined,
  onMoved: () => void,
): Picking {
  const [isOn, setOn] = useState(false);
  const [picked, setPicked] = useState<ReadonlySet<number>>(new Set());
  const last = useRef<number | undefined>(undefined);
  const key = JSON.stringify([facts.id, filter]);
  const indices = useLoad(isOn ? `indices ${key} ${revision}` : undefined, (signal) =>
    getJson<number[]>(`datasets/${facts.id}/${filter.split}/indices`, {
      parameters: filterQuery(filter),
      signal,
    }),
  );
  const list = indices.value ?? [];
  // What is out of sight must not be changed.
  useEffect(() => {
    setPicked(new Set());
    last.current = undefined;
  }, [key]);
  return {
    isOn,
    picked,
    error: indices.error,
    start: () => setOn(true),
    end() {
      setOn(false);
      setPicked(new Set());
    },
    all: () => setPicked(new Set(list)),
    none: () => setPicked(new Set()),
    toggle(position, range) {
      const image = shown(position);
      // Each comes in its time.
      if (image === undefined || !indices.value) return;
      if (image !== list[position]) return onMoved();
      setPicked((before) => toggled(before, list, position, range ? last.current : undefined));
      last.current = position;
    },
    isPicked: (position) => picked.has(shown(position) ?? list[position]),
  };
}
