import type { DatasetInfo, ImageEntry, ImageList, Split } from 'harrier/src/studio-server/api.ts';
import { getJson } from '../api.ts';
import { useLoad } from '../load.ts';
import { exported } from '../router.ts';

/** Images of one list. */
const MOST_LISTED = 1_000;

/** The corrected images of a part, by index; they follow what is corrected here or elsewhere. */
export function useCorrected(facts: DatasetInfo | undefined, split: Split): ReadonlyMap<number, ImageEntry> {
  const key = facts?.splits[split] && !exported ? `corrected ${facts.id} ${split}` : undefined;
  const load = async (signal: AbortSignal) => {
    const all: ImageEntry[] = [];
    for (;;) {
      const { total, images } = await getJson<ImageList>(`datasets/${facts!.id}/${split}/images`, {
        parameters: { mark: 'any', offset: all.length, limit: MOST_LISTED },
        signal,
      });
      all.push(...images);
      if (all.length >= total || images.length === 0) return new Map(all.map((each) => [each.index, each]));
    }
  };
  // Every change of a correction comes as new facts.
  return useLoad(key, load, facts).value ?? NONE;
}

const NONE: ReadonlyMap<number, ImageEntry> = new Map();

/** Whether it is known what was corrected: until the server has said it, and in an exported site, it is not. */
export function isKnown(corrected: ReadonlyMap<number, ImageEntry>): boolean {
  return corrected !== NONE;
}
