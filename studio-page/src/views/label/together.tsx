import { formatCertainty, formatQuantity } from 'harrier/src/format/format.ts';
import type { LabellingInfo } from 'harrier/src/studio-server/api.ts';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { Empty } from '../../components/empty.tsx';
import { hasOwnKeys, keyAct } from './keys.ts';
import { act, group, groupToShow, pending, useHeld } from './labelling.ts';
import { imageUrl } from './one-by-one.tsx';
import { Undo } from './undo.tsx';

const SMALL = 320;

/** Images with the same sure proposal: those of another class are taken out, the rest is confirmed at once. */
export function Together({ info }: { readonly info: LabellingInfo }) {
  const shown = groupToShow(info);
  useHeld(group, shown);
  const [out, setOut] = useState<ReadonlySet<number>>(new Set());
  const [said, setSaid] = useState('');
  const heading = useRef<HTMLHeadingElement>(null);
  const images = shown?.images.filter(({ id }) => !pending.value.has(id)) ?? [];
  const name = shown?.name;
  const kept = images.filter(({ id }) => !out.has(id));
  const confirm = () => {
    if (name === undefined || kept.length === 0) return;
    const doubted = images.filter(({ id }) => out.has(id)).map(({ id }) => id);
    // Until that is saved, those that were taken out stay so.
    const what = { images: kept.map(({ id }) => id), files: kept.map(({ file }) => file) };
    void act({ act: 'confirm', ...what, label: name, doubted }).then((saved) => {
      if (!saved) return;
      setSaid(`${formatQuantity(kept.length, 'image')} labelled ${name}.`);
      setOut(new Set());
      group.value = undefined;
    });
    heading.current?.focus({ preventScroll: true });
  };
  const undo = () => {
    void act({ act: 'undo' });
    setSaid('Taken back.');
  };
  const latest = useRef({ confirm, undo });
  latest.current = { confirm, undo };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.repeat || hasOwnKeys(event.target)) return;
      const wanted = keyAct(event);
      // Space takes an image out; Enter on one of them means all.
      const isChoice = event.target instanceof HTMLElement && event.target.closest('.choose') !== null;
      const isOther =
        event.target instanceof HTMLElement && event.target.closest('a, button') !== null && !isChoice;
      if (wanted?.kind === 'confirm' && !isOther) latest.current.confirm();
      else if (wanted?.kind === 'undo') latest.current.undo();
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const status = (
    <p class="unseen" role="status">
      {said}
    </p>
  );
  const undoButton = <Undo act={info.undo} onClick={undo} />;
  if (!shown) {
    return (
      <div class="together">
        {status}
        <Empty icon="label" title="No images are sure enough to be confirmed together">
          Label some one by one first: the model learns from them, and then groups appear here.
        </Empty>
        <div class="acts">{undoButton}</div>
      </div>
    );
  }
  return (
    <div class="together">
      {status}
      <h2 ref={heading} tabIndex={-1}>
        Are these all {name}?
      </h2>
      <p class="note">
        {images.length} of {shown.total} images that the model is sure of. Choose those that are of another
        class: they are left out, and come next one by one.
      </p>
      <ul class="choose">
        {images.map((image) => {
          const isOut = out.has(image.id);
          return (
            <li key={image.id}>
              <button
                type="button"
                class={isOut ? 'out' : ''}
                aria-pressed={!isOut}
                onClick={() => {
                  const next = new Set(out);
                  if (!next.delete(image.id)) next.add(image.id);
                  setOut(next);
                }}
              >
                <img src={imageUrl(image, SMALL)} alt={image.file} loading="lazy" />
                <span>{isOut ? 'left out' : formatCertainty(image.proposals[0]?.probability ?? 0)}</span>
              </button>
            </li>
          );
        })}
      </ul>
      <div class="acts">
        <Button kind="primary" icon="check" disabled={kept.length === 0} onClick={confirm}>
          Confirm {kept.length} as {name} <kbd>Enter</kbd>
        </Button>
        {undoButton}
      </div>
    </div>
  );
}
