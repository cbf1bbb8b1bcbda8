import { NODE_PROGRAM_NEEDS, PYTHON_PROGRAM_NEEDS } from 'harrier/src/evaluation/programs.ts';
import { formatBytes } from 'harrier/src/format/format.ts';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { Message } from '../../components/message.tsx';
import { Panel } from '../../components/panel.tsx';
import { type Tab, Tabs } from '../../components/tabs.tsx';
import { TAUGHT } from '../../inference/model.ts';
import { navigate } from '../../router.ts';
import type { PackageKind } from '../../teach/package-options.ts';
import { type Taught, taughtNotKept } from '../../teach/taught.ts';
import { ask } from '../../teach/tools.ts';
import { PackageTab } from './package-tab.tsx';
import { save } from './save.ts';
import { Snippet } from './snippet.tsx';

/** Programs of about ten lines that need `model.onnx` alone. */
type ProgramPlace = 'node' | 'python' | 'page';
type Place = ProgramPlace | PackageKind;

interface Program {
  readonly file: string;
  readonly type: string;
  /** What to do with it. */
  readonly use: ComponentChildren;
}

const TABS: readonly (Tab & { readonly id: Place })[] = [
  { id: 'node', label: 'Node' },
  { id: 'python', label: 'Python' },
  { id: 'page', label: 'Web page' },
  { id: 'npm', label: 'npm' },
  { id: 'transformers.js', label: 'transformers.js' },
];

const PROGRAMS: Readonly<Record<ProgramPlace, Program>> = {
  node: {
    file: 'classify.mjs',
    type: 'text/javascript',
    use: (
      <>
        Put both files beside <code>photo.jpg</code>, then run <code>npm install {NODE_PROGRAM_NEEDS}</code>{' '}
        and <code>node classify.mjs</code>.
      </>
    ),
  },
  python: {
    file: 'classify.py',
    type: 'text/x-python',
    use: (
      <>
        Put both files beside <code>photo.jpg</code>, then run <code>pip install {PYTHON_PROGRAM_NEEDS}</code>{' '}
        and <code>python classify.py</code>.
      </>
    ),
  },
  page: {
    file: 'index.html',
    type: 'text/html',
    use: <>Put both files on any web host. Images stay in the browser of the visitor.</>,
  },
};

/** The model as a file, programs that use it, and packages of it. */
export function TakeAway({ taught }: { readonly taught: Taught }) {
  const { model } = taught;
  const [place, setPlace] = useState<Place>('node');
  return (
    <Panel title="Take it away" note="One file, pixels in and probabilities out, for any ONNX Runtime.">
      <div class="stack">
        {taughtNotKept.value !== undefined && (
          <Message error={taughtNotKept.value}>
            This model is in this page only: download it, or save the project, before you close the page.
          </Message>
        )}
        <div class="row">
          <Button
            kind="primary"
            icon="download"
            onClick={() => save(new Blob([model], { type: 'application/octet-stream' }), 'model.onnx')}
          >
            model.onnx ({formatBytes(model.length)})
          </Button>
          <Button kind="quiet" icon="try" onClick={() => navigate('try', { model: TAUGHT })}>
            Open in Try
          </Button>
          <Button kind="quiet" icon="evaluate" onClick={() => navigate('evaluate', { model: TAUGHT })}>
            Evaluate
          </Button>
          <Button kind="quiet" icon="inspect" onClick={() => navigate('inspect', { model: TAUGHT })}>
            Inspect model
          </Button>
        </div>
        <Tabs
          label="A program that uses it"
          tabs={TABS}
          selected={place}
          onSelect={(id) => setPlace(id as Place)}
        >
          {place === 'npm' || place === 'transformers.js' ? (
            <PackageTab key={place} kind={place} taught={taught} />
          ) : (
            <ProgramTab place={place} model={model} />
          )}
        </Tabs>
      </div>
    </Panel>
  );
}

/** A program beside `model.onnx`. */
function ProgramTab({ place, model }: { readonly place: ProgramPlace; readonly model: Taught['model'] }) {
  const [programs, setPrograms] = useState<Readonly<Record<ProgramPlace, string>>>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    let current = true;
    ask('programs', model).then(
      (made) => current && setPrograms(made),
      (reason) => current && setError(reason),
    );
    return () => {
      current = false;
    };
  }, [model]);
  const { file, type, use } = PROGRAMS[place];
  const text = programs?.[place] ?? '';
  return (
    <div class="stack">
      {error !== undefined && <Message error={error} />}
      <Snippet label={file} text={text}>
        <Button icon="download" disabled={text === ''} onClick={() => save(new Blob([text], { type }), file)}>
          {file}
        </Button>
      </Snippet>
      <p class="note">{use}</p>
    </div>
  );
}
