import { rejectionLines } from 'harrier/src/evaluation/rejection.ts';
import { Curves } from 'harrier/src/report/curves.ts';
import { Fitting, hasFitting } from 'harrier/src/report/fitting.ts';
import { People, PeopleNote } from 'harrier/src/report/people.ts';
import { SETS_NOTE, Sets } from 'harrier/src/report/sets.ts';
import type { RunDetails, RunPredictions, RunSummary } from 'harrier/src/studio-server/api.ts';
import { getJson, RequestError } from '../../api.ts';
import { Empty } from '../../components/empty.tsx';
import { Select } from '../../components/field.tsx';
import { Link } from '../../components/link.tsx';
import { Loading } from '../../components/loading.tsx';
import { Message } from '../../components/message.tsx';
import { Panel } from '../../components/panel.tsx';
import { useDataset } from '../../datasets.ts';
import { useLoad } from '../../load.ts';
import { place, setQuery } from '../../router.ts';
import { loadRuns, nameOf, runs, runsError, stateText } from '../../runs.ts';
import { folderOf } from '../../studio.ts';
import { Card } from './card.tsx';
import { ClassPanels } from './class-panels.tsx';
import { Comparison } from './comparison.tsx';
import { Confusions } from './confusions.tsx';
import { Again } from './evaluated-again.tsx';
import { Headline } from './headline.tsx';
import { TestImagesOf } from './images.tsx';
import 'virtual:report/figures.css';
import './evaluate.css';
import { LabelErrors } from './label-errors.tsx';
import { Mistakes } from './mistakes.tsx';
import { EvaluateModel } from './model/index.tsx';

/** How good a finished run is, and where it is wrong, image by image. */
export default function Evaluate() {
  const { query } = place.value;
  const isOfModel = query.model !== undefined || query.on !== undefined;
  return isOfModel ? <EvaluateModel /> : <EvaluateRun />;
}

function EvaluateRun() {
  const { query } = place.value;
  const finished = runs.value?.filter(({ testAccuracy }) => testAccuracy !== undefined);
  const run = finished?.find(({ id }) => id === query.run) ?? finished?.[0];
  if (!finished) {
    return runsError.value === undefined ? (
      <Loading what="runs" />
    ) : (
      <Message error={runsError.value} onRetry={() => void loadRuns()} />
    );
  }
  if (!run) {
    return (
      <Empty
        isView
        icon="evaluate"
        title="There are no finished runs yet"
        action={
          <Link class="button" view="train">
            To the runs
          </Link>
        }
      >
        A run is evaluated on its test images when it has finished.{' '}
        <Link view="evaluate" query={{ on: 'images' }}>
          Evaluate a model on images of yours
        </Link>
        .
      </Empty>
    );
  }
  return (
    <>
      <header class="view-head">
        <div>
          <h1>Evaluate</h1>
          <p class="note">
            <Link view="evaluate" query={{ model: run.id }}>
              Evaluate a model on other images
            </Link>
          </p>
          {query.run !== undefined && query.run !== run.id && (
            <p class="note">
              {whyNot(query.run)} This is {nameOf(run)}.
            </p>
          )}
        </div>
        <div class="evaluate-choice">
          <Select
            label="Run"
            value={run.id}
            onValue={(id) =>
              setQuery({ run: id, cell: undefined, with: query.with === id ? undefined : query.with })
            }
            options={finished.map((each) => ({ value: each.id, label: nameOf(each) }))}
          />
          <Select
            label="Compare with"
            value={query.with ?? ''}
            onValue={(id) => setQuery({ with: id, cell: undefined })}
            options={[
              { value: '', label: 'no other run' },
              ...finished
                .filter(({ id }) => id !== run.id)
                .map((each) => ({ value: each.id, label: nameOf(each) })),
            ]}
          />
        </div>
      </header>
      <Evaluated
        key={run.id}
        run={run}
        other={finished.find(({ id }) => id === query.with && id !== run.id)}
      />
    </>
  );
}

