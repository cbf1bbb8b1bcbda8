import { freemem, totalmem } from 'node:os';

/**
 * Bytes that this process may still take. The limit of a container counts; what the system would give back at once
 * (caches of files) is free. macOS does not tell how much that is: there, all that this process does not hold.
 */
export function freeMemory(): number {
  const limit = process.constrainedMemory();
  const most = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  const left = most - process.memoryUsage.rss();
  return Math.max(0, process.platform === 'darwin' ? left : Math.min(left, freemem()));
}
