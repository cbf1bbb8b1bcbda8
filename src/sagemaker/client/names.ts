import { randomBytes } from 'node:crypto';
import { LIMITS } from './limits.ts';

/** Characters that `uniqueName` appends where there is room enough. */
export const UNIQUE_CHARACTERS = 23;

/**
 * A name that no other job has: the prefix, the time to the second, and 24 random bits. The prefix is cut where the
 * whole would be too long.
 *
 * @param most characters; AWS allows 63, and 32 for tuning jobs
 */
export function uniqueName(prefix: string, now: Date = new Date(), most: number = LIMITS.name): string {
  const time = now.toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15);
  const short = most < LIMITS.name ? time.slice(2) : time;
  const suffix = `-${short}-${randomBytes(3).toString('hex')}`;
  return (
    plainName(prefix)
      .slice(0, most - suffix.length)
      .replace(/-+$/, '') + suffix
  );
}

/** Whether `uniqueName` made a name, whatever its prefix. */
export function isUniqueName(name: string): boolean {
  return /-\d{6,8}-\d{6}-[0-9a-f]{6}$/.test(name);
}

/** Whether `uniqueName` made a name of this prefix, which had room enough. */
export function isUniqueNameOf(prefix: string, name: string): boolean {
  const plain = plainName(prefix);
  return name.startsWith(plain) && /^-\d{8}-\d{6}-[0-9a-f]{6}$/.test(name.slice(plain.length));
}

/** Only what AWS takes in names: letters, digits and hyphens between them. */
export function plainName(text: string): string {
  return text.replace(/[^a-zA-Z0-9]+/g, '-').replace(/^-+|-+$/g, '') || 'harrier';
}
