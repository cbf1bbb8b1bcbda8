import { formatCount } from 'harrier/src/format/format.ts';
import type {
  CorrectionChange,
  DatasetInfo,
  ImageEntry,
  ImageList,
  Split,
} from 'harrier/src/studio-server/api.ts';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { apiUrl, getJson } from '../api.ts';
import { Button } from '../components/button.tsx';
import { Checkbox, Select } from '../components/field.tsx';
import { SheetImage } from '../components/image.tsx';
import { Lightbox } from '../components/lightbox.tsx';
import { Message } from '../components/message.tsx';
import { contentIn, imagesAt, imageUrl } from '../datasets.ts';
import { useLoad } from '../load.ts';
import { exported } from '../router.ts';
import type { Corrections } from './corrections.ts';
import { labelOf, labelWords } from './entries.ts';
import './image-lightbox.css';
import { AsSeen } from './as-seen.tsx';
import { Undo } from './undo.tsx';

export interface ImageLightboxProps {
  readonly facts: DatasetInfo;
  readonly split: Split;
  readonly index: number;
  /** Where it is known already. */
  readonly entry?: ImageEntry | undefined;
  readonly corrections: Corrections;
  /** The run whose model is to see it; by default the newest with this data. */
  readonly run?: string;
  /** Its place in what is gone through: `4 of 244`. */
  readonly note?: string;
  readonly onPrevious?: (() => void) | undefined;
  readonly onNext?: (() => void) | undefined;
  readonly onClose: () => void;
  /** What else there is to say about it. */
  readonly children?: ComponentChildren;
}

/** One image in its own shape and size, as a model sees it, and its label, which can be corrected. */
export function ImageLightbox(props: ImageLightboxProps) {
  const { facts, split, index, entry: given, corrections, run, children, ...moves } = props;
  // A link may lead to an image that no list has come to; and every correction, which comes as new facts, changes it.
  const asked = useLoad(
    given ? undefined : `entry ${facts.id} ${split} ${index}`,
    (signal) =>
      getJson<ImageList>(`datasets/${facts.id}/${split}/images`, {
        parameters: { offset: index, limit: 1 },
        signal,
      }),
    facts,
  );
  // Without a server there is one list, of all images.
  const entry = given ?? asked.value?.images.find((each) => each.index === index);
  const name = entry ? labelWords(entry, facts.classNames) : `Image ${formatCount(index)}`;
  return (
    <Lightbox title={name} {...moves} stage={<Stage key={index} {...{ facts, split, index, name }} />}>
      {asked.error !== undefined && <Message error={asked.error} onRetry={asked.again} />}
      {entry && (
        <div class="image-facts">
          <p>{entry.source}</p>
          <p class="note">
            {split}
            {entry.mark?.label !== undefined && `, labelled ${facts.classNames[entry.label]} in the data`}
          </p>
        </div>
      )}
      {children}
      {entry && !exported && <Label key={`${split} ${index}`} {...{ facts, split, entry, corrections }} />}
      {facts.hasPhotos && !exported && <AsSeen {...{ facts, split, index, name }} {...(run && { run })} />}
      <Undo corrections={corrections} />
    </Lightbox>
  );
}

interface StageProps {
  readonly facts: DatasetInfo;
  readonly split: Split;
  readonly index: number;
  readonly name: string;
}

/** Below this many pixels across they are meant to be seen as squares. */
const CRISP_BELOW = 100;

