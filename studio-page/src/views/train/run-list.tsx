import { formatDuration, formatPercent, formatQuantity } from 'harrier/src/format/format.ts';
import type { RunSummary } from 'harrier/src/studio-server/api.ts';
import { useMemo } from 'preact/hooks';
import { Input, Select } from '../../components/field.tsx';
import { Icon } from '../../components/icon.tsx';
import { listOf, place, setQuery } from '../../router.ts';
import { nameOf, stateText, steps } from '../../runs.ts';
import { seriesColor } from './colors.ts';
import { useLineWindow } from './line-window.ts';
import { type GroupLine, type Line, linesOf, listed, partsOf, reached, SORTS } from './listed.ts';

export interface RunListProps {
  readonly runs: readonly RunSummary[];
  /** In the order in which they were chosen, which gives each its colour. */
  readonly chosen: readonly string[];
  readonly onChoose: (id: string, on: boolean) => void;
}

/** All runs with what became of each; those that are ticked are on the chart. */
export function RunList({ runs, chosen, onChoose }: RunListProps) {
  const { query } = place.value;
  const { q = '' } = query;
  const sort = SORTS.find((each) => each === query.sort) ?? 'newest';
  const lines = useMemo(() => {
    const opened = new Set(listOf(query.open));
    // What is searched for, or on the chart, is in sight.
    const isOpen = (group: string) => opened.has(group) || q !== '';
    return linesOf(listed(runs, q, sort), isOpen, sort);
  }, [runs, q, sort, query.open]);
  const { scroller, first, last, tops, height } = useLineWindow(lines, heightOf);
  return (
    <section aria-label="Runs" class="run-list">
      {runs.length > 1 && (
        <div class="run-search">
          <Input
            label="Search runs"
            unseen
            type="search"
            placeholder="Search runs"
            value={q}
            onValue={(text) => setQuery({ q: text || undefined }, { replace: true })}
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
      {lines.length === 0 && <p class="note">No run holds all of these words.</p>}
      <div class="run-scroll" ref={scroller}>
        <ul style={{ height: `${height}px` }}>
          {lines.slice(first, last).map((line, i) => (
            <li
              key={keyOf(line)}
              class={classOf(line, chosen)}
              style={{ top: `${tops[first + i]}px`, height: `${heightOf(line)}px` }}
              aria-setsize={lines.length}
              aria-posinset={first + i + 1}
            >
              {line.kind === 'group' ? (
                <Group group={line.group} />
              ) : (
                <Run run={line.run} place={chosen.indexOf(line.run.id)} onChoose={onChoose} />
              )}
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}

function keyOf(line: Line): string {
  return line.kind === 'group' ? `group ${line.group.id}` : line.run.id;
}

function classOf(line: Line, chosen: readonly string[]): string {
  if (line.kind === 'group') return 'group';
  const { id, group } = line.run;
  return [chosen.includes(id) && 'chosen', group && 'part'].filter(Boolean).join(' ');
}

/** Lines have heights of their own, so that those out of sight need not be there. */
function heightOf(line: Line): number {
  if (line.kind === 'group') return 58;
  return line.run.state === 'running' ? 72 : 62;
}

interface RunProps {
  readonly run: RunSummary;
  /** Its place among those that are chosen; below 0: it is not. */
  readonly place: number;
  readonly onChoose: RunListProps['onChoose'];
}

function Run({ run, place: at, onChoose }: RunProps) {
  const { group, tags = [] } = run;
  return (
    <label title={run.id}>
      <input
        type="checkbox"
        checked={at >= 0}
        onChange={(event) => onChoose(run.id, event.currentTarget.checked)}
      />
      <i
        class="run-color"
        aria-hidden="true"
        style={{ background: at >= 0 ? `var(${seriesColor(at)})` : 'transparent' }}
      />
      <span class="run-name">
        <span>{run.name === undefined && group ? sentence(group.part) : nameOf(run)}</span>
        {tags.map((tag) => (
          <em key={tag} class="run-tag">
            {tag}
          </em>
        ))}
      </span>
      <span class="run-facts">
        {run.state !== 'finished' && <b class={run.state}>{stateText(run)}</b>}
        {factsOf(run)}
      </span>
      {run.state === 'running' && <RunBar run={run} />}
    </label>
  );
}

const WORDS = { seeds: 'seed', folds: 'fold', sweep: 'trial' } as const;

/** The heading of runs that belong together: opens and closes them. */
function Group({ group }: { readonly group: GroupLine }) {
  const { id, of, isOpen } = group;
  const spread = reached(group);
  const parts = partsOf(group).length;
  const toggle = () => {
    const opened = listOf(place.value.query.open).filter((each) => each !== id);
    const next = isOpen ? opened : [...opened, id];
    setQuery({ open: next.join(',') || undefined }, { replace: true });
  };
  const score =
    spread &&
    (of === 'sweep'
      ? `best ${formatPercent(spread.maximum)}`
      : `mean ${formatPercent(spread.mean)}${spread.standardDeviation === null ? '' : ` ± ${formatPercent(spread.standardDeviation)}`}`);
  return (
    <button type="button" aria-expanded={isOpen} title={id} onClick={toggle}>
      <Icon name={isOpen ? 'down' : 'right'} size={18} />
      <span class="run-name">
        <span>{id}</span>
      </span>
      <span class="run-facts">{[formatQuantity(parts, WORDS[of]), score].filter(Boolean).join(' · ')}</span>
    </button>
  );
}

function sentence(words: string): string {
  return words[0].toUpperCase() + words.slice(1);
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
