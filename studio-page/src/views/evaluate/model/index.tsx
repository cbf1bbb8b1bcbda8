import { formatCount, formatQuantity } from 'harrier/src/format/format.ts';
import type { Split } from 'harrier/src/studio-server/api.ts';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../../../components/button.tsx';
import { Select } from '../../../components/field.tsx';
import { FolderZone } from '../../../components/folder-zone.tsx';
import { HiddenPixels } from '../../../components/hidden-pixels.tsx';
import { LeftOut } from '../../../components/left-out.tsx';
import { Link } from '../../../components/link.tsx';
import { Message } from '../../../components/message.tsx';
import { Panel } from '../../../components/panel.tsx';
import { Progress } from '../../../components/progress.tsx';
import { splitsOf, useDataset } from '../../../datasets.ts';
import { type ChosenModel, useModel } from '../../../inference/model.ts';
import { ModelBar, ModelState, NoModel } from '../../../inference/model-bar.tsx';
import type { OpenedModel } from '../../../inference/protocol.ts';
import { exported } from '../../../router.ts';
import { studio } from '../../../studio.ts';
import { evaluateOn, evaluating } from './evaluating.ts';
import { imagesOfFiles, type LabelledImages } from './labelled.ts';
import { imagesOfDataset } from './labelled-dataset.ts';
import './model.css';
import { Results } from './results.tsx';

/** How good a model is on images that the user has: a taught one, a run's, or a file. */
export function EvaluateModel() {
  const chosen = useModel();
  return (
    <>
      <header class="view-head">
        <div>
          <h1>Evaluate</h1>
          <p class="note">
            A model on labelled images of yours. <Link view="evaluate">To the results of runs</Link>
          </p>
        </div>
        {chosen.id !== undefined && <ModelBar chosen={chosen} />}
      </header>
      <HiddenPixels />
      {chosen.id === undefined ? (
        <NoModel chosen={chosen} icon="evaluate" />
      ) : (
        <>
          <ModelState chosen={chosen} />
          {chosen.opened && <Opened chosen={chosen} model={chosen.opened} />}
        </>
      )}
    </>
  );
}

function Opened({ chosen, model }: { readonly chosen: ChosenModel; readonly model: OpenedModel }) {
  const now = evaluating.value;
  const key = chosen.key!;
  // One that failed is shown also where the model runs on another engine since.
  const isSame =
    now?.model === key || (now?.state === 'failed' && now.model.startsWith(`${chosen.weights} `));
  const mine = isSame ? now : undefined;
  // Images that were listed for long may come after others were chosen, or another model.
  const begun = useRef(0);
  useLayoutEffect(() => () => void begun.current++, [key]);
  if (model.thresholds) {
    return (
      <Message title="This model gives images any number of labels">
        Evaluate it in a terminal: <code>npx harrier evaluate MODEL --data LIST</code>.
      </Message>
    );
  }
  const begin = (images: LabelledImages) => {
    begun.current++;
    void evaluateOn(key, model.classNames, images);
  };
  const beginListed = async (listing: Promise<LabelledImages>) => {
    const own = ++begun.current;
    try {
      const images = await listing;
      if (own === begun.current) begin(images);
    } catch (error) {
      if (own === begun.current) throw error;
    }
  };
  return (
    <div class="evaluate">
      <Panel
        title="Images to evaluate it on"
        note={`A folder for each class: ${someOf(model.classNames)}. Take images that the model has not learned from: it knows the others.`}
      >
        <div class="evaluate-images">
          <FolderZone
            title="Drop folders of images here"
            note="Images stay in this browser."
            onFiles={(files) => begin(imagesOfFiles(files, model.classNames))}
          />
          {!exported && studio.value && studio.value.datasets.length > 0 && (
            <KnownData model={model} datasets={studio.value.datasets} onListing={beginListed} />
          )}
        </div>
      </Panel>
      {mine && <State />}
      {mine?.result && <Results result={mine.result} on={mine.data.name} />}
    </div>
  );
}

/** A data set of the server. */
function KnownData(props: {
  readonly model: OpenedModel;
  readonly datasets: readonly string[];
  readonly onListing: (images: Promise<LabelledImages>) => Promise<void>;
}) {
  const { model, datasets, onListing } = props;
  const [id, setId] = useState('');
  const [split, setSplit] = useState<Split>();
  const [error, setError] = useState<unknown>();
  const { facts, error: refused, loading, again } = useDataset(id === '' ? undefined : id);
  const parts = facts ? splitsOf(facts) : [];
  const part =
    split !== undefined && parts.includes(split) ? split : parts.includes('test') ? 'test' : parts[0];
  const start = () => {
    setError(undefined);
    onListing(imagesOfDataset(facts!, part, model.classNames)).catch(setError);
  };
  return (
    <div class="stack">
      <Select
        label="Or a data set of this Studio"
        value={id}
        onValue={setId}
        options={[{ value: '', label: 'choose one' }, ...datasets.map((value) => ({ value, label: value }))]}
      />
      {facts && (
        <>
          <Select
            label="Part"
            value={part}
            onValue={(value) => setSplit(value as Split)}
            options={parts.map((value) => ({
              value,
              label: `${value}, ${formatQuantity(facts.splits[value]!.size, 'image')}`,
            }))}
          />
          <div class="row">
            <Button kind="primary" icon="evaluate" onClick={start}>
              Evaluate
            </Button>
          </div>
        </>
      )}
      {id !== '' && !facts && loading && <p class="note">Opening it …</p>}
      {(refused ?? error) !== undefined && <Message error={refused ?? error} onRetry={again} />}
    </div>
  );
}

/** How far it is, and what was left out. */
function State() {
  const { state, done, total, unread, data, error } = evaluating.value!;
  const leftOut = [...data.leftOut].map(([name, count]) => `${name} (${formatQuantity(count, 'image')})`);
  return (
    <>
      {state === 'running' && (
        <Panel title={`Evaluating on ${data.name}`}>
          <div class="stack">
            <Progress label="Classifying" done={done} total={total} unit="images" />
            <div class="row">
              <Button
                onClick={() => {
                  evaluating.value = undefined;
                }}
              >
                Stop
              </Button>
            </div>
          </div>
        </Panel>
      )}
      {state === 'failed' && (
        <Message
          title="It was not evaluated"
          error={total === 0 ? 'No folder is called like a class of the model.' : error}
        />
      )}
      {leftOut.length > 0 && (
        <Message>Left out, because the model has no such class: {someOf(leftOut)}.</Message>
      )}
      {unread.length > 0 && (
        <LeftOut
          summary={
            unread.length === 1
              ? '1 file is no usable image'
              : `${formatCount(unread.length)} files are no usable images`
          }
          files={unread.map(({ name, message }) => ({ key: name, words: message }))}
        />
      )}
    </>
  );
}

const NAMED = 8;

/** The first few of a list, in words. */
function someOf(names: readonly string[]): string {
  const more = names.length - NAMED;
  return `${names.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${formatCount(more)} more` : ''}`;
}
