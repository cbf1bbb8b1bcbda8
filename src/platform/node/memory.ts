import { totalmem } from 'node:os';

/** Bytes of memory that this process may use: the container's limit (cgroup) where there is one, else the machine's. */
export function memoryLimit(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
