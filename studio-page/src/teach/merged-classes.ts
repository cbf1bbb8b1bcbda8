import type { TaughtImage } from './messages.ts';

interface Class {
  readonly id: string;
  readonly name: string;
  readonly images: readonly TaughtImage[];
}

/**
 * The classes of this tab with what other tabs have kept meanwhile: what either has added, renamed or removed since both
 * knew the same. Where both renamed a class, this tab's name counts; what is new in the other comes last.
 *
 * @param base what both knew
 * @param mine what is here
 * @param theirs what is kept now
 */
export function mergedClasses(
  base: readonly Class[],
  mine: readonly Class[],
  theirs: readonly Class[],
): readonly Class[] {
  const [was, there] = [byId(base), byId(theirs)];
  const own = mine.flatMap((each): Class[] => {
    const [before, other] = [was.get(each.id), there.get(each.id)];
    const known = before?.images ?? [];
    const images = [
      ...stillThere(known, each.images, other?.images ?? []),
      ...newOf(known, each.images, other?.images ?? []),
    ];
    // The other has removed the class: what was added to it here since is not lost with it.
    if (!other) return before && images.length === 0 ? [] : [{ ...each, images }];
    return [{ ...each, images, name: each.name === before?.name ? other.name : each.name }];
  });
  return [...own, ...newOf(base, mine, theirs)];
}

interface Item {
  readonly id: string;
}

/** What is here, without what the other has removed. */
function stillThere<T extends Item>(base: readonly T[], mine: readonly T[], theirs: readonly T[]): T[] {
  const [was, there] = [byId(base), byId(theirs)];
  return mine.filter(({ id }) => there.has(id) || !was.has(id));
}

/** What the other has added. */
function newOf<T extends Item>(base: readonly T[], mine: readonly T[], theirs: readonly T[]): T[] {
  const [was, here] = [byId(base), byId(mine)];
  return theirs.filter(({ id }) => !here.has(id) && !was.has(id));
}

function byId<T extends Item>(items: readonly T[]): ReadonlyMap<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}
