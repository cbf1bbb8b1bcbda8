import {
  formatCount,
  formatDuration,
  formatNumber,
  formatPercent,
  formatQuantity,
} from 'harrier/src/format/format.ts';
import { EpochTable } from 'harrier/src/report/epochs.ts';
import { Fitting, hasFitting } from 'harrier/src/report/fitting.ts';
import type { RunSummary } from 'harrier/src/studio-server/api.ts';
import { useEffect, useMemo, useState } from 'preact/hooks';
import 'virtual:report/figures.css';
import { send } from '../../api.ts';
import { Asking } from '../../components/asking.tsx';
import { Button } from '../../components/button.tsx';
import { Chart, type ChartSeries } from '../../components/chart.tsx';
import { Empty } from '../../components/empty.tsx';
import { Link } from '../../components/link.tsx';
import { Message } from '../../components/message.tsx';
import { Panel } from '../../components/panel.tsx';
import { Progress } from '../../components/progress.tsx';
import { nameOf, steps } from '../../runs.ts';
import { RunActions, Tags } from './about.tsx';
import { seriesColor } from './colors.ts';
import { Differences } from './differences.tsx';
import { histories, type RunHistory, useHistories } from './histories.ts';

/** How the chosen runs learn, or have learned. */
export function Curves({ runs }: { readonly runs: readonly RunSummary[] }) {
  useHistories(runs.map(({ id }) => id));
  const all = histories.value;
  const loaded = runs.flatMap((run) => (all[run.id] ? [{ run, history: all[run.id] }] : []));
  // A last layer that was fitted on features has no epochs to draw.
  const shown = loaded.filter(({ run }) => run.head === undefined);
  const key = shown.map(({ run }) => run.id).join();
  const parts = shown.map(({ history }) => history);
  // A chart is drawn anew when one of these changes, and not whenever anything on the page does.
  const accuracy = useMemo(() => seriesOf(shown, 'accuracy', 'validationAccuracy'), [key, ...parts]);
  const loss = useMemo(() => seriesOf(shown, 'loss', 'validationLoss'), [key, ...parts]);
  const of = shown.length < 2 ? '' : ` on ${allValidated(shown) ? 'validation' : 'training'} images`;
  if (runs.length === 0) {
    return (
      <Empty icon="train" title="No run is chosen">
        Tick the runs whose curves you want to compare.
      </Empty>
    );
  }
  const [first] = runs;
  return (
    <div class="stack curves">
      {runs
        .filter(({ state }) => state !== 'finished')
        .map((run) => (
          <Control key={run.id} run={run} />
        ))}
      {runs.length === 1 && first.head && <Fitted history={all[first.id]} />}
      {shown.length > 0 && (
        <Panel>
          <div class="charts">
            <Chart
              title={`Accuracy${of}`}
              xLabel="epoch"
              series={accuracy}
              ceiling={1}
              format={(value) => formatPercent(value)}
              formatTick={(value) => `${formatNumber(100 * value)}%`}
            />
            <Chart
              title={`Loss${of}`}
              xLabel="epoch"
              series={loss}
              format={(value) => value.toFixed(4)}
              formatTick={(value) => formatNumber(value, 3)}
            />
          </div>
        </Panel>
      )}
      {runs.length === 1 && <Facts run={first} history={all[first.id]} />}
      {runs.length > 1 && (
        <Differences
          runs={loaded.flatMap(({ run, history: { details } }) =>
            details?.record ? [{ id: nameOf(run), record: details.record }] : [],
          )}
        />
      )}
    </div>
  );
}

/** How a last layer was fitted, as the run's report shows it. */
function Fitted({ history }: { readonly history: RunHistory | undefined }) {
  const layer = history?.details?.record?.result?.head;
  const evaluation = history?.details?.evaluation;
  if (!layer || !evaluation || !hasFitting(layer)) return null;
  return (
    <Panel title="How its last layer was fitted">
      <Fitting layer={layer} test={evaluation} />
    </Panel>
  );
}

