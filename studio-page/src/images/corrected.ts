import type { DatasetInfo, ImageEntry, ImageList, Split } from 'harrier/src/studio-server/api.ts';
import { getJson } from '../api.ts';
import { useLoad } from '../load.ts';
import { exported } from '../router.ts';

/** Images of one list. */
const MOST_LISTED = 1_000;

/** The corrected images of a part, by index; they follow what is corrected here or elsewhere. */
export function useCorrected(facts: DatasetInfo | undefined, split: Split): ReadonlyMap<number, ImageEntry> {
  // Every change of a correction comes as new facts.
  const { relabelled = 0, excluded = 0 } = facts?.splits[split]?.marks ?? {};
  const isAny = relabelled + excluded > 0 && !exported;
  const key = facts && isAny ? `corrected ${facts.id} ${split} ${changes(facts)}` : undefined;
  const { value } = useLoad(key, async (signal) => {
    const all: ImageEntry[] = [];
    for (;;) {
      const { total, images } = await getJson<ImageList>(`datasets/${facts!.id}/${split}/images`, {
        parameters: { mark: 'any', offset: all.length, limit: MOST_LISTED },
        signal,
      });
      all.push(...images);
      if (all.length >= total || images.length === 0) return new Map(all.map((each) => [each.index, each]));
    }
  });
  return value ?? NONE;
}

const NONE: ReadonlyMap<number, ImageEntry> = new Map();

const counted = new WeakMap<DatasetInfo, number>();
let count = 0;

/** A number for each state of the facts that was told. */
function changes(facts: DatasetInfo): number {
  const known = counted.get(facts);
  if (known !== undefined) return known;
  counted.set(facts, ++count);
  return count;
}
