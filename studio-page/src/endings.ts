import { formatPercent } from 'harrier/src/format/format.ts';
import type { RunSummary } from 'harrier/src/studio-server/api.ts';
import { announce } from './announce.ts';
import { listen } from './live.ts';
import { nameOf } from './run-name.ts';

// Whoever waits for it may be in another view by then.
listen('inspection', ({ id, state }) => {
  if (state === 'done') announce(`The inspection of ${id} has ended.`);
  if (state === 'failed') announce(`The inspection of ${id} has failed.`);
});

/** Says that a run no longer trains, and what came of it. */
export function announceEnd(run: RunSummary): void {
  const { state, testAccuracy } = run;
  if (state === 'running') return;
  const result =
    testAccuracy === undefined ? '' : `: ${formatPercent(testAccuracy)} of the test images are right`;
  announce(`${nameOf(run)} ${WORDS[state]}${state === 'finished' ? result : ''}.`);
}

const WORDS: Readonly<Record<Exclude<RunSummary['state'], 'running'>, string>> = {
  finished: 'has finished',
  failed: 'has failed',
  stopped: 'has stopped',
  paused: 'is paused',
};
