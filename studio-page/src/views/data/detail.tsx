import type {
  CorrectionChange,
  DatasetInfo,
  ImageEntry,
  ImageList,
  Split,
} from 'harrier/src/studio-server/api.ts';
import { useLayoutEffect, useState } from 'preact/hooks';
import { getJson } from '../../api.ts';
import { Button } from '../../components/button.tsx';
import { Checkbox, Select } from '../../components/field.tsx';
import { ImageView, SheetImage } from '../../components/image.tsx';
import { imagesAt, imageUrl } from '../../datasets.ts';
import { useLoad } from '../../load.ts';
import { exported } from '../../router.ts';
import type { Corrections } from './corrections.ts';
import { labelOf } from './listing.ts';

export interface DetailProps {
  readonly facts: DatasetInfo;
  readonly split: Split;
  readonly index: number;
  /** Where the list has it already. */
  readonly entry: ImageEntry | undefined;
  readonly marks: Corrections;
  readonly onPrevious: (() => void) | undefined;
  readonly onNext: (() => void) | undefined;
  readonly onClose: () => void;
}

/** One image, large, and what can be said about it. */
export function Detail({
  facts,
  split,
  index,
  entry: known,
  marks,
  onPrevious,
  onNext,
  onClose,
}: DetailProps) {
  // A link may lead to an image that the list has not come to.
  const asked = useLoad(known || exported ? undefined : `entry ${facts.id} ${split} ${index}`, (signal) =>
    getJson<ImageList>(`datasets/${facts.id}/${split}/images`, {
      parameters: { offset: index, limit: 1 },
      signal,
    }),
  );
  const entry = known ?? asked.value?.images[0];
  useLayoutEffect(() => {
    const close = (event: KeyboardEvent) => {
      if (event.key === 'Escape') onClose();
    };
    addEventListener('keydown', close);
    return () => removeEventListener('keydown', close);
  }, [onClose]);
  const name = entry ? facts.classNames[labelOf(entry)] : `Image ${index}`;
  // What was asked for is shown at once, and stays where the server agrees.
  const [pending, setPending] = useState<CorrectionChange>({});
  const change = async (what: CorrectionChange, words: string) => {
    setPending(what);
    await marks.change({ dataset: facts.id, split, index, before: entry?.mark, words }, what);
    setPending({});
  };
  return (
    <aside class="detail" aria-label="The image">
      <div class="detail-head">
        <h2>{name}</h2>
        <Button
          kind="quiet"
          icon="left"
          aria-label="Previous image"
          disabled={!onPrevious}
          onClick={onPrevious}
        />
        <Button kind="quiet" icon="right" aria-label="Next image" disabled={!onNext} onClick={onNext} />
        <Button kind="quiet" icon="close" aria-label="Close the image" onClick={onClose} />
      </div>
      {exported ? (
        <SheetImage
          sheet={imagesAt(facts, split, [index], () => name).sheet(0)}
          columns={facts.sheet.columns}
          alt={name}
        />
      ) : (
        <ImageView src={imageUrl(facts.id, split, index)} alt={name} pixelsWide={facts.imageShape.width} />
      )}
      {entry && (
        <>
          <p class="note">
            {entry.source}
            {entry.mark?.label !== undefined && `, labelled ${facts.classNames[entry.label]} in the data`}
          </p>
          {!exported && (
            <div class="detail-marks">
              <Select
                label="It is an image of"
                value={String(pending.label === undefined ? labelOf(entry) : (pending.label ?? entry.label))}
                onValue={(value) => {
                  const label = Number(value) === entry.label ? null : Number(value);
                  void change(
                    { label },
                    `${entry.source} is now an image of ${facts.classNames[Number(value)]}.`,
                  );
                }}
                options={facts.classNames.map((label, i) => ({
                  value: String(i),
                  label: i === entry.label ? `${label} (as in the data)` : label,
                }))}
              />
              <Checkbox
                label="Leave it out"
                help="Excluded from training and evaluation. Your images do not change: corrections are kept in a file beside them."
                checked={pending.excluded ?? entry.mark?.excluded ?? false}
                onValue={(excluded) =>
                  void change(
                    { excluded },
                    `${entry.source} is ${excluded ? 'excluded' : 'no longer excluded'}.`,
                  )
                }
              />
            </div>
          )}
        </>
      )}
    </aside>
  );
}
