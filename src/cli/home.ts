import { homedir } from 'node:os';

/**
 * Puts the home folder in place of the `~` of `--out=~/x`: shells do so only at the start of a word, as in `--out ~/x`.
 * On Windows, `~` is a name like any other.
 */
export function withHome(
  words: readonly string[],
  home: string = homedir(),
  system: string = process.platform,
): readonly string[] {
  if (system === 'win32') return words;
  return words.map((word) => word.replace(/^(--[\w-]+=)~(?=\/|$)/, (_, flag) => `${flag}${home}`));
}
