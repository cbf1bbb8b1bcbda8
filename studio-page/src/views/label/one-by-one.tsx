import { formatCertainty } from 'harrier/src/format/format.ts';
import type { LabelImage, LabellingInfo } from 'harrier/src/studio-server/api.ts';
import { useEffect, useRef, useState } from 'preact/hooks';
import { apiUrl } from '../../api.ts';
import { Button } from '../../components/button.tsx';
import { Empty } from '../../components/empty.tsx';
import { Message } from '../../components/message.tsx';
import { AddClass } from './add-class.tsx';
import { hasOwnKeys, isPressed, keyAct, keyOf } from './keys.ts';
import { act, imageToShow, pending, shown, useHeld } from './labelling.ts';
import { Undo } from './undo.tsx';

/** Pixels of the longer side: of the image that is looked at, and of those that come. */
const [LARGE, SMALL] = [1280, 160];

/** The address of an image. */
export function imageUrl({ id }: Pick<LabelImage, 'id'>, size: number): string {
  return apiUrl(`labelling/image/${id}`, { size });
}

/** One large image, what the model takes it for, and a button for each class. */
export function OneByOne({ info }: { readonly info: LabellingInfo }) {
  const now = imageToShow(info.next);
  const coming = info.next.filter(({ id }) => !pending.value.has(id) && id !== now?.id);
  useHeld(shown, now);
  const stage = useRef<HTMLElement>(null);
  const [said, setSaid] = useState('');
  const names = info.classes.map(({ name }) => name);
  const proposed = now?.proposals[0] && names[now.proposals[0].label];

  /** The keys go on with the next image, whatever was pressed. */
  const onward = (sentence: string) => {
    setSaid(sentence);
    stage.current?.focus({ preventScroll: true });
  };
  const confirm = (label: string) => {
    if (!now) return;
    void act({ act: 'confirm', images: [now.id], files: [now.file], label });
    onward(`${now.file}: ${label}.`);
  };
  const skip = () => {
    if (!now) return;
    void act({ act: 'skip', image: now.id, file: now.file });
    onward(`${now.file} skipped.`);
  };
  const undo = () => {
    if (info.undo === undefined && pending.value.size === 0) return;
    void act({ act: 'undo' });
    onward('Taken back.');
  };
  const latest = useRef({ confirm, skip, undo, names, proposed });
  latest.current = { confirm, skip, undo, names, proposed };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || hasOwnKeys(event.target)) return;
      const wanted = keyAct(event);
      if (!wanted || event.repeat) return;
      const { confirm, skip, undo, names, proposed } = latest.current;
      if (wanted.kind === 'confirm') {
        if (isPressed(event.target) || proposed === undefined) return;
        confirm(proposed);
      } else if (wanted.kind === 'class') {
        if (names[wanted.place] === undefined) return;
        confirm(names[wanted.place]);
      } else if (wanted.kind === 'skip') skip();
      else undo();
      event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  // The next image is there when it is wanted.
  const ahead = coming[0] && imageUrl(coming[0], LARGE);
  useEffect(() => {
    if (ahead === undefined) return;
    const image = new Image();
    image.src = ahead;
  }, [ahead]);

  return (
    <div class="one-by-one">
      <p class="unseen" role="status">
        {said}
      </p>
      {now ? (
        <Stage key={now.id} image={now} names={names} stage={stage} />
      ) : (
        <section ref={stage} tabIndex={-1} class="label-stage done" aria-label="No image is left">
          <Done info={info} />
        </section>
      )}
      <div class="acts">
        <Button
          kind="primary"
          icon="check"
          disabled={proposed === undefined}
          onClick={() => confirm(proposed!)}
        >
          {proposed === undefined ? 'No proposal yet' : `Confirm ${proposed}`} <kbd>Enter</kbd>
        </Button>
        <Button icon="right" disabled={!now} onClick={skip}>
          Skip <kbd>S</kbd>
        </Button>
        <Undo act={info.undo} onClick={undo} />
      </div>
      <Classes info={info} image={now} onPick={confirm} />
      {coming.length > 0 && (
        <section class="coming" aria-label="Images that come next">
          <ol>
            {coming.slice(0, 8).map((image) => (
              <li key={image.id}>
                <img src={imageUrl(image, SMALL)} alt={image.file} loading="lazy" />
              </li>
            ))}
          </ol>
        </section>
      )}
    </div>
  );
}

function Stage({
  image,
  names,
  stage,
}: {
  readonly image: LabelImage;
  readonly names: readonly string[];
  readonly stage: { current: HTMLElement | null };
}) {
  const [broken, setBroken] = useState(false);
  const [best] = image.proposals;
  // A new image takes the place of the one before: the focus goes with it, so that keys do.
  useEffect(() => {
    if (document.activeElement === document.body) stage.current?.focus({ preventScroll: true });
  }, []);
  const words = best
    ? `Proposal: ${names[best.label]}, ${formatCertainty(best.probability)}`
    : 'No proposal yet';
  return (
    <section ref={stage} class="label-stage" tabIndex={-1} aria-label={`${image.file}. ${words}`}>
      {broken ? (
        <Message kind="error">This image cannot be shown. Skip it.</Message>
      ) : (
        <img src={imageUrl(image, LARGE)} alt={image.file} onError={() => setBroken(true)} />
      )}
      <p class="caption">
        <span class="verdict-words">
          {best ? (
            <>
              <b>{names[best.label]}</b> {formatCertainty(best.probability)}
            </>
          ) : (
            'Which class is it?'
          )}
        </span>
        <code>{image.file}</code>
      </p>
      {image.copyOf && (
        <p class="copy">
          Looks like a copy of <code>{image.copyOf.file}</code>, which is labelled <b>{image.copyOf.label}</b>
          .
        </p>
      )}
    </section>
  );
}

/** A button for each class, with its key and what the model gives it. */
function Classes({
  info,
  image,
  onPick,
}: {
  readonly info: LabellingInfo;
  readonly image: LabelImage | undefined;
  readonly onPick: (label: string) => void;
}) {
  return (
    <section class="label-classes" aria-label="Classes">
      <ul>
        {info.classes.map(({ name, images }, place) => {
          const proposal = image?.proposals.find(({ label }) => label === place);
          const key = keyOf(place);
          return (
            <li key={name}>
              <button
                type="button"
                class={image?.proposals[0]?.label === place ? 'class-button proposed' : 'class-button'}
                disabled={!image}
                aria-keyshortcuts={key}
                onClick={() => onPick(name)}
              >
                {key !== undefined && <kbd>{key.toUpperCase()}</kbd>}
                <span class="name">{name}</span>
                <span class="count">
                  {proposal && proposal.probability >= 0.005 ? formatCertainty(proposal.probability) : ''}
                  <span class="unseen"> {images} so far</span>
                </span>
                {proposal && <i aria-hidden="true" style={{ width: `${100 * proposal.probability}%` }} />}
              </button>
            </li>
          );
        })}
      </ul>
      <AddClass isFirst={info.classes.length === 0} />
    </section>
  );
}

function Done({ info }: { readonly info: LabellingInfo }) {
  if (info.skipped > 0) {
    return (
      <Empty
        icon="check"
        title={`Only the ${info.skipped} skipped ${info.skipped === 1 ? 'image is' : 'images are'} left`}
        action={<Button onClick={() => void act({ act: 'revisit' })}>Look at them again</Button>}
      />
    );
  }
  return (
    <Empty
      icon="check"
      title={info.images === 1 ? 'The image has a label' : `All ${info.images} images have a label`}
    />
  );
}
