import { formatBytes, formatPercent } from 'harrier/src/format/format.ts';
import type { ModelInfo } from 'harrier/src/studio-server/api.ts';
import { useRef } from 'preact/hooks';
import { Button } from '../components/button.tsx';
import { Empty } from '../components/empty.tsx';
import { Select } from '../components/field.tsx';
import type { IconName } from '../components/icon.tsx';
import { Link } from '../components/link.tsx';
import { Loading } from '../components/loading.tsx';
import { Message } from '../components/message.tsx';
import { Progress } from '../components/progress.tsx';
import { type ChosenModel, chooseBackend, chooseFile, chooseModel, TAUGHT } from './model.ts';
import './model-bar.css';

const BACKENDS = [
  { value: 'auto', label: 'Runs on the fastest engine' },
  { value: 'webgpu', label: 'Runs on graphics (WebGPU)' },
  { value: 'wasm', label: 'Runs on the processor (WebAssembly)' },
];

/** Why a view of models has none to show: they are still asked for, cannot be had, or there are none. */
export function NoModel({
  chosen: { models, isWaiting },
  icon,
}: {
  readonly chosen: ChosenModel;
  readonly icon: IconName;
}) {
  if (models.value && !isWaiting) {
    return (
      <Empty isView icon={icon} title="There is no model yet">
        <Link view="train">Train one</Link>, <Link view="teach">teach one</Link>, or open a model file.
      </Empty>
    );
  }
  if (models.error === undefined) return <Loading what="models" />;
  return <Message error={models.error} onRetry={models.again} />;
}

/** Which model answers. */
export function ModelBar({ chosen }: { readonly chosen: ChosenModel }) {
  const { models, id, fileName, isTaught } = chosen;
  const picker = useRef<HTMLInputElement>(null);
  const options = [
    ...(models.value ?? []).map((facts) => ({ value: facts.id, label: nameOf(facts) })),
    ...(isTaught ? [{ value: TAUGHT, label: 'Taught in this browser' }] : []),
    ...(fileName === undefined ? [] : [{ value: 'file', label: fileName }]),
  ];
  return (
    <div class="model-bar">
      {options.length > 0 && (
        <Select label="Model" unseen value={id ?? ''} options={options} onValue={chooseModel} />
      )}
      <Button kind="quiet" icon="upload" onClick={() => picker.current?.click()}>
        Open a model file
      </Button>
      <input
        ref={picker}
        type="file"
        accept=".onnx"
        hidden
        aria-label="Model file"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = '';
          if (file) chooseFile(file);
        }}
      />
    </div>
  );
}

/** What runs the model, and a choice of what should. */
export function BackendChoice({ chosen }: { readonly chosen: ChosenModel }) {
  return (
    <div class="backend-choice">
      <Select
        label="What runs the model"
        unseen
        value={chosen.backend}
        options={BACKENDS}
        onValue={chooseBackend}
      />
    </div>
  );
}

/** As the worker says it: what comes compressed has no length of its own. */
const DOWNLOADING = 'downloading the model';

/** How far the model is, or why it cannot be used; nothing once it is ready. */
export function ModelState({ chosen }: { readonly chosen: ChosenModel }) {
  const { opened, error, progress, facts, again, note } = chosen;
  if (error !== undefined) return <Message title="This model cannot be used" error={error} onRetry={again} />;
  if (opened) {
    const notes = [note, opened.note].filter((each) => each !== undefined);
    return notes.length === 0 ? null : <Message>{notes.join(' ')}</Message>;
  }
  const { what = 'Starting', done = 0, total = 0, unit } = progress ?? {};
  return (
    <Progress
      label={`${what[0].toUpperCase()}${what.slice(1)}`}
      done={done}
      total={total || (what === DOWNLOADING ? (facts?.bytes ?? 0) : 0)}
      format={unit === 'bytes' ? formatBytes : undefined}
    />
  );
}

function nameOf({ name, source, accuracy }: ModelInfo): string {
  const words = [
    source === 'shipped' ? `${name} (comes with Harrier)` : name,
    ...(accuracy === undefined ? [] : [formatPercent(accuracy, 1)]),
  ];
  return words.join(' · ');
}
