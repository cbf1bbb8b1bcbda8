import type { RunSummary } from 'harrier/src/studio-server/api.ts';

export const SORTS = ['newest', 'accuracy', 'name'] as const;
export type Sort = (typeof SORTS)[number];

/** The runs that hold every word, in their name, recipe, data or state, in the order that is wanted. */
export function listed(runs: readonly RunSummary[], search: string, sort: Sort): RunSummary[] {
  const words = search.toLowerCase().split(/\s+/);
  const found = runs.filter(({ id, recipe, data, state }) => {
    const text = `${id} ${recipe} ${data} ${state}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  // They come newest first.
  if (sort === 'newest') return found;
  if (sort === 'name') return found.sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
  return found.sort((a, b) => best(b) - best(a));
}

/** What a run has reached: on test images, else on what it was last measured by. */
function best({ testAccuracy, accuracy }: RunSummary): number {
  // Measured on images that it has not learned from counts first.
  return testAccuracy === undefined ? (accuracy ?? 0) - 1 : testAccuracy;
}
