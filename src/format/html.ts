/** Markup that is already safe. Only `html` makes it, so whatever is not one of these gets escaped. */
export class Html {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
}

/** What may stand in a hole of `html`. Undefined, null and false leave it empty. */
export type Hole = Html | string | number | undefined | null | false | readonly Hole[];

/**
 * A template tag: holes are escaped for text and for double-quoted attributes alike, except those that
 * come from `html` themselves. Escaping is thereby what happens when nobody thinks of it.
 */
export function html(strings: TemplateStringsArray, ...holes: Hole[]): Html {
  let markup = strings[0];
  holes.forEach((hole, i) => {
    markup += fill(hole) + strings[i + 1];
  });
  return new Html(markup);
}

function fill(hole: Hole): string {
  if (hole === undefined || hole === null || hole === false) return '';
  if (hole instanceof Html) return hole.markup;
  if (typeof hole === 'string' || typeof hole === 'number') return escapeHtml(String(hole));
  return hole.map(fill).join('');
}

/** Text as HTML: `<script>` → `&lt;script&gt;`. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** A coordinate with two decimals at most: SVG needs no more, and files stay small. */
export function coordinate(value: number): number {
  return Math.round(value * 100) / 100;
}
