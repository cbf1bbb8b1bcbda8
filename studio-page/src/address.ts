/** The views, in the order of the navigation. Each is a path; the rest of the state is the query. */
export const VIEWS = ['try', 'data', 'label', 'train', 'evaluate', 'inspect', 'teach'] as const;

export type View = (typeof VIEWS)[number];

export type Query = Readonly<Record<string, string>>;

/** Names that views had before, so that kept addresses still lead there. */
const FORMER_NAMES: Readonly<Record<string, View>> = { judge: 'evaluate', inside: 'inspect' };

export interface Place {
  readonly view: View;
  /** The address as it was asked for, where it names no view; `view` is then the first one. */
  readonly unknown?: string;
  readonly query: Query;
}

/** Undefined takes a key out. */
export type QueryChange = Readonly<Record<string, string | number | undefined>>;

/** To this name the server sends addresses that no page can have; the query holds what was asked for. */
const NOT_FOUND = 'not-found';

/** Reads `/data?class=3`, whatever folder stands before it. A folder alone is the first view. */
export function placeOf(address: string): Place {
  const [path, search = ''] = address.split('?');
  const name = path.slice(path.lastIndexOf('/') + 1);
  const view =
    VIEWS.find((each) => each === name) ??
    (Object.hasOwn(FORMER_NAMES, name) ? FORMER_NAMES[name] : undefined);
  const query = Object.fromEntries(new URLSearchParams(search));
  const isUnknown = view === undefined && name !== '' && name !== 'index.html';
  return {
    view: view ?? VIEWS[0],
    ...(isUnknown && { unknown: (name === NOT_FOUND && query.address) || path }),
    query,
  };
}

/** The address of a view below a folder that ends in a slash. */
export function addressOf(folder: string, view: View, query: QueryChange = {}): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') parameters.set(key, String(value));
  }
  // These may stand in a value as they are, and read better.
  const search = parameters.toString().replaceAll('%2C', ',').replaceAll('%3D', '=');
  return `${folder}${view}${search && `?${search}`}`;
}

/** A list in the query: `runs=a,b`. */
export function listOf(text: string | undefined): string[] {
  return text ? text.split(',').filter((item) => item !== '') : [];
}
