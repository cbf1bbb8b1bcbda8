import { formatQuantity } from 'harrier/src/format/format.ts';
import type { CorrectionChange, DatasetInfo, Split } from 'harrier/src/studio-server/api.ts';
import { useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { Select } from '../../components/field.tsx';
import { contentIn } from '../../datasets.ts';
import type { Corrections } from '../../images/corrections.ts';

export interface BulkProps {
  readonly facts: DatasetInfo;
  readonly split: Split;
  readonly picked: ReadonlySet<number>;
  /** Images of the list, all of which can be picked. */
  readonly total: number | undefined;
  readonly corrections: Corrections;
  readonly onAll: () => void;
  readonly onNone: () => void;
  readonly onDone: () => void;
}

/** What can be done with all images that are picked. */
export function Bulk(props: BulkProps) {
  const { facts, split, picked, total, corrections, onAll, onNone, onDone } = props;
  const { classNames } = facts;
  // Arrow keys go through the choices: only the button acts.
  const [label, setLabel] = useState('');
  const none = picked.size === 0;
  const images = formatQuantity(picked.size, 'image');
  const areNow = picked.size === 1 ? 'is now' : 'are now';
  const change = async (what: CorrectionChange, words: string) => {
    const indices = [...picked].sort((a, b) => a - b);
    if (await corrections.change({ ...contentIn(facts, split), indices, words }, what)) onNone();
  };
  return (
    <section class="bulk" aria-label="Picked images">
      <p role="status">{none ? 'Pick images: click, or Shift-click for a range.' : `${images} picked`}</p>
      <div class="row">
        {!facts.multiLabel && (
          <>
            <Select
              label="Relabel as"
              unseen
              value={label}
              onValue={setLabel}
              options={[
                { value: '', label: 'Relabel as …' },
                ...classNames.map((name, i) => ({ value: String(i), label: name })),
              ]}
            />
            <Button
              disabled={none || label === ''}
              onClick={() =>
                void change(
                  { label: Number(label) },
                  `${images} ${areNow} labelled ${classNames[Number(label)]}.`,
                )
              }
            >
              Relabel
            </Button>
          </>
        )}
        <Button
          disabled={none}
          onClick={() => void change({ excluded: true }, `${images} ${areNow} excluded.`)}
        >
          Leave out
        </Button>
        <Button
          disabled={none}
          onClick={() =>
            void change({ label: null, excluded: false }, `${images} ${areNow} as in the data again.`)
          }
        >
          As in the data
        </Button>
      </div>
      <div class="row">
        {total !== undefined && picked.size < total && (
          <Button kind="quiet" onClick={onAll}>
            Pick all {formatQuantity(total, 'image')}
          </Button>
        )}
        {!none && (
          <Button kind="quiet" onClick={onNone}>
            Pick none
          </Button>
        )}
        <Button kind="primary" onClick={onDone}>
          Done
        </Button>
      </div>
    </section>
  );
}
