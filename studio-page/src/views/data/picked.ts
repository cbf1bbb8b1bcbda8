/** What is picked after one more click. @param from the place that a range begins at */
export function toggled(
  picked: ReadonlySet<number>,
  list: readonly number[],
  position: number,
  from?: number,
): ReadonlySet<number> {
  const next = new Set(picked);
  const index = list[position];
  if (index === undefined) return picked;
  if (from === undefined) {
    if (!next.delete(index)) next.add(index);
    return next;
  }
  for (const each of list.slice(Math.min(from, position), Math.max(from, position) + 1)) next.add(each);
  return next;
}
