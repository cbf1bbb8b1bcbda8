import { Button } from '../../components/button.tsx';
import { Empty } from '../../components/empty.tsx';
import { Loading } from '../../components/loading.tsx';
import { Message } from '../../components/message.tsx';
import { listOf, place, setQuery } from '../../router.ts';
import { loadRuns, runs, runsError } from '../../runs.ts';
import { studio } from '../../studio.ts';
import { Curves } from './curves.tsx';
import { NewRun } from './new-run/index.tsx';
import { RunList } from './run-list.tsx';
import './train.css';

/** More lines than this cannot be told apart. */
const MOST_CHOSEN = 6;

/** Starts runs, and watches them learn: those of this page and those of a terminal. */
export default function Train() {
  const { query } = place.value;
  const all = runs.value;
  const canTrain = studio.value?.canTrain ?? false;
  const isNew = query.new !== undefined && canTrain;
  const known = new Set(all?.map(({ id }) => id));
  const asked = listOf(query.runs).filter((id) => known.has(id));
  // Without a wish: what is training now, else the newest.
  const running = all?.filter(({ state }) => state === 'running').map(({ id }) => id) ?? [];
  const chosen = (asked.length > 0 ? asked : running.length > 0 ? running : [...known].slice(0, 1)).slice(
    0,
    MOST_CHOSEN,
  );
  const choose = (id: string, on: boolean) => {
    const next = on ? [...chosen, id].slice(-MOST_CHOSEN) : chosen.filter((each) => each !== id);
    setQuery({ runs: next.join(',') || undefined }, { replace: true });
  };
  return (
    <>
      <header class="view-head">
        <div>
          <h1>Train</h1>
          <p class="note">
            {studio.value?.runsFolder ? (
              <>
                Runs are in <code>{studio.value.runsFolder}</code>; runs that you start in a terminal appear
                here too.
              </>
            ) : (
              'Runs, and how they learned.'
            )}
          </p>
        </div>
        {canTrain && !isNew && (
          <Button kind="primary" icon="plus" onClick={() => setQuery({ new: 1 })}>
            New run
          </Button>
        )}
      </header>
      {isNew && <NewRun />}
      {runsError.value !== undefined && all === undefined && (
        <Message error={runsError.value} onRetry={() => void loadRuns()} />
      )}
      {all === undefined && runsError.value === undefined && <Loading what="runs" />}
      {all?.length === 0 && !isNew && (
        <Empty icon="train" title="Nothing has been trained yet">
          Start a run here, or in a terminal: <code>npx harrier train --recipe quick</code>.
        </Empty>
      )}
      {all !== undefined && all.length > 0 && (
        <div class="train">
          <RunList runs={all} chosen={chosen} onChoose={choose} />
          <Curves runs={chosen.flatMap((id) => all.find((run) => run.id === id) ?? [])} />
        </div>
      )}
    </>
  );
}
