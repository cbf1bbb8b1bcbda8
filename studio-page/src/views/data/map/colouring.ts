import type { DatasetInfo, ImageMap, Split } from 'harrier/src/studio-server/api.ts';

export type ColourBy = 'class' | 'error' | 'part';

/** What a colour stands for. */
export interface Group {
  readonly name: string;
  /** A colour of CSS. */
  readonly colour: string;
  readonly count: number;
}

export interface Colouring {
  readonly groups: readonly Group[];
  /** Which group each point is of. */
  readonly of: readonly number[];
}

/** Colours of the style sheet; more classes than these go round the colour wheel. */
const SERIES = 6;
const PARTS: readonly Split[] = ['train', 'test', 'validation'];

/** @param labelOf the class of a point by what counts now */
export function colouringOf(
  by: ColourBy,
  map: ImageMap,
  { classNames }: Pick<DatasetInfo, 'classNames'>,
  labelOf: (point: number) => number,
): Colouring {
  const points = map.index.map((_, point) => point);
  if (by === 'class') return grouped(classNames, points.map(labelOf));
  if (by === 'part') {
    const parts = PARTS.filter((part) => map.split.includes(part));
    return grouped(
      parts,
      map.split.map((part) => parts.indexOf(part)),
    );
  }
  const of = points.map((point) => {
    const said = map.predicted[point];
    return said === null ? 2 : said === labelOf(point) ? 0 : 1;
  });
  const names = ['recognised', 'taken for another class', 'not held out'];
  return grouped(of.includes(2) ? names : names.slice(0, 2), of);
}

function grouped(names: readonly string[], of: readonly number[]): Colouring {
  const counts = names.map(() => 0);
  for (const group of of) counts[group]++;
  return {
    of,
    groups: names.map((name, i) => ({ name, colour: colourOf(i, names.length), count: counts[i] })),
  };
}

function colourOf(at: number, count: number): string {
  return count <= SERIES ? `var(--series-${at + 1})` : `oklch(0.66 0.16 ${Math.round((360 * at) / count)})`;
}
