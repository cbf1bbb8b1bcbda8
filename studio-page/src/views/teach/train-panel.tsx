import { formatBytes, formatPercent } from 'harrier/src/format/format.ts';
import type { BackboneInfo } from 'harrier/src/studio-server/api.ts';
import { useEffect, useState } from 'preact/hooks';
import { apiUrl } from '../../api.ts';
import { Button } from '../../components/button.tsx';
import { Chart } from '../../components/chart.tsx';
import { Checkbox, Input, Select } from '../../components/field.tsx';
import { Message } from '../../components/message.tsx';
import { Panel } from '../../components/panel.tsx';
import { Progress } from '../../components/progress.tsx';
import { place } from '../../router.ts';
import { lookAtImages, looked } from '../../teach/features.ts';
import type { Way } from '../../teach/lesson.ts';
import type { PageBackbone } from '../../teach/messages.ts';
import { type ChosenOptions, options, setOptions } from '../../teach/options.ts';
import { classes } from '../../teach/project.ts';
import { taught } from '../../teach/taught.ts';
import { discard, pause, resume, stale, start, type Training, training } from '../../teach/training.ts';
import { useBackbone, useBaseModel } from './base-model.ts';

const WAYS: readonly { readonly value: Way; readonly label: string; readonly help: string }[] = [
  {
    value: 'features',
    label: 'Best: a network that knows a million photos',
    help: 'Looks at each image once with a pretrained network, and learns how your classes differ in what it sees. Seconds.',
  },
  {
    value: 'head',
    label: 'Small: what Harrier’s own model sees',
    help: 'Keeps what a small model has learned of things and animals, and learns how your classes differ in that. Seconds.',
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
  const { way: chosen, epochs, mirrored } = options.value;
  const choose = (change: Partial<ChosenOptions>) => setOptions({ ...options.peek(), ...change });
  const [shown, setShown] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const base = useBaseModel();
  const info = useBackbone();
  // The project may come from a Studio that has a pretrained network.
  const way = chosen && (chosen !== 'features' || info) ? chosen : info ? 'features' : 'head';
  const backbone = info
    ? { url: apiUrl('backbone/model.onnx'), name: info.name, hash: info.hash }
    : undefined;
  // Images are looked at as they come, so that training has little left to do.
  useEffect(() => {
    if (way !== 'features' || !backbone) return;
    return lookAtImages(backbone, mirrored);
  }, [way, backbone?.hash, mirrored]);
  const all = classes.value ?? [];
  const images = all.reduce((total, each) => total + each.images.length, 0);
  const few = all.filter(({ images }) => images.length > 0 && images.length < 10);
  const epochsError =
    way !== 'features' && epochs !== '' && !/^[1-9]\d{0,3}$/.test(epochs.trim())
      ? 'A whole number from 1 to 9999, or nothing.'
      : undefined;
  // What keeps it from training is seen.
  const more = shown || epochsError !== undefined;
  const begin = () => {
    setProblem(undefined);
    try {
      const { backend } = place.peek().query;
      start(
        { way, mirrored, ...(epochs.trim() && way !== 'features' && { epochs: Number(epochs) }) },
        modelOf(way, base.url, backbone),
        backend === 'wasm' || backend === 'webgpu' ? backend : 'auto',
      );
    } catch (error) {
      setProblem(error);
    }
  };
  const needsBase = way === 'head' || way === 'all';
  const noBase = needsBase && base.error !== undefined;
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
          busy={info === undefined || (needsBase && base.loading)}
        >
          {taught.value ? 'Train again' : 'Train'}
        </Button>
        <Button kind="quiet" aria-expanded={more} onClick={() => setShown(!more)}>
          {more ? 'Fewer options' : 'Options'}
        </Button>
      </div>
      {more && (
        <div class="stack train-options">
          <Select
            label="How"
            value={way}
            onValue={(value) => choose({ way: value as Way })}
            options={WAYS.filter(({ value }) => value !== 'features' || info)}
            help={WAYS.find(({ value }) => value === way)?.help}
          />
          {way !== 'features' && (
            <Input
              label="Epochs"
              value={epochs}
              onValue={(value) => choose({ epochs: value })}
              inputMode="numeric"
              placeholder="what suits the number of images"
              help="How often it goes through all images."
              error={epochsError}
            />
          )}
          <Checkbox
            label="A mirror image is the same thing"
            checked={mirrored}
            onValue={(value) => choose({ mirrored: value })}
            help="Leave it out for what has a left and a right: gestures, letters, arrows."
          />
        </div>
      )}
      {way === 'features' && info && images > 0 && <Looking info={info} />}
      {images === 0 && !more && (
        <ol class="teach-steps">
          <li>
            <b>Show</b> a few images of each class: files, or what your webcam sees.
          </li>
          <li>
            <b>Train</b>: it takes seconds, because the model has seen{' '}
            {info ? 'a million photos' : '50,000 images'} before.
          </li>
          <li>
            <b>Try</b> on other images, and take the model away as one file.
          </li>
        </ol>
      )}
      {few.length > 0 && !taught.value && (
        <p class="note">
          It works from 2 images of each class, and well from about 20.{' '}
          {way === 'features'
            ? 'Each image is held out once, to see what a model makes of it that has never seen it.'
            : 'A fifth of them is kept from training, to see what the model makes of images that it has never seen.'}
        </p>
      )}
    </div>
  );
}

/** What a training begins with. */
function modelOf(way: Way, from: string | undefined, backbone: PageBackbone | undefined) {
  if (way === 'features') return { backbone };
  return way === 'scratch' || from === undefined ? {} : { from };
}

/** How far the pretrained network is with the images, and what should be known of it. */
function Looking({ info }: { readonly info: BackboneInfo }) {
  const { done, total, milliseconds, error } = looked.value;
  if (error !== undefined) return <Message title={`${info.name} cannot look at the images`} error={error} />;
  const speed =
    milliseconds === undefined ? '' : `, ${Math.round(milliseconds)} ms for each view of an image`;
  return (
    <p class="note looking">
      {total === 0
        ? `${info.name} looks at images as they come.`
        : done < total
          ? `${info.name} looks at the images: ${done} of ${total}${speed}.`
          : `${info.name} has seen all images${speed}.`}
      {info.license && ` It is under ${info.license}.`} {info.warning}
    </p>
  );
}

function Running({ training: now }: { readonly training: Training }) {
  const { state, step, progress, history, engine, notes, error, job, unkept } = now;
  if (state === 'elsewhere') {
    return (
      <Message title="Another tab is training">
        This one shows what it has learned when it is done. It can go on here once it is paused there, or that
        tab is closed.
      </Message>
    );
  }
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
        {(state === 'running' || state === 'pausing') && job.way !== 'features' && (
          <Button
            icon="pause"
            onClick={pause}
            busy={state === 'pausing'}
            disabled={!step || unkept}
            title={unkept ? 'This browser keeps nothing of the training: it would be lost.' : undefined}
          >
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
