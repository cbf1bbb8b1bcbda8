/**
 * Does work on items, several at a time, and gives the results in the order of the items.
 *
 * @param work never fails
 * @param ahead items that are under way at most
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterator<Item>,
  work: (item: Item) => Promise<Result>,
  ahead: number,
): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = [];
  let isEnd = false;
  for (;;) {
    while (!isEnd && underWay.length < ahead) {
      const next = await items.next();
      if (next.done) isEnd = true;
      else underWay.push(work(next.value));
    }
    const first = underWay.shift();
    if (first === undefined) return;
    yield await first;
  }
}

/** The same items, of which the first is there already: what fails before it has failed by now. */
export async function begun<Item>(items: AsyncIterable<Item>): Promise<AsyncGenerator<Item>> {
  const rest = items[Symbol.asyncIterator]();
  const first = await rest.next();
  return (async function* () {
    for (let next = first; !next.done; next = await rest.next()) yield next.value;
  })();
}
