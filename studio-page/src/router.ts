import { signal } from '@preact/signals';
import { addressOf, type Place, placeOf, type QueryChange, type View } from './address.ts';

export { listOf, type QueryChange, VIEWS, type View } from './address.ts';

/**
 * A page without a server can answer for one path alone, so its views stand behind `#/`. The export marks such a page.
 */
export const exported = document.querySelector('meta[name="harrier-exported"]') !== null;

/** The folder that the page lies in: everything it asks for is relative to it. */
export const home = new URL('.', document.baseURI);

/** Where the user is. */
export const place = signal<Place>(read());

for (const event of ['popstate', 'hashchange']) {
  addEventListener(event, () => {
    // It was for the entry that was left.
    waiting = undefined;
    place.value = read();
  });
}
addEventListener('pagehide', write);

function read(): Place {
  return placeOf(exported ? location.hash.slice(1) : location.pathname + location.search);
}

/** Browsers refuse to change an address more often than about a hundred times in ten, some in thirty seconds. */
const PAUSE_MS = 300;
let waiting: string | undefined;
let written = Number.NEGATIVE_INFINITY;

/** Writes what waits into the address bar. */
function write(): void {
  if (waiting === undefined) return;
  history.replaceState(null, '', waiting);
  waiting = undefined;
  written = performance.now();
}

/** The address of a view, as a link has it. */
export function href(view: View, query: QueryChange = {}): string {
  return addressOf(exported ? '#/' : home.pathname, view, query);
}

/** Goes to a view. */
export function navigate(view: View, query: QueryChange = {}): void {
  write();
  history.pushState(null, '', href(view, query));
  place.value = read();
}

/**
 * Changes some of the query and keeps the rest. `replace`: going back does not come here again, and the address bar
 * follows at its own pace.
 */
export function setQuery(change: QueryChange, { replace = false } = {}): void {
  const { view, query } = place.peek();
  const address = href(view, { ...query, ...change });
  if (replace) {
    const isWaiting = waiting !== undefined;
    waiting = address;
    place.value = placeOf(exported ? address.slice(1) : address);
    const rest = written + PAUSE_MS - performance.now();
    if (rest <= 0) write();
    else if (!isWaiting) setTimeout(write, rest);
    return;
  }
  write();
  history.pushState(null, '', address);
  place.value = read();
}
