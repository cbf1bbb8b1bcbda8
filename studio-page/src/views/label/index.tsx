import type { LabellingInfo } from 'harrier/src/studio-server/api.ts';
import { useEffect } from 'preact/hooks';
import { Empty } from '../../components/empty.tsx';
import { Loading } from '../../components/loading.tsx';
import { Message } from '../../components/message.tsx';
import { Progress } from '../../components/progress.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { place, setQuery } from '../../router.ts';
import { loadStudio, studio, studioError } from '../../studio.ts';
import { Together } from './together.tsx';
import './label.css';
import { follow, labelling, opening, refresh, refused } from './labelling.ts';
import { OneByOne } from './one-by-one.tsx';
import { Standing } from './standing.tsx';

/** Unsorted images get their labels: the model proposes, the user confirms. */
export default function Label() {
  const state = studio.value;
  if (!state && studioError.value !== undefined) {
    return <Message error={studioError.value} onRetry={() => void loadStudio()} />;
  }
  if (!state) return <Loading what="the images" />;
  if (!state.canLabel) {
    return (
      <>
        <header class="view-head">
          <h1>Label</h1>
        </header>
        <Empty icon="label" title="No folder is labelled here">
          Start Studio with one: <code>npx harrier label FOLDER --classes ants,bees</code>, or with{' '}
          <code>--from latest</code> to have a run propose its classes.
        </Empty>
      </>
    );
  }
  return <Folder />;
}

function Folder() {
  useEffect(follow, []);
  const answer = labelling.value;
  if (!answer) {
    return refused.value === undefined ? (
      <Loading what="the images" />
    ) : (
      <Message error={refused.value} onRetry={refresh} />
    );
  }
  return (
    <>
      <header class="view-head">
        <div>
          <h1>Label</h1>
          <p class="note">
            <code>{answer.folder}</code>
          </p>
        </div>
      </header>
      {answer.state === 'failed' && (
        <Message title="The images cannot be read">
          {answer.error.message} Start <code>npx harrier label</code> again once that is mended.
        </Message>
      )}
      {answer.state === 'opening' && <Opening />}
      {answer.state === 'ready' && <Ready info={answer} />}
    </>
  );
}

function Opening() {
  const progress = opening.value;
  if (!progress) return <Loading what="the images" />;
  const { what, done, total, unit } = progress;
  return (
    <div class="opening">
      <Progress label={`${what[0].toUpperCase()}${what.slice(1)}`} done={done} total={total} unit={unit} />
    </div>
  );
}

function Ready({ info }: { readonly info: LabellingInfo }) {
  const isTogether = place.value.query.mode === 'together';
  const { batch } = info;
  return (
    <div class="labelling">
      <div class="stack">
        {refused.value !== undefined && (
          <Message
            title="This was not saved"
            error={refused.value}
            onClose={() => {
              refused.value = undefined;
            }}
          />
        )}
        <Tabs
          label="How to label"
          tabs={[
            { id: 'one', label: 'One by one' },
            { id: 'together', label: batch ? `Together (${batch.total})` : 'Together' },
          ]}
          selected={isTogether ? 'together' : 'one'}
          onSelect={(id) => setQuery({ mode: id === 'one' ? undefined : id }, { replace: true })}
        >
          {isTogether ? <Together info={info} /> : <OneByOne info={info} />}
        </Tabs>
      </div>
      <Standing info={info} />
    </div>
  );
}
