import { formatBytes, formatPercent } from 'harrier/src/format/format.ts';
import { useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { Chart } from '../../components/chart.tsx';
import { Checkbox, Input, Select } from '../../components/field.tsx';
import { Message } from '../../components/message.tsx';
import { Panel } from '../../components/panel.tsx';
import { Progress } from '../../components/progress.tsx';
import { place } from '../../router.ts';
import type { Way } from '../../teach/lesson.ts';
import { classes } from '../../teach/project.ts';
import {
  discard,
  pause,
  resume,
  stale,
  start,
  type Training,
  taught,
  training,
} from '../../teach/training.ts';
import { useBaseModel } from './base-model.ts';

const WAYS: readonly { readonly value: Way; readonly label: string; readonly help: string }[] = [
  {
    value: 'head',
    label: 'Quick: what Harrier sees already',
    help: 'Keeps what the model has learned of things and animals, and learns how your classes differ in that. Seconds.',
  },
  {
    value: 'all',
    label: 'Thorough: the whole network',
    help: 'Changes all of the model. Slower, and better for images of another kind than photos of things.',
  },
  {
    value: 'scratch',
    label: 'From scratch: a new small network',
    help: 'Knows nothing at first. For hundreds of images of each class.',
  },
];

/** Begins a training, shows how it goes, and lets it be paused. */
export function TrainPanel() {
  const now = training.value;
  return (
    <Panel title="Train" class="train-panel">
      {now ? <Running training={now} /> : <Options />}
    </Panel>
  );
}

function Options() {
  const [way, setWay] = useState<Way>('head');
  const [epochs, setEpochs] = useState('');
  const [mirrored, setMirrored] = useState(true);
  const [more, setMore] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const base = useBaseModel();
  const all = classes.value ?? [];
  const images = all.reduce((total, each) => total + each.images.length, 0);
  const few = all.filter(({ images }) => images.length > 0 && images.length < 10);
  const epochsError =
    epochs !== '' && !/^[1-9]\d{0,3}$/.test(epochs.trim())
      ? 'A whole number from 1 to 9999, or nothing.'
      : undefined;
  const begin = () => {
    setProblem(undefined);
    try {
      const { backend } = place.peek().query;
      start(
        { way, mirrored, ...(epochs.trim() && { epochs: Number(epochs) }) },
        way === 'scratch' ? undefined : base.url,
        backend === 'wasm' || backend === 'webgpu' ? backend : 'auto',
      );
    } catch (error) {
      setProblem(error);
    }
  };
  const noBase = way !== 'scratch' && base.error !== undefined;
  return (
    <div class="stack">
      {stale.value && (
        <Message>
          The classes have changed since this model was taught: train again to see the difference.
        </Message>
      )}
      {problem !== undefined && <Message error={problem} onClose={() => setProblem(undefined)} />}
      {noBase && <Message title="There is no model to start from" error={base.error} onRetry={base.again} />}
      <div class="row train-row">
        <Button
          kind="primary"
          icon="play"
          onClick={begin}
          disabled={epochsError !== undefined || noBase}
          busy={way !== 'scratch' && base.loading}
        >
          {taught.value ? 'Train again' : 'Train'}
        </Button>
        <Button kind="quiet" aria-expanded={more} onClick={() => setMore(!more)}>
          {more ? 'Fewer options' : 'Options'}
        </Button>
      </div>
      {more && (
        <div class="stack train-options">
          <Select
            label="How"
            value={way}
            onValue={(value) => setWay(value as Way)}
            options={WAYS}
            help={WAYS.find(({ value }) => value === way)?.help}
          />
          <Input
            label="Epochs"
            value={epochs}
            onValue={setEpochs}
            inputMode="numeric"
            placeholder="what suits the number of images"
            help="How often it goes through all images."
            error={epochsError}
          />
          <Checkbox
            label="A mirror image is the same thing"
            checked={mirrored}
            onValue={setMirrored}
            help="Leave it out for what has a left and a right: gestures, letters, arrows."
          />
        </div>
      )}
      {images === 0 && !more && (
        <ol class="teach-steps">
          <li>
            <b>Show</b> a few images of each class: files, or what your webcam sees.
          </li>
          <li>
            <b>Train</b>: it takes seconds, because Harrier’s own model has seen 50,000 images before.
          </li>
          <li>
            <b>Try</b> on other images, and take the model away as one file.
          </li>
        </ol>
      )}
      {few.length > 0 && !taught.value && (
        <p class="note">
          It works from 2 images of each class, and well from about 20. A fifth of them is kept from training,
          to see what the model makes of images that it has never seen.
        </p>
      )}
    </div>
  );
}

function Running({ training: now }: { readonly training: Training }) {
  const { state, step, progress, history, engine, notes, error } = now;
  return (
    <div class="stack">
      {notes.map((note) => (
        <Message key={note}>{note}</Message>
      ))}
      {state === 'failed' && <Message title="The training has stopped" error={error} />}
      {state === 'paused' && (
        <Message title={history.length > 0 ? `Paused after epoch ${history.length}` : 'Paused'}>
          It goes on from there, also when you close this page and come back.
        </Message>
      )}
      {(state === 'running' || state === 'pausing') &&
        (step ? (
          <Progress
            label={`Epoch ${step.epoch} of ${step.epochs}`}
            done={step.step}
            total={step.steps}
            rate={`${step.imagesPerSecond < 10 ? step.imagesPerSecond.toFixed(1) : Math.round(step.imagesPerSecond)} images/s`}
            etaSeconds={step.etaSeconds}
          />
        ) : (
          <Progress
            label={sentence(progress?.what ?? 'starting')}
            done={progress?.done ?? 0}
            total={progress?.total ?? 0}
            format={progress?.unit === 'bytes' ? formatBytes : undefined}
          />
        ))}
      {history.length > 0 && <Curve training={now} />}
      <div class="row">
        {(state === 'running' || state === 'pausing') && (
          <Button icon="pause" onClick={pause} busy={state === 'pausing'} disabled={!step}>
            {state === 'pausing' ? 'Pausing …' : 'Pause'}
          </Button>
        )}
        {(state === 'paused' || state === 'failed') && (
          <Button kind="primary" icon="play" onClick={resume}>
            Go on
          </Button>
        )}
        <Button kind="quiet" icon="stop" onClick={discard}>
          Stop and discard
        </Button>
        {engine && <span class="note">{engine}</span>}
      </div>
    </div>
  );
}

function Curve({ training: { history } }: { readonly training: Training }) {
  const epochs = history.map(({ epoch }) => epoch);
  return (
    <Chart
      title="Classified rightly"
      xLabel="epoch"
      height={200}
      from={0}
      ceiling={1}
      format={(value) => formatPercent(value)}
      formatTick={(value) => `${Math.round(100 * value)}%`}
      series={[
        { name: 'trained on', color: '--series-1', x: epochs, y: history.map(({ accuracy }) => accuracy) },
        {
          name: 'held out',
          color: '--series-2',
          dashed: true,
          x: epochs,
          y: history.map(({ validationAccuracy }) => validationAccuracy ?? Number.NaN),
        },
      ]}
    />
  );
}

function sentence(what: string): string {
  return what[0].toUpperCase() + what.slice(1);
}
