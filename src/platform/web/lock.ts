import { HarrierError } from '../../errors.ts';

/**
 * Runs `action` so that no two tabs of this site run it at the same time, such as training into the same storage.
 *
 * @param name of the lock
 * @param doing the activity of the other tab, for the error: `training`
 * @throws HarrierError `in-use` when another tab or worker holds the lock; any error of `action`
 */
export async function withTabLock<T>(name: string, doing: string, action: () => Promise<T>): Promise<T> {
  const locks = await tabLocks();
  if (!locks) return action();
  return locks.request(fullName(name), { ifAvailable: true }, (lock) => {
    if (lock) return action();
    throw new HarrierError('in-use', `another tab of this page is ${doing}`, {
      next: 'Wait until it has finished, or close that tab.',
    });
  }) as Promise<T>;
}

/**
 * The browser's locks; undefined for pages that are not served securely, and where the browser keeps all data of the site
 * away from the page, which it says at the first request.
 */
export async function tabLocks(): Promise<LockManager | undefined> {
  const { locks } = navigator;
  try {
    await locks?.query();
    return locks;
  } catch {
    return undefined;
  }
}

/** Whether some tab or worker of this site holds the lock of that name now. */
export async function isTabLocked(name: string): Promise<boolean> {
  const { held = [] } = (await (await tabLocks())?.query()) ?? {};
  return held.some((lock) => lock.name === fullName(name));
}

/** Resolves when nobody holds the lock of that name. */
export async function tabLockFree(name: string): Promise<void> {
  await (await tabLocks())?.request(fullName(name), { mode: 'shared' }, () => {});
}

const fullName = (name: string): string => `harrier/${name}`;