function Evaluated({ run, other }: { readonly run: RunSummary; readonly other: RunSummary | undefined }) {
  const details = useDetails(run);
  const predictions = usePredictions(run);
  const dataset = useDataset(predictions.value?.dataset);
  const otherDetails = useDetails(other);
  const otherPredictions = usePredictions(other);
  if (details.error !== undefined && !details.value) {
    return <Message error={details.error} onRetry={details.again} />;
  }
  const { value } = details;
  if (!value) return <Loading what="the evaluation" />;
  const { evaluation } = value;
  if (!evaluation) {
    if (value.evaluationProblem !== undefined) {
      return <Message title="The evaluation of this run cannot be read" error={value.evaluationProblem} />;
    }
    return details.loading ? (
      <Loading what="the evaluation" />
    ) : (
      <Empty icon="evaluate" title="This run has no evaluation">
        <code>npx harrier evaluate {folderOf(value)}</code> prints one.
      </Empty>
    );
  }
  const columns = predictions.value;
  const shared = { evaluation, facts: dataset.facts, predictions: columns };
  const { predictionSets: sets } = evaluation;
  const unknown = rejectionLines(evaluation);
  const layer = value.record?.result?.head;
  return (
    <TestImagesOf facts={dataset.facts} run={run.id}>
      <div class="evaluate">
        <Headline run={run} details={value} evaluation={evaluation} />
        {place.value.query.card !== undefined && value.files.includes('README.md') && <Card run={run.id} />}
        {columns && <Again details={value} predictions={columns} />}
        {predictions.error !== undefined && (
          <Message title="Single images cannot be shown" error={predictions.error} />
        )}
        {columns && columns.dataset === undefined && (
          <Message title="Single images cannot be shown">
            Studio was not started with the data of this run, or the data has changed.
          </Message>
        )}
        {other && otherDetails.value && !otherDetails.value.evaluation && (
          <Message
            title={`The evaluation of ${other.id} cannot be read`}
            error={otherDetails.value.evaluationProblem ?? new Error('It has none any more.')}
          />
        )}
        {other && otherDetails.value?.evaluation && (
          <Comparison
            first={{ run: other, details: otherDetails.value, predictions: otherPredictions.value }}
            second={{ run, details: value, predictions: columns }}
            facts={dataset.facts}
          />
        )}
        {other && otherDetails.error !== undefined && (
          <Message error={otherDetails.error} onRetry={otherDetails.again} />
        )}
        {!other && !evaluation.multiLabel && <Confusions {...shared} />}
        <ClassPanels evaluation={evaluation} />
        {columns && dataset.facts && (
          <>
            <Mistakes facts={dataset.facts} predictions={columns} />
            <LabelErrors facts={dataset.facts} predictions={columns} />
          </>
        )}
        {evaluation.humanBaseline && (
          <Panel title="And people?" note={<PeopleNote baseline={evaluation.humanBaseline} />}>
            <People baseline={evaluation.humanBaseline} />
          </Panel>
        )}
        {sets && sets.coverages.length > 0 && (
          <Panel title="Which classes can it be?" note={SETS_NOTE}>
            <Sets sets={sets} />
          </Panel>
        )}
        {unknown.length > 0 && (
          <Panel title="None of the classes">
            {unknown.map((line) => (
              <p key={line}>{line.trim()}</p>
            ))}
          </Panel>
        )}
        {layer && hasFitting(layer) && (
          <Panel title="How its last layer was fitted">
            <Fitting layer={layer} test={evaluation} />
          </Panel>
        )}
        {value.history.length > 0 && !run.head && (
          <Panel title="How it learned">
            <Curves history={value.history} test={evaluation} />
          </Panel>
        )}
      </div>
    </TestImagesOf>
  );
}

/** Why a run that the address names is not the one that is shown: a sentence. */
function whyNot(id: string): string {
  const run = runs.value?.find((each) => each.id === id);
  if (!run) return `There is no run “${id}”.`;
  const why = run.message === undefined ? '' : `: ${run.message.replace(/\.$/, '')}`;
  return `Run “${id}” has no result to evaluate (${stateText(run)}${why}).`;
}

function useDetails(run: RunSummary | undefined) {
  return useLoad(run && `run ${run.id}`, (signal) => getJson<RunDetails>(`runs/${run!.id}`, { signal }));
}

function usePredictions(run: RunSummary | undefined) {
  return useLoad(run && `predictions ${run.id}`, (signal) =>
    getJson<RunPredictions>(`runs/${run!.id}/predictions`, { signal }).catch((error: unknown) => {
      // Runs of older versions kept none: all the rest can still be shown.
      if (error instanceof RequestError && error.status === 404) return undefined;
      throw error;
    }),
  );
}
