import type { RunRecord } from './run-record.ts';

/**
 * Paths of this machine that a run knows of: where its data, its recipe and the model it began with lie. They are their
 * owner's business, and stand in nothing that is made to be shared.
 */
export function pathsOfRun({
  options,
  data,
  command = '',
}: Pick<RunRecord, 'options' | 'data'> & Partial<Pick<RunRecord, 'command'>>): string[] {
  const { from } = options;
  // The name of a model that was fetched is an address, and no path.
  const given = [
    options.data,
    options.recipeFile,
    from?.source ? undefined : from?.name,
    from?.path,
    data.path,
    // The folder that it was written to.
    /--out[ =]('(?:[/\\]|\w:)(?:[^']|'\\'')+'|"(?:[/\\]|\w:)[^"]+"|(?:[/\\]|\w:)[^ ]+)/
      .exec(command)?.[1]
      .replace(/^['"]|['"]$/g, '')
      .replaceAll("'\\''", "'"),
  ];
  return given.filter((path) => path !== undefined).filter((path) => /[\\/]/.test(path));
}

/** A function that puts the last part of each path in the place of the whole, in text, JSON, HTML and Markdown. */
export function withoutPaths(paths: readonly string[]): (text: string) => string {
  // The longest first: a folder may lie in another.
  const known = [...new Set(paths.map((path) => path.replace(/(?<=.)[\\/]+$/, '')))]
    .filter((path) => lastPart(path) !== '' && lastPart(path) !== path)
    .sort((a, b) => b.length - a.length)
    .map((path) => ({ pattern: new RegExp(patternOf(path), 'g'), name: lastPart(path) }));
  return (text) => known.reduce((result, { pattern, name }) => result.replace(pattern, () => name), text);
}

function lastPart(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': 'amp',
  '<': 'lt',
  '>': 'gt',
  '"': 'quot',
};

const QUOTE = "(?:\\\\{0,3}'|&#39;)";

/** JSON and Markdown put a backslash before some characters, HTML writes some as entities, and shells end a quote. */
function patternOf(path: string): string {
  return Array.from(path, (character) => {
    // What is no ASCII is nowhere written otherwise.
    if (/[\p{L}\p{N}]/u.test(character) || character.codePointAt(0)! > 0x7f) return character;
    if (character === "'") return `(?:${QUOTE}(?:\\\\{1,4}${QUOTE}${QUOTE})?)`;
    const code = character.charCodeAt(0).toString(16).padStart(2, '0');
    const entity = ENTITIES[character] === undefined ? '' : `|&${ENTITIES[character]};`;
    return `(?:\\\\{0,3}\\x${code}${entity})`;
  }).join('');
}
