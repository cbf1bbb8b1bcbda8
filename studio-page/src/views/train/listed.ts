import { type Spread, spreadOf } from 'harrier/src/evaluation/spread.ts';
import type { RunGroup, RunSummary } from 'harrier/src/studio-server/api.ts';
import { nameOf } from '../../run-name.ts';

export const SORTS = ['newest', 'accuracy', 'name'] as const;
export type Sort = (typeof SORTS)[number];

/** The runs that hold every word, in their name, tags, recipe, data or state, in the order that is wanted. */
export function listed(runs: readonly RunSummary[], search: string, sort: Sort): RunSummary[] {
  const words = search.toLowerCase().split(/\s+/);
  const found = runs.filter(({ id, name = '', tags = [], recipe, data, state }) => {
    const text = `${id} ${name} ${tags.join(' ')} ${recipe} ${data} ${state}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  // They come newest first.
  if (sort === 'newest') return found;
  if (sort === 'name')
    return found.sort((a, b) => nameOf(a).localeCompare(nameOf(b), 'en', { numeric: true }));
  return found.sort((a, b) => best(b) - best(a));
}

/** What a run has reached: on test images, else on what it was last measured by. */
function best({ testAccuracy, accuracy }: RunSummary): number {
  // Measured on images that it has not learned from counts first.
  return testAccuracy === undefined ? (accuracy ?? 0) - 1 : testAccuracy;
}

/** A line of the list: a run, or the heading of runs that belong together. */
export type Line =
  | { readonly kind: 'run'; readonly run: RunSummary }
  | { readonly kind: 'group'; readonly group: GroupLine };

export interface GroupLine {
  readonly id: string;
  readonly of: RunGroup['kind'];
  readonly runs: readonly RunSummary[];
  readonly isOpen: boolean;
}

/** The lines of a list: groups stand where the first of their runs would, and hold the others. */
export function linesOf(runs: readonly RunSummary[], isOpen: (group: string) => boolean, sort: Sort): Line[] {
  const members = new Map<string, RunSummary[]>();
  for (const run of runs) {
    if (!run.group) continue;
    const { id } = run.group;
    members.set(id, [...(members.get(id) ?? []), run]);
  }
  const seen = new Set<string>();
  return runs.flatMap((run): Line[] => {
    const { group } = run;
    if (!group) return [{ kind: 'run', run }];
    if (seen.has(group.id)) return [];
    seen.add(group.id);
    const all = members.get(group.id)!;
    const inOrder = sort === 'accuracy' ? all : [...all].sort(byPart);
    const line: GroupLine = { id: group.id, of: group.kind, runs: inOrder, isOpen: isOpen(group.id) };
    return [
      { kind: 'group', group: line },
      ...(line.isOpen ? inOrder.map((each): Line => ({ kind: 'run', run: each })) : []),
    ];
  });
}

function byPart(a: RunSummary, b: RunSummary): number {
  return a.group!.part.localeCompare(b.group!.part, 'en', { numeric: true });
}

/** What the run is called that a group came to: a model of all images, or of the mean of its models. */
const WHOLE = ['all images', 'average'];

/** The runs of a group without the one that it came to, which has learned from the images of all, or averages them. */
export function partsOf({ runs }: GroupLine): RunSummary[] {
  return runs.filter(({ group }) => !WHOLE.includes(group!.part));
}

/** What the finished runs of a group have reached on images that they have not learned from. */
export function reached(group: GroupLine): Spread | undefined {
  const values = partsOf(group).flatMap(({ testAccuracy }) => testAccuracy ?? []);
  return values.length === 0 ? undefined : spreadOf(values);
}
