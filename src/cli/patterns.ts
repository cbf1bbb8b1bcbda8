import { readdir } from 'node:fs/promises';
import { isImageName } from '../platform/node/images/image-names.ts';

/** Names in the order in which people count. */
const ORDER = new Intl.Collator('en', { numeric: true });

/**
 * Puts the images that a pattern such as `photos\*.jpg` matches in its place, as shells do on other systems than Windows.
 * A pattern that matches nothing stays: what is done with it says that there is no such file.
 */
export async function withMatches(
  words: readonly string[],
  system: string = process.platform,
): Promise<readonly string[]> {
  if (system !== 'win32') return words;
  const found = await Promise.all(words.map(async (word) => (isPattern(word) ? matchesOf(word) : [word])));
  return found.flat();
}

function partsOf(word: string): { readonly folder: string; readonly last: string } {
  const [, folder = '', last = ''] = /^(.*[\\/]|[A-Za-z]:)?([^\\/]*)$/s.exec(word) ?? [];
  return { folder, last };
}

function isPattern(word: string): boolean {
  const { folder, last } = partsOf(word);
  return (
    !word.startsWith('-') &&
    !/^\w+:\/\//.test(word) &&
    /[*?]/.test(last) &&
    !/[*?]/.test(folder) &&
    isImageName(last)
  );
}

async function matchesOf(word: string): Promise<string[]> {
  const { folder, last } = partsOf(word);
  const source = last
    .split('')
    .map((letter) =>
      letter === '*' ? '.*' : letter === '?' ? '.' : letter.replace(/[.+^${}()|[\]\\]/, '\\$&'),
    )
    .join('');
  const pattern = new RegExp(`^${source}$`, 'is');
  const names = await readdir(folder === '' ? '.' : folder).catch(() => []);
  const matches = names.filter(
    (name) => pattern.test(name) && (last.startsWith('.') || !name.startsWith('.')),
  );
  return matches.length === 0 ? [word] : matches.sort(ORDER.compare).map((name) => `${folder}${name}`);
}
