import { HarrierError } from '../errors.ts';
import { jsonObject } from '../json-text.ts';

/** What people say of a run: `about.json` in its folder. The run itself never reads it. */
export interface AboutRun {
  /** A name besides that of its folder; commands take it too. */
  readonly name?: string;
  readonly tags?: readonly string[];
}

const MOST_LETTERS = 80;
const MOST_TAGS = 20;
/** Names that mean something else, and what a path or a list is written with. */
const NOT_IN_NAMES = /[\\/~\p{Cc}]|^latest$|^\.|^-/u;

/** Reads an `about.json`; what is malformed says nothing. */
export function readAbout(text: string): AboutRun {
  const { name, tags } = jsonObject(text) ?? {};
  const texts = Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string' && tag !== '') : [];
  return {
    ...(typeof name === 'string' && name !== '' && { name }),
    ...(texts.length > 0 && { tags: texts }),
  };
}

/** As it is written. */
export function aboutText(about: AboutRun): string {
  return `${JSON.stringify({ format: 1, ...about }, undefined, 2)}\n`;
}

/**
 * What is said of a run, with some of it changed: an empty name, or no tags, take away what there was.
 *
 * @throws HarrierError `bad-option` for a name that could be a path, or too many or too long words
 */
export function changedAbout(before: AboutRun, change: AboutRun): AboutRun {
  const name = (change.name ?? before.name ?? '').trim().replace(/\s+/g, ' ');
  const tags = (change.tags ?? before.tags ?? []).map((tag) => tag.trim()).filter((tag) => tag !== '');
  const different = [...new Set(tags)];
  if (NOT_IN_NAMES.test(name)) {
    throw new HarrierError('bad-option', 'a run cannot have this name', {
      expected: 'words without / \\ and ~, other than "latest", that begin with neither a dot nor a hyphen',
      received: `"${name.slice(0, MOST_LETTERS)}"`,
    });
  }
  const long = [name, ...different].find((word) => [...word].length > MOST_LETTERS);
  if (long !== undefined) {
    throw new HarrierError('bad-option', 'this name or tag is too long', {
      expected: `at most ${MOST_LETTERS} letters`,
      received: `${[...long].length}`,
    });
  }
  const odd = different.find((tag) => /[,\p{Cc}]/u.test(tag));
  if (odd !== undefined || different.length > MOST_TAGS) {
    throw new HarrierError('bad-option', 'a run cannot have these tags', {
      expected: `at most ${MOST_TAGS} tags without commas`,
      received: odd === undefined ? `${different.length} tags` : `"${odd}"`,
    });
  }
  return { ...(name !== '' && { name }), ...(different.length > 0 && { tags: different }) };
}