/** The image in its own shape: as large as there is room, or each of its pixels as one of the screen. */
function Stage({ facts, split, index, name }: StageProps) {
  const [size, setSize] = useState<readonly [number, number]>();
  const [actual, setActual] = useState(false);
  const [failed, setFailed] = useState(false);
  // The next one begins as it fits.
  useEffect(() => setActual(false), [index]);
  if (exported) {
    const { sheet } = imagesAt(facts, split, [index], () => name);
    return <SheetImage sheet={sheet(0)} columns={facts.sheet.columns} alt={name} class="fitting" />;
  }
  const isPhoto = facts.hasPhotos && !failed;
  const src = isPhoto ? photoUrl(facts.id, split, index) : imageUrl(facts.id, split, index);
  const isSmall = size !== undefined && Math.max(...size) < CRISP_BELOW;
  return (
    <>
      <div class={`photo ${actual ? 'actual' : ''}`} {...(actual && { tabIndex: 0 })}>
        <img
          src={src}
          alt={name}
          class={isSmall ? 'crisp' : undefined}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
            setSize([naturalWidth, naturalHeight])
          }
          onError={() => setFailed(true)}
        />
      </div>
      <p class="photo-size">
        {failed && facts.hasPhotos && <span>The file is gone; this is what Studio has read of it.</span>}
        {size && (
          <span>
            {formatCount(size[0])} × {formatCount(size[1])} pixels
          </span>
        )}
        {size && !isSmall && (
          <Button kind="quiet" aria-pressed={actual} onClick={() => setActual(!actual)}>
            {actual ? 'Fit' : 'Full size'}
          </Button>
        )}
      </p>
    </>
  );
}

/** The class of an image, and whether it is left out. */
function Label(props: {
  readonly facts: DatasetInfo;
  readonly split: Split;
  readonly entry: ImageEntry;
  readonly corrections: Corrections;
}) {
  const { facts, split, entry, corrections } = props;
  const { classNames } = facts;
  // What was asked for is shown at once, and stays where the server agrees.
  const [pending, setPending] = useState<CorrectionChange>({});
  // Arrow keys go through the choices, and each is a change to the browser: only Enter or the button acts.
  const byKeys = useRef(false);
  const [held, setHeld] = useState<number>();
  const change = async (what: CorrectionChange, words: string) => {
    setPending(what);
    const wish = { ...contentIn(facts, split), indices: [entry.index], words };
    await corrections.change(wish, what);
    setPending((newest) => (newest === what ? {} : newest));
  };
  const relabel = (to: number) => {
    setHeld(undefined);
    const label = to === entry.label ? null : to;
    void change({ label }, `${entry.source} is now an image of ${classNames[to]}.`);
  };
  const label = pending.label === undefined ? labelOf(entry) : (pending.label ?? entry.label);
  return (
    <>
      {entry.labels ? (
        <div class="image-facts">
          <p>
            <b>Labels:</b> {labelWords(entry, classNames)}
          </p>
          <p class="note">Labels of images with any number of them are corrected in the list itself.</p>
        </div>
      ) : (
        <div
          class="label-choice"
          onPointerDownCapture={() => {
            byKeys.current = false;
          }}
          onKeyDownCapture={(event) => {
            byKeys.current = true;
            if (event.key !== 'Enter' || held === undefined || !(event.target instanceof HTMLSelectElement))
              return;
            event.preventDefault();
            relabel(held);
          }}
        >
          <Select
            label="It is an image of"
            value={String(held ?? label)}
            onValue={(value) => {
              const to = Number(value);
              if (!byKeys.current) relabel(to);
              else setHeld(to === label ? undefined : to);
            }}
            options={classNames.map((name, i) => ({
              value: String(i),
              label: i === entry.label ? `${name} (as in the data)` : name,
            }))}
          />
          {held !== undefined && <Button onClick={() => relabel(held)}>Relabel as {classNames[held]}</Button>}
        </div>
      )}
      <Checkbox
        label="Leave it out"
        help="Excluded from training and evaluation. Your images do not change: corrections are kept in a file beside them."
        checked={pending.excluded ?? entry.mark?.excluded ?? false}
        onValue={(excluded) =>
          void change({ excluded }, `${entry.source} is ${excluded ? 'excluded' : 'no longer excluded'}.`)
        }
      />
    </>
  );
}

function photoUrl(dataset: string, split: Split, index: number): string {
  return apiUrl(`datasets/${dataset}/${split}/photo/${index}`);
}
