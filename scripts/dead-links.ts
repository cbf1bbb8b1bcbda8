// Links of the Markdown pages that lead nowhere: to files that are not there, or to headings that a page has not.
// `npm run check` runs it; arguments are pages, by default all of the project's.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** Pages in the root folder, in docs/ and below, and in bench/peers/. */
export function pagesOf(root: string): string[] {
  const below = (folder: string) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
  return [...readdirSync(root), ...below('docs'), join('bench', 'peers', 'README.md')]
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(root, name));
}

/** What is wrong with the links of some pages, a line each. */
export function deadLinks(pages: readonly string[], root: string): string[] {
  const anchors = new Map<string, ReadonlySet<string>>();
  const anchorsOf = (page: string): ReadonlySet<string> => {
    const known = anchors.get(page) ?? readAnchors(readFileSync(page, 'utf8'));
    anchors.set(page, known);
    return known;
  };
  return pages.flatMap((page) =>
    linksIn(readFileSync(page, 'utf8')).flatMap((link) => {
      if (/^[a-z]+:/i.test(link)) return [];
      const [path, anchor] = link.split('#');
      const target = path === '' ? page : resolve(dirname(page), decodeURI(path));
      const where = `${relative(root, page)}: ${link}`;
      if (!existsSync(target)) return [`${where}: there is no such file`];
      if (!anchor || statSync(target).isDirectory() || !target.endsWith('.md')) return [];
      return anchorsOf(target).has(anchor) ? [] : [`${where}: there is no such heading`];
    }),
  );
}

function linksIn(text: string): string[] {
  return [...withoutCode(text).matchAll(/\]\(([^()\s]+)(?:\s+"[^"]*")?\)/g)].map(([, link]) => link);
}

function withoutCode(text: string): string {
  return text
    .replace(/^(```+)[^\n]*\n[\s\S]*?^\1/gm, '')
    .replace(/`[^`\n]*`/g, (code) => (code.includes('](') ? '' : code));
}

/** The anchors of a page as GitHub makes them of its headings, and those that stand in it. */
function readAnchors(text: string): Set<string> {
  const found = new Set([...text.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id));
  for (const [, heading] of text.replace(/^(```+)[^\n]*\n[\s\S]*?^\1/gm, '').matchAll(/^#+ +(.+)$/gm)) {
    const base = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-');
    let anchor = base;
    for (let i = 1; found.has(anchor); i++) anchor = `${base}-${i}`;
    found.add(anchor);
  }
  return found;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = resolve('.');
  const given = process.argv.slice(2).map((page) => resolve(page));
  const dead = deadLinks(given.length > 0 ? given : pagesOf(root), root);
  for (const line of dead) console.error(line);
  process.exit(dead.length > 0 ? 1 : 0);
}
