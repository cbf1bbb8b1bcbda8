import { HarrierError } from '../../errors.ts';

/**
 * Runs `action` so that no two tabs of this site run it at the same time, such as training into the same storage.
 *
 * @param name of the lock
 * @param doing the activity of the other tab, for the error: `training`
 * @throws HarrierError `in-use` when another tab or worker holds the lock; any error of `action`
 */
export async function withTabLock<T>(name: string, doing: string, action: () => Promise<T>): Promise<T> {
  // Pages that are not served securely have no locks.
  if (!navigator.locks) return action();
  return navigator.locks.request(fullName(name), { ifAvailable: true }, (lock) => {
    if (lock) return action();
    throw new HarrierError('in-use', `another tab of this page is ${doing}`, {
      next: 'Wait until it has finished, or close that tab.',
    });
  }) as Promise<T>;
}

/** Whether some tab or worker of this site holds the lock of that name now. */
export async function isTabLocked(name: string): Promise<boolean> {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return held.some((lock) => lock.name === fullName(name));
}

/** Resolves when nobody holds the lock of that name. */
export async function tabLockFree(name: string): Promise<void> {
  await navigator.locks?.request(fullName(name), { mode: 'shared' }, () => {});
}

const fullName = (name: string): string => `harrier/${name}`;
