import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { Message } from '../../components/message.tsx';
import { Progress } from '../../components/progress.tsx';
import { offerProject, opening, openProject, savedProject } from '../../teach/open-project.ts';
import { PROJECT_FILE } from '../../teach/project-file.ts';
import { save } from './save.ts';

/** Downloads classes, images and model as one file. */
export function SaveProject() {
  const [busy, setBusy] = useState(false);
  const begin = async () => {
    setBusy(true);
    try {
      save(await savedProject(), PROJECT_FILE);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button kind="quiet" icon="download" busy={busy} onClick={() => void begin()}>
      Save project
    </Button>
  );
}

/** Chooses such a file, or any zip archive of folders of images. */
export function OpenProject() {
  const picker = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button kind="quiet" icon="upload" onClick={() => picker.current?.click()}>
        Open project
      </Button>
      <input
        ref={picker}
        type="file"
        accept=".zip"
        hidden
        aria-label="Project file"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = '';
          if (file) void offerProject(file);
        }}
      />
    </>
  );
}

/** What becomes of a file that was chosen: a question, how far it is, or why it cannot be opened. */
export function Opening() {
  const now = opening.value;
  const question = useRef<HTMLDivElement>(null);
  // Before the next key is pressed.
  useLayoutEffect(() => question.current?.querySelector('button')?.focus(), [now?.state]);
  const close = () => {
    opening.value = undefined;
  };
  if (!now) return null;
  const { file, state, done = 0, total = 0, error } = now;
  if (state === 'failed') {
    return <Message title={`${file.name} was not opened`} error={error} onClose={close} />;
  }
  if (state === 'reading') return <Progress label={`Reading ${file.name}`} done={done} total={total} />;
  return (
    <div
      ref={question}
      class="row open-project"
      role="alertdialog"
      aria-label="Open project"
      onKeyDown={(event) => {
        if (event.key === 'Escape') close();
      }}
    >
      <span>Open {file.name}: what should become of the images that are here?</span>
      <Button kind="primary" onClick={() => void openProject('add')}>
        Keep them and add
      </Button>
      <Button kind="danger" icon="trash" onClick={() => void openProject('replace')}>
        Replace them
      </Button>
      <Button kind="quiet" onClick={close}>
        Cancel
      </Button>
    </div>
  );
}
