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
  return navigator.locks.request(`harrier/${name}`, { ifAvailable: true }, (lock) => {
    if (lock) return action();
    throw new HarrierError('in-use', `another tab of this page is ${doing}`, {
      next: 'Wait until it has finished, or close that tab.',
    });
  }) as Promise<T>;
}
