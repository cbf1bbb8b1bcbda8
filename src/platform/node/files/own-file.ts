import { stat } from 'node:fs/promises';
import { createJiti } from 'jiti';
import { HarrierError } from '../../../errors.ts';

/** Whether what stands for a name is the path of a TypeScript or JavaScript file. */
export function isOwnFile(name: string): boolean {
  return /[\\/]|\.[cm]?[jt]s$/.test(name);
}

/**
 * What a user's own TypeScript or JavaScript file exports by default. Types are stripped, not checked.
 *
 * @param file absolute
 * @param what it is for, in the sentence when it is missing: `recipe`
 * @param modules that its imports mean, by name: this very Harrier, wherever the file lies
 * @returns undefined where it exports nothing by default
 * @throws HarrierError `not-found` for a missing file; `bad-option` with file and line when it does not parse or throws
 */
export async function importOwnFile(
  file: string,
  what: string,
  modules: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  if (!(await stat(file).catch(() => undefined))?.isFile()) {
    throw new HarrierError('not-found', `there is no such ${what} file`, {
      where: file,
      next: 'Check the path.',
    });
  }
  const jiti = createJiti(import.meta.url, {
    fsCache: false,
    moduleCache: false,
    virtualModules: { ...modules },
  });
  const exported = await jiti.import<{ default?: unknown }>(file).catch((cause) => {
    throw ownFileError(file, cause, 'this file cannot be used');
  });
  return Object.hasOwn(Object(exported), 'default') ? exported.default : undefined;
}

/** What went wrong in a user's file, as one sentence with the line where that is known. */
export function ownFileError(file: string, cause: unknown, summary: string): HarrierError {
  const error = cause instanceof Error ? cause : new Error(String(cause));
  const at = `${error.stack ?? ''}\n${error.message}`.match(new RegExp(`${escaped(file)}:(\\d+)(?::\\d+)?`));
  const message = error.message
    .split('\n')[0]
    .replace(/^ParseError: /, '')
    .replace(/[\s.]+$/, '');
  const isParse = error.message.startsWith('ParseError: ');
  const reason = error instanceof HarrierError || isParse ? message : `${error.name}: ${message}`;
  return new HarrierError(
    'bad-option',
    isParse ? `this file does not parse (${reason})` : `${summary} (${reason})`,
    { where: at ? `${file}, line ${at[1]}` : file, cause },
  );
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
