import { createHash, timingSafeEqual } from 'node:crypto';
import { HarrierError } from '../errors.ts';

/**
 * Refuses a token that no client could send, or that would let everybody in.
 * @throws HarrierError `bad-option`
 */
export function checkToken(token: string): void {
  const why =
    token === ''
      ? 'the token is empty'
      : /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(token)
        ? undefined
        : 'the token begins or ends with a space, or holds characters that no HTTP header carries';
  if (why === undefined) return;
  throw new HarrierError('bad-option', why, {
    where: '--token or HARRIER_TOKEN',
    next: 'Choose a long random one without spaces, such as: openssl rand -hex 16',
  });
}

/** Whether a given token is the right one. Digests are equally long, and where two differ tells nothing of the token. */
export function tokenCheck(token: string): (given: string) => boolean {
  checkToken(token);
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const wanted = digest(token);
  return (given) => timingSafeEqual(digest(given), wanted);
}
