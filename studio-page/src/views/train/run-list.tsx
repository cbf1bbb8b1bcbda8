import { formatDuration, formatPercent, formatQuantity } from 'harrier/src/format/format.ts';
import type { RunSummary } from 'harrier/src/studio-server/api.ts';
import { Input, Select } from '../../components/field.tsx';
import { place, setQuery } from '../../router.ts';
import { stateText, steps } from '../../runs.ts';
import { seriesColor } from './colors.ts';
import { listed, SORTS } from './listed.ts';

export interface RunListProps {
  readonly runs: readonly RunSummary[];
  /** In the order in which they were chosen, which gives each its colour. */
  readonly chosen: readonly string[];
  readonly onChoose: (id: string, on: boolean) => void;
}

/** All runs with what became of each; those that are ticked are on the chart. */
export function RunList({ runs, chosen, onChoose }: RunListProps) {
  const { query } = place.value;
  const sort = SORTS.find((each) => each === query.sort) ?? 'newest';
  const shown = listed(runs, query.q ?? '', sort);
  return (
    <section aria-label="Runs" class="run-list">
      {runs.length > 1 && (
        <div class="run-search">
          <Input
            label="Search runs"
            unseen
            type="search"
            placeholder="Search runs"
            value={query.q ?? ''}
            onValue={(q) => setQuery({ q: q || undefined }, { replace: true })}
          />
          <Select
            label="Sort runs"
            unseen
            value={sort}
            onValue={(value) => setQuery({ sort: value === 'newest' ? undefined : value }, { replace: true })}
            options={[
              { value: 'newest', label: 'Newest first' },
              { value: 'accuracy', label: 'Best first' },
              { value: 'name', label: 'By name' },
            ]}
          />
        </div>
      )}
      {shown.length === 0 && <p class="note">No run holds all of these words.</p>}
      <ul>
        {shown.map((run) => {
          const place = chosen.indexOf(run.id);
          return (
            <li key={run.id} class={place >= 0 ? 'chosen' : undefined}>
              <label>
                <input
                  type="checkbox"
                  checked={place >= 0}
                  onChange={(event) => onChoose(run.id, event.currentTarget.checked)}
                />
                <i
                  class="run-color"
                  aria-hidden="true"
                  style={{ background: place >= 0 ? `var(${seriesColor(place)})` : 'transparent' }}
                />
                <span class="run-name">{run.id}</span>
                <span class="run-facts">
                  {run.state !== 'finished' && <b class={run.state}>{stateText(run)}</b>}
                  {factsOf(run)}
                </span>
                {run.state === 'running' && <RunBar run={run} />}
              </label>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** How much of a run is done. */
function RunBar({ run }: { readonly run: RunSummary }) {
  const done = shareDone(run);
  return (
    <span class="run-bar" aria-hidden="true">
      <i style={{ width: `${100 * done}%` }} />
    </span>
  );
}

/** Epochs that are done and the part of the one under way, as a fraction of all. */
export function shareDone(run: RunSummary): number {
  const step = steps.value[run.id];
  if (run.epochs === 0) return 0;
  const inside = step && step.epoch > run.epochsDone ? step.step / step.steps : 0;
  return Math.min(1, (run.epochsDone + inside) / run.epochs);
}

function factsOf(run: RunSummary): string {
  const { epochs, epochsDone, accuracy, testAccuracy } = run;
  const eta = steps.value[run.id]?.etaSeconds ?? run.etaSeconds;
  const parts = [
    run.state === 'failed' ? run.message : undefined,
    testAccuracy !== undefined
      ? `${formatPercent(testAccuracy)} on test images`
      : accuracy !== undefined
        ? formatPercent(accuracy)
        : undefined,
    run.head
      ? `${run.head} head`
      : run.state === 'finished'
        ? formatQuantity(epochs, 'epoch')
        : `${epochsDone} of ${formatQuantity(epochs, 'epoch')}`,
    run.state === 'running' && eta !== undefined ? `${formatDuration(eta)} left` : undefined,
  ];
  return parts.filter((part) => part !== undefined).join(' · ');
}
