import { formatCount, formatQuantity } from 'harrier/src/format/format.ts';
import { useState } from 'preact/hooks';
import { Button } from '../../../components/button.tsx';
import { Input } from '../../../components/field.tsx';
import { FolderZone } from '../../../components/folder-zone.tsx';
import { LeftOut } from '../../../components/left-out.tsx';
import { Link } from '../../../components/link.tsx';
import { Message } from '../../../components/message.tsx';
import { Panel } from '../../../components/panel.tsx';
import { Progress } from '../../../components/progress.tsx';
import type { DroppedFile } from '../../../dropped.ts';
import { studio } from '../../../studio.ts';
import { addData, adding, cancelAdding, resumeAdding } from './adding.ts';
import './add.css';

/** Makes a data set of folders that are dropped, in the folder that the server was given for it. */
export function AddData() {
  const folder = studio.value?.dataFolder;
  return (
    <>
      <header class="view-head">
        <div>
          <h1>Add data</h1>
          <p class="note">
            {folder === undefined ? 'Studio has no folder for data sets yet.' : `Data sets go to ${folder}.`}
          </p>
        </div>
      </header>
      {folder === undefined ? (
        <Panel title="Start Studio with a folder for data sets">
          <p>
            <code>npx harrier studio --data-folder ./my-data</code> keeps the data sets that are made here in{' '}
            <code>./my-data</code>. Folders of images that lie on this machine already need no copy:{' '}
            <code>npx harrier studio --data ./photos</code>.
          </p>
        </Panel>
      ) : (
        <Making />
      )}
    </>
  );
}

function Making() {
  const [files, setFiles] = useState<readonly DroppedFile[]>([]);
  const [name, setName] = useState('');
  const now = adding.value;
  if (now?.state === 'sending') return <Sending />;
  if (now?.state === 'done') return <Done />;
  const take = (taken: readonly DroppedFile[]) => {
    setFiles(taken);
    const folders = new Set(taken.map(({ path }) => path.split('/')[0]));
    if (name === '' && folders.size === 1 && taken[0].path.split('/').length > 2) setName([...folders][0]);
  };
  const classes = classesOf(files);
  return (
    <form
      class="add-data"
      onSubmit={(event) => {
        event.preventDefault();
        void addData(name.trim(), files);
      }}
    >
      {now?.state === 'failed' && (
        <>
          {now.unsent ? (
            <Message
              title="The data set is not complete"
              error={now.error}
              onRetry={() => void resumeAdding()}
            >
              {formatCount(now.done)} of {formatQuantity(now.total, 'file')} arrived and are kept.
            </Message>
          ) : (
            <Message title="The data set was not made" error={now.error} />
          )}
          <RefusedList />
        </>
      )}
      <FolderZone
        title={files.length === 0 ? 'Drop folders of images here' : 'Drop other folders in their place'}
        note="A folder for each class, alone or in folders train and test. Your files are copied."
        onFiles={take}
      />
      {files.length > 0 && (
        <Panel
          title={`${formatQuantity(files.length, 'file')} in ${formatQuantity(classes.length, 'folder')}`}
        >
          <div class="stack">
            <ul class="add-classes">
              {classes.map(({ folder, count }) => (
                <li key={folder}>
                  {folder} <span>{formatCount(count)}</span>
                </li>
              ))}
            </ul>
            <Input label="Name of the data set" value={name} onValue={setName} />
            <div class="row">
              <Button kind="primary" type="submit" icon="upload" disabled={name.trim() === ''}>
                Make the data set
              </Button>
            </div>
          </div>
        </Panel>
      )}
    </form>
  );
}

function Sending() {
  const { name, done, total } = adding.value!;
  return (
    <Panel title={`Making ${name}`}>
      <div class="stack">
        <Progress label="Copying images" done={done} total={total} unit="files" />
        <RefusedList />
        <div class="row">
          <Button onClick={cancelAdding}>Cancel</Button>
        </div>
      </div>
    </Panel>
  );
}

function Done() {
  const { name, made } = adding.value!;
  const { id, images, classes } = made!;
  return (
    <Panel title={`${name} is there`}>
      <div class="stack">
        <p role="status">
          {formatQuantity(images, 'image')} of {formatQuantity(classes, 'class', 'classes')}.
        </p>
        <RefusedList />
        <div class="row">
          <Link class="button primary" view="data" query={{ data: id }}>
            Look at it
          </Link>
          <Link class="button" view="train" query={{ new: 1, data: id }}>
            Train on it
          </Link>
          <Button kind="quiet" onClick={cancelAdding}>
            Add more data
          </Button>
        </div>
      </div>
    </Panel>
  );
}

/** Files that were not taken. */
function RefusedList() {
  const { refused } = adding.value!;
  if (refused.length === 0) return null;
  return (
    <LeftOut
      summary={`${formatQuantity(refused.length, 'file was', 'files were')} left out`}
      files={refused.map(({ path, message }) => ({ key: path, words: message }))}
    />
  );
}

/** Folders with the number of their files, as they lie beside each other. */
function classesOf(files: readonly DroppedFile[]): { readonly folder: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const { path } of files) {
    const folder = path.split('/').slice(-3, -1).join(' / ') || 'no folder';
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts]
    .map(([folder, count]) => ({ folder, count }))
    .sort((a, b) => (a.folder < b.folder ? -1 : 1));
}
