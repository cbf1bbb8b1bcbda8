/**
 * An order of classes in which those that are taken for each other lie side by side: average-linkage clustering of the
 * fractions that are confused, where each joining turns its two rows of classes so that the most confused ends meet.
 * Classes that are never confused keep their order. The same matrix always gives the same order.
 *
 * @param matrix rows are true classes, columns predicted ones
 * @returns the classes, by index, in their new order
 */
export function confusionOrder(matrix: readonly (readonly number[])[]): number[] {
  const likeness = likenessOf(matrix);
  let groups = matrix.map((_, index): Group => ({ classes: [index], likeness: likeness[index].slice() }));
  for (;;) {
    const pair = likestPair(groups);
    if (!pair) break;
    groups = joined(groups, pair, likeness);
  }
  return groups.flatMap(({ classes }) => classes);
}

interface Group {
  readonly classes: readonly number[];
  /** To each group, in their order: the mean over pairs of classes. */
  readonly likeness: number[];
}

/** Of each two classes: the fractions of their images that are taken for the other one, together. */
function likenessOf(matrix: readonly (readonly number[])[]): number[][] {
  const sums = matrix.map((row) => row.reduce((sum, count) => sum + count, 0));
  const part = (row: number, column: number) => (sums[row] === 0 ? 0 : matrix[row][column] / sums[row]);
  return matrix.map((row, i) => row.map((_, j) => (i === j ? 0 : part(i, j) + part(j, i))));
}

/** The two groups that are most confused, of equals the first; undefined where none are. */
function likestPair(groups: readonly Group[]): readonly [number, number] | undefined {
  let best: readonly [number, number] | undefined;
  let most = 0;
  groups.forEach(({ likeness }, i) => {
    for (let j = i + 1; j < groups.length; j++) {
      if (likeness[j] <= most) continue;
      most = likeness[j];
      best = [i, j];
    }
  });
  return best;
}

/** The groups with two of them as one, in the place of the first. */
function joined(
  groups: readonly Group[],
  [i, j]: readonly [number, number],
  likeness: readonly (readonly number[])[],
): Group[] {
  const [a, b] = [groups[i], groups[j]];
  const [of, more] = [a.classes.length, b.classes.length];
  const mean = (to: number) => (of * a.likeness[to] + more * b.likeness[to]) / (of + more);
  const classes = endToEnd(a.classes, b.classes, likeness);
  return groups
    .map((group, k): Group => {
      const own =
        k === i ? groups.map((_, to) => (to === i || to === j ? 0 : mean(to))) : group.likeness.slice();
      if (k !== i) own[i] = mean(k);
      own.splice(j, 1);
      return k === i ? { classes, likeness: own } : { classes: group.classes, likeness: own };
    })
    .filter((_, k) => k !== j);
}

/** Two rows of classes as one, each turned so that the ends that meet are the most confused; of equals the first. */
function endToEnd(
  a: readonly number[],
  b: readonly number[],
  likeness: readonly (readonly number[])[],
): readonly number[] {
  const turned = (row: readonly number[]) => row.toReversed();
  const ways = [
    [a, b],
    [a, turned(b)],
    [turned(a), b],
    [turned(a), turned(b)],
  ];
  const meets = ([first, second]: (readonly number[])[]) => likeness[first.at(-1)!][second[0]];
  const [first, second] = ways.reduce((best, way) => (meets(way) > meets(best) ? way : best));
  return [...first, ...second];
}
