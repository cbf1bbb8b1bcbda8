import { signal } from '@preact/signals';
import type { EpochRecord } from 'harrier/src/evaluation/history.ts';
import type { RunDetails, RunStep } from 'harrier/src/studio-server/api.ts';
import { useEffect } from 'preact/hooks';
import { getJson } from '../../api.ts';
import { listen, reconnections } from '../../live.ts';
import { addEpoch, addStep, type LivePoint, newest } from './live-points.ts';

/** How a run has learned so far. */
export interface RunHistory {
  readonly details?: RunDetails;
  readonly history: readonly EpochRecord[];
  /** Of the epoch under way. */
  readonly live: readonly LivePoint[];
  readonly error?: unknown;
}

/** Of the runs that are or were on the chart. */
export const histories = signal<Readonly<Record<string, RunHistory>>>({});

const NOTHING: RunHistory = { history: [], live: [] };

function change(id: string, to: (before: RunHistory) => RunHistory): void {
  histories.value = { ...histories.value, [id]: to(histories.value[id] ?? NOTHING) };
}

listen('epoch', ({ id, record }) => {
  if (!Object.hasOwn(histories.value, id)) return;
  change(id, (before) => ({
    ...before,
    history: addEpoch(before.history, record),
    live: before.live.filter(({ x }) => x > record.epoch),
  }));
});
listen('step', (step) => {
  if (Object.hasOwn(histories.value, step.id)) change(step.id, (before) => withStep(before, step));
});
// What a run's end brings (its evaluation, its files) is not in the events.
listen('run', ({ id, state }) => {
  const known = histories.value[id]?.details;
  if (known && known.summary.state !== state) void load(id);
});
listen('gone', ({ id }) => {
  const { [id]: _, ...others } = histories.value;
  histories.value = others;
});

function withStep(before: RunHistory, step: RunStep): RunHistory {
  return { ...before, live: addStep(before.live, step) };
}

async function load(id: string): Promise<void> {
  try {
    // From now on events are for this run too: what ends while the server is asked must not be lost.
    change(id, (before) => before);
    const details = await getJson<RunDetails>(`runs/${id}`);
    change(id, ({ history: told, live }) => {
      const history = newest(details.history, told);
      const before = { details, history, live: live.filter(({ x }) => x > history.length) };
      return details.step ? withStep(before, details.step) : before;
    });
  } catch (error) {
    change(id, (before) => ({ ...before, error }));
  }
}

/** Loads the histories of these runs, and keeps them up to date by events. */
export function useHistories(ids: readonly string[]): void {
  const generation = reconnections.value;
  const key = ids.join();
  useEffect(() => {
    // A run that left the chart is loaded anew when it comes back: nothing is kept for ever.
    histories.value = Object.fromEntries(Object.entries(histories.value).filter(([id]) => ids.includes(id)));
    for (const id of ids) void load(id);
  }, [key, generation]);
}
