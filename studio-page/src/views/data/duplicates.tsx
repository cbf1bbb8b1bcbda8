import { formatCount, formatQuantity } from 'harrier/src/format/format.ts';
import type {
  DatasetInfo,
  DuplicateGroup,
  DuplicatesAnswer,
  ImageEntry,
  StudioEvents,
} from 'harrier/src/studio-server/api.ts';
import { useEffect, useState } from 'preact/hooks';
import { getJson, send } from '../../api.ts';
import { Button } from '../../components/button.tsx';
import { Choice } from '../../components/choice.tsx';
import { Empty } from '../../components/empty.tsx';
import { ImageView } from '../../components/image.tsx';
import { Link } from '../../components/link.tsx';
import { Loading } from '../../components/loading.tsx';
import { Message } from '../../components/message.tsx';
import { Progress } from '../../components/progress.tsx';
import { imageUrl } from '../../datasets.ts';
import { listen } from '../../live.ts';
import { useLoad } from '../../load.ts';

/** Groups that are shown at once, and by how many more. */
const SHOWN = 40;

type Kind = 'all' | 'exact' | 'near' | 'across' | 'labels';

const KINDS: readonly {
  readonly kind: Kind;
  readonly label: string;
  readonly fits: (group: DuplicateGroup) => boolean;
}[] = [
  { kind: 'all', label: 'All', fits: () => true },
  { kind: 'exact', label: 'Exact', fits: ({ kind }) => kind === 'exact' },
  { kind: 'near', label: 'Near', fits: ({ kind }) => kind === 'near' },
  { kind: 'across', label: 'In train and test', fits: isAcross },
  { kind: 'labels', label: 'Labels differ', fits: labelsDiffer },
];

/** Images that are there more than once: in training and test they make a model look better than it is. */
export function Duplicates({ facts }: { readonly facts: DatasetInfo }) {
  const asked = useLoad(`duplicates ${facts.id}`, (signal) =>
    getJson<DuplicatesAnswer>(`datasets/${facts.id}/duplicates`, { signal }),
  );
  const [event, setEvent] = useState<StudioEvents['duplicates']>();
  useEffect(
    () =>
      listen('duplicates', (told) => {
        if (told.id === facts.id) setEvent(told);
      }),
    [facts.id],
  );
  const answer = event ?? asked.value;
  if (answer?.state === 'done') return <Groups facts={facts} groups={answer.groups} />;
  if (asked.error !== undefined) return <Message error={asked.error} onRetry={asked.again} />;
  if (!answer?.progress) return <Loading what="the search for duplicates" />;
  const { done, total } = answer.progress;
  return (
    <div class="opening">
      <Progress label="Looking for duplicates" done={done} total={total} unit="images" />
    </div>
  );
}

function Groups({
  facts,
  groups,
}: {
  readonly facts: DatasetInfo;
  readonly groups: readonly DuplicateGroup[];
}) {
  const [kind, setKind] = useState<Kind>('all');
  const [shown, setShown] = useState(SHOWN);
  if (groups.length === 0) {
    return (
      <Empty icon="check" title="There are no duplicates">
        No images have equal or nearly equal pixels, within a part of the data or across parts.
      </Empty>
    );
  }
  // What leads astray comes first.
  const rank = (group: DuplicateGroup) => (isAcross(group) ? 0 : 2) + (labelsDiffer(group) ? 0 : 1);
  const fitting = groups
    .filter(KINDS.find((each) => each.kind === kind)!.fits)
    .toSorted((a, b) => rank(a) - rank(b));
  const across = groups.filter(isAcross).length;
  return (
    <div class="stack">
      <p class="note">
        {formatQuantity(groups.length, 'group')} of duplicates.{' '}
        {across > 0
          ? `${formatCount(across)} of them are in both training and test data, which makes a model look better than it is.`
          : 'None of them is in both training and test data.'}
      </p>
      <div class="scroll">
        <Choice
          label="Which duplicates"
          value={kind}
          onValue={(value) => {
            setKind(value as Kind);
            setShown(SHOWN);
          }}
          options={KINDS.map((each) => ({
            value: each.kind,
            label: `${each.label} ${formatCount(groups.filter(each.fits).length)}`,
          }))}
        />
      </div>
      <ul class="duplicate-groups">
        {fitting.slice(0, shown).map((group) => (
          <Group
            key={group.images.map(({ split, index }) => split + index).join()}
            facts={facts}
            group={group}
          />
        ))}
      </ul>
      {fitting.length > shown && (
        <Button class="more" onClick={() => setShown(shown + SHOWN)}>
          Show more ({formatCount(fitting.length - shown)} left)
        </Button>
      )}
    </div>
  );
}

function Group({ facts, group }: { readonly facts: DatasetInfo; readonly group: DuplicateGroup }) {
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [error, setError] = useState<unknown>();
  const { classNames, imageShape, id } = facts;
  const toggle = async (image: DuplicateGroup['images'][number]) => {
    const key = `${image.split} ${image.index}`;
    const excluded = !left.has(key);
    try {
      await send<ImageEntry>('PUT', `datasets/${id}/${image.split}/marks/${image.index}`, { excluded });
      setError(undefined);
      setLeft((before) => {
        const next = new Set(before);
        if (excluded) next.add(key);
        else next.delete(key);
        return next;
      });
    } catch (reason) {
      setError(reason);
    }
  };
  return (
    <li>
      <p class="group-kind">
        {group.kind === 'exact' ? 'The same pixels' : 'Hardly different'}
        {isAcross(group) && <b> · in train and test</b>}
        {labelsDiffer(group) && <b> · labels differ</b>}
      </p>
      <ul>
        {group.images.map((image) => {
          const { split, index, label } = image;
          const out = left.has(`${split} ${index}`);
          return (
            <li key={`${split} ${index}`} class={out ? 'out' : undefined}>
              <Link view="data" query={{ data: id, split, image: index }}>
                <ImageView
                  src={imageUrl(id, split, index)}
                  alt={`${classNames[label]}, ${split} #${index}`}
                  pixelsWide={imageShape.width}
                />
              </Link>
              <span>{classNames[label]}</span>
              <small>
                {split} #{index}
              </small>
              <Button
                kind="quiet"
                aria-label={`${out ? 'Take back' : 'Leave out'} ${classNames[label]}, ${split} #${index}`}
                onClick={() => void toggle(image)}
              >
                {out ? 'Take back' : 'Leave out'}
              </Button>
            </li>
          );
        })}
      </ul>
      {error !== undefined && <Message error={error} />}
    </li>
  );
}

function isAcross({ images }: DuplicateGroup): boolean {
  return new Set(images.map(({ split }) => split)).size > 1;
}

function labelsDiffer({ images }: DuplicateGroup): boolean {
  return new Set(images.map(({ label }) => label)).size > 1;
}