/** What a run that is not finished is at, and what can be done with it. */
function Control({ run }: { readonly run: RunSummary }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const step = steps.value[run.id];
  // What could not be done to a run in one state says nothing of it in the next.
  useEffect(() => setError(undefined), [run.state]);
  const act = async (what: 'pause' | 'resume' | 'stop') => {
    setBusy(true);
    setError(undefined);
    try {
      await send('POST', `runs/${run.id}/${what}`);
    } catch (reason) {
      setError(reason);
    }
    setBusy(false);
  };
  return (
    <Panel>
      <div class="control">
        <div class="stack">
          {run.state === 'running' ? (
            <Progress
              label={`${nameOf(run)}: ${step ? `epoch ${step.epoch} of ${step.epochs}` : (run.message ?? 'getting ready')}`}
              done={step ? (step.epoch - 1) * step.steps + step.step : run.epochsDone}
              total={step ? step.epochs * step.steps : run.epochs}
              unit={step ? 'steps' : 'epochs'}
              {...(step && {
                rate: `${formatCount(Math.round(step.imagesPerSecond))} images/s`,
                etaSeconds: step.etaSeconds,
              })}
            />
          ) : (
            <p>
              <b>{nameOf(run)}</b> is {run.state} after {run.epochsDone} of{' '}
              {formatQuantity(run.epochs, 'epoch')}.{run.message && ` ${run.message}`}
            </p>
          )}
        </div>
        <div class="row">
          {run.state === 'running' && (
            <>
              <Button icon="pause" busy={busy} onClick={() => void act('pause')}>
                Pause
              </Button>
              <Asking
                icon="stop"
                kind="danger"
                busy={busy}
                question="Stop it? It saves what it has learned, and can be resumed later."
                yes="Stop it"
                onYes={() => void act('stop')}
              >
                Stop
              </Asking>
            </>
          )}
          {(run.state === 'paused' ||
            run.state === 'stopped' ||
            (run.state === 'failed' && histories.value[run.id]?.details?.record)) && (
            <Button icon="play" busy={busy} onClick={() => void act('resume')}>
              Resume
            </Button>
          )}
        </div>
      </div>
      {error !== undefined && <Message error={error} onClose={() => setError(undefined)} />}
    </Panel>
  );
}

/** One run in numbers. */
function Facts({ run, history }: { readonly run: RunSummary; readonly history: RunHistory | undefined }) {
  const details = history?.details;
  if (history?.error !== undefined && !details) return <Message error={history.error} />;
  if (!details) return null;
  const { record } = details;
  const facts: [string, string | undefined][] = [
    ['Recipe', run.recipe],
    ['Data', record && `${record.data.train.name}, ${formatQuantity(record.data.train.images, 'image')}`],
    ['Batch size', record && !run.head ? String(record.options.batchSize) : undefined],
    ['Seed', record && String(record.options.seed)],
    ['Time', record?.result && formatDuration(record.result.seconds)],
    ['Machine', record && `${record.hardware.cpu}, ${formatQuantity(record.hardware.cores, 'core')}`],
  ];
  return (
    <Panel
      title={nameOf(run)}
      note={nameOf(run) !== run.id && <code>{run.id}</code>}
      aside={
        run.testAccuracy !== undefined && (
          <Link class="button" view="evaluate" query={{ run: run.id }}>
            Evaluate it
          </Link>
        )
      }
    >
      <Tags tags={run.tags} />
      <dl class="facts">
        {facts.map(
          ([name, value]) =>
            value !== undefined && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
      <RunActions key={run.id} run={run} />
      {record && (
        <p class="note command">
          The same again: <code>{record.command}</code>
        </p>
      )}
      {history.history.length > 0 && !run.head && (
        <details>
          <summary>The numbers, epoch by epoch</summary>
          <EpochTable history={history.history} />
        </details>
      )}
    </Panel>
  );
}

type Shown = readonly { readonly run: RunSummary; readonly history: RunHistory }[];

const isValidated = ({ history }: RunHistory): boolean =>
  history.some(({ validationAccuracy }) => validationAccuracy !== undefined);

const allValidated = (shown: Shown): boolean => shown.every(({ history }) => isValidated(history));

/**
 * One run: a line for training and one for validation. Several: one line for each, of validation where all have it,
 * in a colour of its own.
 */
function seriesOf(
  shown: Shown,
  training: 'accuracy' | 'loss',
  validation: 'validationAccuracy' | 'validationLoss',
): ChartSeries[] {
  const trainingLine = ({ history, live }: RunHistory) => ({
    x: [...history.map(({ epoch }) => epoch), ...live.map(({ x }) => x)],
    y: [...history.map((record) => record[training]), ...live.map((point) => point[training])],
  });
  const validationLine = ({ history }: RunHistory) => {
    const known = history.filter((record) => record[validation] !== undefined);
    return { x: known.map(({ epoch }) => epoch), y: known.map((record) => record[validation]!) };
  };
  if (shown.length === 1) {
    const [{ history }] = shown;
    return [
      { name: 'training', color: '--series-1', dashed: isValidated(history), ...trainingLine(history) },
      ...(isValidated(history)
        ? [{ name: 'validation', color: '--series-2' as const, ...validationLine(history) }]
        : []),
    ];
  }
  const validated = allValidated(shown);
  return shown.map(({ run, history }, i) => ({
    name: nameOf(run),
    color: seriesColor(i),
    ...(validated ? validationLine(history) : trainingLine(history)),
  }));
}
