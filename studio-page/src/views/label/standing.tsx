import { formatCount, formatPercent, formatQuantity } from 'harrier/src/format/format.ts';
import type { LabellingHead, LabellingInfo, MovedImages } from 'harrier/src/studio-server/api.ts';
import { useState } from 'preact/hooks';
import { apiUrl } from '../../api.ts';
import { Asking } from '../../components/asking.tsx';
import { Bars } from '../../components/bars.tsx';
import { LeftOut } from '../../components/left-out.tsx';
import { Message } from '../../components/message.tsx';
import { Panel } from '../../components/panel.tsx';
import { Progress } from '../../components/progress.tsx';
import { moveImages } from './labelling.ts';

/** How far labelling is, how good the model is by now, and where the labels are. */
export function Standing({ info }: { readonly info: LabellingInfo }) {
  const { images, labelled, classes, skipped, unusable, others } = info;
  return (
    <div class="standing stack">
      <Panel title="So far">
        <div class="stack">
          <Progress label="Labelled" done={labelled} total={images} unit="images" />
          {skipped > 0 && <p class="note">{formatCount(skipped)} skipped</p>}
          {classes.length > 0 && (
            <Bars
              label="Labelled images of each class"
              bars={classes.map(({ name, images: count }) => ({
                id: name,
                label: name,
                value: count,
                text: formatCount(count),
              }))}
            />
          )}
          <Model info={info} />
          {unusable.length > 0 && (
            <LeftOut
              summary={`${unusable.length === 1 ? '1 file cannot' : `${formatCount(unusable.length)} files cannot`} be read`}
              files={unusable.map(({ file, reason }) => ({ key: file, words: reason }))}
            />
          )}
          {others > 0 && (
            <p class="note">
              {others === 1 ? '1 file is no image' : `${formatCount(others)} files are no images`}, and left
              alone.
            </p>
          )}
        </div>
      </Panel>
      <TakeAway info={info} />
    </div>
  );
}

function Model({ info: { head, training } }: { readonly info: LabellingInfo }) {
  return (
    <div class="model-words">
      {head?.estimate && (
        <p>
          <b>{formatPercent(head.estimate.right / head.estimate.images, 0)}</b> {ESTIMATES[head.source]}{' '}
          <span class="note">
            {head.estimate.right} of {head.estimate.images}; 95% interval{' '}
            {formatPercent(head.estimate.interval[0], 0)} to {formatPercent(head.estimate.interval[1], 0)}.
            The images are chosen for being hard: others come out better.
          </span>
        </p>
      )}
      <p class="note">{training ? 'Learning from the new labels …' : learnedWords(head)}</p>
    </div>
  );
}

const ESTIMATES: Readonly<Record<LabellingHead['source'], string>> = {
  labels: 'of labels are found by a model that has not seen them',
  run: 'of your labels are what the run says',
};

function learnedWords(head: LabellingHead | undefined): string {
  if (!head) return 'The model proposes as soon as two classes have labels.';
  if (head.source === 'run') return 'The run proposes.';
  const at = new Date(head.at).toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  return `Learned from ${formatCount(head.images)} labels at ${at}.`;
}

function TakeAway({ info }: { readonly info: LabellingInfo }) {
  const [moved, setMoved] = useState<MovedImages>();
  const [error, setError] = useState<unknown>();
  const move = async () => {
    try {
      setMoved(await moveImages());
      setError(undefined);
    } catch (reason) {
      setError(reason);
    }
  };
  const few = info.classes.filter(({ images }) => images > 0).length < 2;
  return (
    <Panel title="Take away" note="Each label is saved as you give it.">
      <div class="stack">
        <p>
          <code>{info.list}</code>
        </p>
        {few ? (
          <p class="note">Two classes with labels are enough to train.</p>
        ) : (
          <p>
            Train on it: <code>{info.train}</code>
          </p>
        )}
        <div class="row">
          {info.labelled > 0 && (
            <a class="button plain" href={apiUrl('labelling/labels.csv')} download="labels.csv">
              Download the list
            </a>
          )}
          {info.labelled > 0 && (
            <Asking
              question={
                <>
                  Move {formatQuantity(info.labelled, 'labelled image')} into folders called after their
                  classes, in <code>{info.folder}</code>? No file is overwritten, and the list follows.
                </>
              }
              yes="Move"
              onYes={() => void move()}
            >
              Move into class folders …
            </Asking>
          )}
        </div>
        {error !== undefined && <Message title="They were not moved" error={error} />}
        {moved && (
          <Message kind="good">
            Moved {formatQuantity(moved.moved, 'image')}.
            {moved.left.length > 0 &&
              ` ${formatCount(moved.left.length)} stayed: ${moved.left
                .slice(0, 3)
                .map(({ file, reason }) => `${file}, ${reason}`)
                .join('; ')}.`}
          </Message>
        )}
      </div>
    </Panel>
  );
}
