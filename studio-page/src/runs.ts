import { computed, signal } from '@preact/signals';
import type { RunStep, RunSummary } from 'harrier/src/studio-server/api.ts';
import { getJson } from './api.ts';
import { announceEnd } from './endings.ts';
import { listen, onReconnect } from './live.ts';
import { exported } from './router.ts';

export { nameOf } from './run-name.ts';

/** All runs, the newest first; undefined until the server has said which there are. */
export const runs = signal<readonly RunSummary[] | undefined>(undefined);

/** Why they could not be listed. */
export const runsError = signal<unknown>(undefined);

/** The newest step of each run that is under way. */
export const steps = signal<Readonly<Record<string, RunStep>>>({});

export const anyRunning = computed(() => runs.value?.some(({ state }) => state === 'running') ?? false);

/** Runs of which events told since the list was changed; undefined: they are gone. */
const told = new Map<string, RunSummary | undefined>();
/** A server tells of all its runs at once, each by itself: the list changes once. */
const TOLD_MS = 20;

listen('run', (run) => tell(run.id, run));
listen('gone', ({ id }) => tell(id, undefined));

function tell(id: string, run: RunSummary | undefined): void {
  if (told.size === 0) setTimeout(changeList, TOLD_MS);
  told.set(id, run);
  if (run?.state !== 'running') forgetStep(id);
}

function changeList(): void {
  const changed = [...told.values()].filter((run) => run !== undefined);
  const before = new Map(runs.value?.map((run) => [run.id, run]));
  const isNews =
    runs.value === undefined ||
    [...told].some(([id, run]) => JSON.stringify(before.get(id)) !== JSON.stringify(run));
  const others = (runs.value ?? []).filter(({ id }) => !told.has(id));
  told.clear();
  if (!isNews) return;
  for (const run of changed) if (before.get(run.id)?.state === 'running') announceEnd(run);
  runs.value = [...others, ...changed].sort((a, b) =>
    a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0,
  );
}
listen('step', (step) => {
  steps.value = { ...steps.value, [step.id]: step };
});

function forgetStep(id: string): void {
  if (!Object.hasOwn(steps.value, id)) return;
  const { [id]: _, ...others } = steps.value;
  steps.value = others;
}

/** Asks for the list again. */
export async function loadRuns(): Promise<void> {
  try {
    runs.value = await getJson<RunSummary[]>('runs');
    runsError.value = undefined;
  } catch (error) {
    runsError.value = error;
  }
}

// Once at the start, and again when the server was found again: events of the time between are lost.
if (exported) void loadRuns();
else onReconnect(() => void loadRuns());

/** What a run is doing, in words. */
export function stateText({ state, startedHere }: RunSummary): string {
  if (state === 'running') return startedHere ? 'training' : 'training in a terminal';
  return state;
}
