import type { EpochRecord } from 'harrier/src/evaluation/history.ts';
import type { RunStep } from 'harrier/src/studio-server/api.ts';

/** Where an epoch under way stands: its means so far. */
export interface LivePoint {
  /** In epochs: 2.5 is the middle of the third. */
  readonly x: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** More points of one epoch than this cannot be seen. */
export const MOST_LIVE = 240;

/** Means of fewer images than this fraction of an epoch say little, and jump. */
const FROM_FRACTION = 0.1;

/** The points of the epoch under way with one more: of another epoch, it begins anew; of too many, every other goes. */
export function addStep(live: readonly LivePoint[], step: RunStep): readonly LivePoint[] {
  const fraction = step.step / step.steps;
  const x = step.epoch - 1 + fraction;
  const same = live.filter((point) => point.x > step.epoch - 1 && point.x < x);
  // In the first epoch there is nothing else to see.
  if (fraction < FROM_FRACTION && step.epoch > 1) return same;
  const kept = same.length >= MOST_LIVE ? same.filter((_, i) => i % 2 === 1) : same;
  return [...kept, { x, loss: step.loss, accuracy: step.accuracy }];
}

/** What the server has, with what events have told since it was asked. */
export function newest(asked: readonly EpochRecord[], told: readonly EpochRecord[]): readonly EpochRecord[] {
  const last = asked.at(-1)?.epoch ?? 0;
  return [...asked, ...told.filter(({ epoch }) => epoch > last)];
}

/** The history with one more epoch, or with that epoch as it is now. */
export function addEpoch(history: readonly EpochRecord[], record: EpochRecord): readonly EpochRecord[] {
  return [...history.filter(({ epoch }) => epoch < record.epoch), record];
}
