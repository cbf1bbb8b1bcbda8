import { computed, signal } from '@preact/signals';
import type { RunStep, RunSummary } from 'harrier/src/studio-server/api.ts';
import { getJson } from './api.ts';
import { listen, onReconnect } from './live.ts';
import { exported } from './router.ts';

/** All runs, the newest first; undefined until the server has said which there are. */
export const runs = signal<readonly RunSummary[] | undefined>(undefined);

/** Why they could not be listed. */
export const runsError = signal<unknown>(undefined);

/** The newest step of each run that is under way. */
export const steps = signal<Readonly<Record<string, RunStep>>>({});

export const anyRunning = computed(() => runs.value?.some(({ state }) => state === 'running') ?? false);

listen('run', (run) => {
  const others = (runs.value ?? []).filter(({ id }) => id !== run.id);
  runs.value = [...others, run].sort((a, b) => b.startedAt.localeCompare(a.startedAt));
  if (run.state !== 'running') forgetStep(run.id);
});
listen('gone', ({ id }) => {
  runs.value = runs.value?.filter((run) => run.id !== id);
  forgetStep(id);
});
listen('step', (step) => {
  steps.value = { ...steps.value, [step.id]: step };
});

function forgetStep(id: string): void {
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
