import {
  PACKAGE_NEEDS,
  packageProgram,
  TRANSFORMERS,
  transformersProgram,
} from 'harrier/src/publishing/programs.ts';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { Input } from '../../components/field.tsx';
import { Message } from '../../components/message.tsx';
import { home } from '../../router.ts';
import { estimateOf } from '../../teach/estimate.ts';
import { folderOf, PACKAGE_VERSION, type PackageKind } from '../../teach/package-options.ts';
import type { Taught } from '../../teach/taught.ts';
import { ask } from '../../teach/tools.ts';
import { save } from './save.ts';
import { Snippet } from './snippet.tsx';

interface Kind {
  readonly type: string;
  readonly file: (name: string) => string;
  readonly program: (name: string) => string;
  readonly use: (name: string) => ComponentChildren;
}

const KINDS: Readonly<Record<PackageKind, Kind>> = {
  npm: {
    type: 'application/gzip',
    file: (name) => `${folderOf(name)}-${PACKAGE_VERSION}.tgz`,
    program: packageProgram,
    use: (name) => (
      <>
        A package with the model, types that know its classes, and all code but ONNX Runtime:{' '}
        <code>
          npm install ./{folderOf(name)}-{PACKAGE_VERSION}.tgz {PACKAGE_NEEDS}
        </code>
        . In pages it takes <code>onnxruntime-web</code> instead. Its README says more; check LICENSE.md
        before you publish it.
      </>
    ),
  },
  'transformers.js': {
    type: 'application/zip',
    file: (name) => `${folderOf(name)}-transformers.zip`,
    program: (name) => transformersProgram(folderOf(name), false),
    use: () => (
      <>
        Unpack it beside <code>photo.jpg</code> and this program, and run{' '}
        <code>npm install {TRANSFORMERS}</code>. The folder has the form of a repository of the Hugging Face
        hub, with a model card.
      </>
    ),
  },
};

/** The model as a package under a name of the user's, and a program that uses it. */
export function PackageTab({ kind, taught }: { readonly kind: PackageKind; readonly taught: Taught }) {
  const [name, setName] = useState('my-classes');
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const { type, file, program, use } = KINDS[kind];
  const wanted = name.trim();
  const take = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const codeUrl = new URL('harrier-run.json', home).href;
      const options = { name: wanted, codeUrl, estimate: estimateOf(taught.outcome) };
      save(new Blob([await ask('package', kind, taught.model, options)], { type }), file(wanted));
    } catch (reason) {
      setError(reason);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void take();
      }}
    >
      <Input label="Name" value={name} onValue={setName} help="As npm takes it: my-classes, @acme/parts." />
      {error !== undefined && <Message error={error} />}
      <Snippet label="A program that uses it" text={wanted === '' ? '' : program(wanted)}>
        <Button type="submit" icon="download" busy={isBusy} disabled={wanted === ''}>
          {file(wanted || '…')}
        </Button>
      </Snippet>
      <p class="note">{use(wanted)}</p>
    </form>
  );
}
