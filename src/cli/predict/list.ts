import { createReadStream } from 'node:fs';
import { HarrierError } from '../../errors.ts';
import { readError } from '../../platform/node/files/read-error.ts';
import { withoutByteOrderMark } from '../../utf8.ts';
import { STANDARD_INPUT } from './input.ts';

/** Longest name that is taken for one. */
const LONGEST = 65_536;
/** Control characters other than white space. */
const CONTROL = /[^\P{Cc}\s]/u;

/**
 * The names of a list, one after another: a list of millions never lies in memory as a whole. One name a line; where
 * there are NULs, they end names (`find -print0`).
 *
 * @throws HarrierError `not-found`, `storage` for a list that cannot be read; `bad-data` for what is no list
 */
export async function* namesOf(list: string): AsyncGenerator<string> {
  let rest = '';
  let end: string | undefined;
  let isFirst = true;
  const stream = list === STANDARD_INPUT ? process.stdin : createReadStream(list);
  stream.setEncoding('utf8');
  try {
    for await (const part of stream) {
      rest += isFirst ? withoutByteOrderMark(part) : part;
      if (isFirst && !isText(part)) {
        throw new HarrierError('bad-data', 'this is no list of names', {
          where: list,
          expected: 'text with a name a line',
          received: 'other data, such as an image',
          next: 'Give an image without --list.',
        });
      }
      isFirst = false;
      end ??= rest.includes('\0') ? '\0' : rest.includes('\n') ? '\n' : undefined;
      const names = end === undefined ? [rest] : rest.split(end);
      rest = names.pop()!;
      if (rest.length > LONGEST) {
        throw new HarrierError('bad-data', 'this is no list of names', {
          where: list,
          expected: 'a name a line',
          received: `a line of more than ${LONGEST} characters`,
        });
      }
      for (const name of names) {
        const clean = end === '\n' ? name.replace(/\r$/, '') : name;
        if (clean.trim() !== '') yield clean;
      }
    }
  } catch (error) {
    throw error instanceof HarrierError ? error : readError(error as NodeJS.ErrnoException, list, 'file');
  }
  const last = rest.replace(/\r$/, '');
  if (last.trim() !== '') yield last;
}

/** Whether these are names: bytes that are no UTF-8 beside control characters are those of some other file. */
function isText(part: string): boolean {
  return !part.includes('\uFFFD') || !CONTROL.test(part.replaceAll('\0', ''));
}
