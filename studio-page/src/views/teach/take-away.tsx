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
import type { Taught } from '../../teach/taught.ts';
import { ask } from '../../teach/tools.ts';
import { save } from './save.ts';

type Place = 'node' | 'python' | 'page';

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
];

const PROGRAMS: Readonly<Record<Place, Program>> = {
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

/** The model as a file, and programs that use it. */
export function TakeAway({ taught: { model } }: { readonly taught: Taught }) {
  const [place, setPlace] = useState<Place>('node');
  const [programs, setPrograms] = useState<Readonly<Record<Place, string>>>();
  const [error, setError] = useState<unknown>();
  const [copied, setCopied] = useState<boolean>();
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
  const choose = (id: string) => {
    setPlace(id as Place);
    setCopied(undefined);
  };
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  return (
    <Panel title="Take it away" note="One file, pixels in and probabilities out, for any ONNX Runtime.">
      <div class="stack">
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
          <Button kind="quiet" icon="inspect" onClick={() => navigate('inspect', { model: TAUGHT })}>
            Inspect model
          </Button>
        </div>
        {error !== undefined && <Message error={error} />}
        <Tabs label="A program that uses it" tabs={TABS} selected={place} onSelect={choose}>
          <div class="stack">
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
            <section class="scroll" tabIndex={0} aria-label={file}>
              <pre class="snippet">
                <code>{text}</code>
              </pre>
            </section>
            <div class="row">
              <Button
                icon="download"
                disabled={text === ''}
                onClick={() => save(new Blob([text], { type }), file)}
              >
                {file}
              </Button>
              <Button kind="quiet" disabled={text === ''} onClick={copy}>
                {copied ? 'Copied' : 'Copy'}
              </Button>
            </div>
            {copied === false && (
              <p class="note">The browser does not let pages copy: select the text instead.</p>
            )}
            <p class="note">{use}</p>
          </div>
        </Tabs>
      </div>
    </Panel>
  );
}
