import process from 'node:process';
import type { Progress } from '../data/progress.ts';

/** How often the process that started this one is told how far it is. */
const TELL_MS = 200;

/** Tells another process of Harrier, where one started this one and holds a channel to it, how far work is. */
export function tellingParent(): ((progress: Progress) => void) | undefined {
  if (!process.connected) return undefined;
  let told = { what: '', time: Number.NEGATIVE_INFINITY };
  return (progress) => {
    const time = performance.now();
    if (!process.connected || (progress.what === told.what && time - told.time < TELL_MS)) return;
    told = { what: progress.what, time };
    process.send?.({ progress }, undefined, undefined, () => {});
  };
}
