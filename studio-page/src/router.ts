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
    place.value = read();
  });
}

function read(): Place {
  return placeOf(exported ? location.hash.slice(1) : location.pathname + location.search);
}

/** The address of a view, as a link has it. */
export function href(view: View, query: QueryChange = {}): string {
  return addressOf(exported ? '#/' : home.pathname, view, query);
}

/** Goes to a view. */
export function navigate(view: View, query: QueryChange = {}): void {
  history.pushState(null, '', href(view, query));
  place.value = read();
}

/** Changes some of the query and keeps the rest. `replace`: going back does not come here again. */
export function setQuery(change: QueryChange, { replace = false } = {}): void {
  const { view, query } = place.peek();
  const address = href(view, { ...query, ...change });
  if (replace) history.replaceState(null, '', address);
  else history.pushState(null, '', address);
  place.value = read();
}
