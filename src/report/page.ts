import { type ComponentChildren, h, type JSX } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { BASICS, FIGURES } from './figure-style.ts';
import { PAGE_STYLE } from './page-style.ts';
import { SYSTEM_COLORS } from './tokens.ts';

/** Scripts and requests are forbidden besides being absent. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

export interface PageProps {
  readonly title: string;
  /** Rules of this page alone. */
  readonly style?: string;
  readonly children?: ComponentChildren;
}

/**
 * A whole page that needs nothing else: no script, no network, no other file. It follows the reader's light or dark
 * setting, fits phones, and prints.
 */
export function renderPage({ title, style = '', children }: PageProps): string {
  const rules = SYSTEM_COLORS + BASICS + FIGURES + PAGE_STYLE + style;
  const page = h(
    'html',
    { lang: 'en' },
    h(
      'head',
      null,
      h('meta', { charset: 'utf-8' }),
      h('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
      h('meta', { name: 'color-scheme', content: 'light dark' }),
      h('meta', { 'http-equiv': 'Content-Security-Policy', content: POLICY }),
      h('title', null, title),
      h('link', { rel: 'icon', href: 'data:,' }),
      h('style', { dangerouslySetInnerHTML: { __html: rules } }),
    ),
    h('body', null, h('main', null, children)),
  );
  return `<!doctype html>\n${renderToString(page)}\n`;
}

/** A part of a page, with its heading and a sentence below it. */
export function section(
  id: string,
  title: string,
  note: ComponentChildren,
  ...children: ComponentChildren[]
): JSX.Element {
  return h(
    'section',
    { 'aria-labelledby': id },
    h('h2', { id }, title),
    note && h('p', { class: 'note' }, note),
    children,
  );
}
