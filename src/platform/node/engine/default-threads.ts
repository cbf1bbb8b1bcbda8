import { availableParallelism } from 'node:os';

/**
 * Threads that computing takes where nobody says how many: one for each core, or as many as `OMP_NUM_THREADS` allows,
 * which other programs of the field heed too.
 */
export function defaultThreads(): number {
  const allowed = Number.parseInt(process.env.OMP_NUM_THREADS ?? '', 10);
  return allowed >= 1 ? Math.min(allowed, availableParallelism()) : availableParallelism();
}
