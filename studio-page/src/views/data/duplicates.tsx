import { formatCount, formatQuantity } from 'harrier/src/format/format.ts';
import type {
  DatasetInfo,
  DuplicateGroup,
  DuplicatesAnswer,
  Split,
  StudioEvents,
} from 'harrier/src/studio-server/api.ts';
import { useEffect, useState } from 'preact/hooks';
import { getJson } from '../../api.ts';
import { Button } from '../../components/button.tsx';
import { Choice } from '../../components/choice.tsx';
import { Empty } from '../../components/empty.tsx';
import { ImageView } from '../../components/image.tsx';
import { Loading } from '../../components/loading.tsx';
import { Message } from '../../components/message.tsx';
import { Progress } from '../../components/progress.tsx';
import { contentIn } from '../../datasets.ts';
import { useCorrected } from '../../images/corrected.ts';
import { type Corrections, useCorrections } from '../../images/corrections.ts';
import { labelOf } from '../../images/entries.ts';
import { ImageLightbox } from '../../images/image-lightbox.tsx';
import { thumbnailUrl } from '../../images/tiles.tsx';
import { Undo } from '../../images/undo.tsx';
import { listen, reconnections } from '../../live.ts';
import { useLoad } from '../../load.ts';

/** Groups that are shown at once, and by how many more. */
const SHOWN = 40;

type GroupImage = DuplicateGroup['images'][number];

type Kind = 'all' | 'exact' | 'near' | 'across' | 'labels';

const KINDS: readonly {
  readonly kind: Kind;
  readonly label: string;
  readonly fits: (group: DuplicateGroup) => boolean;
}[] = [
  { kind: 'all', label: 'All', fits: () => true },
  { kind: 'exact', label: 'Exact', fits: ({ kind }) => kind === 'exact' },
  { kind: 'near', label: 'Near', fits: ({ kind }) => kind === 'near' },
  { kind: 'across', label: 'In several parts', fits: isAcross },
  { kind: 'labels', label: 'Labels differ', fits: labelsDiffer },
];

/** Images that are there more than once: in training and other parts they make a model look better than it is. */
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
  // What was told while nobody listened is in the answer.
  const generation = reconnections.value;
  useEffect(() => setEvent(undefined), [facts.id, generation]);
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

function Groups(props: { readonly facts: DatasetInfo; readonly groups: readonly DuplicateGroup[] }) {
  const { facts } = props;
  const [kind, setKind] = useState<Kind>('all');
  const [shown, setShown] = useState(SHOWN);
  const [opened, setOpened] = useState<GroupImage>();
  const corrections = useCorrections();
  const corrected = {
    train: useCorrected(facts, 'train'),
    test: useCorrected(facts, 'test'),
    validation: useCorrected(facts, 'validation'),
  };
  const groups = props.groups.map((group) => ({
    ...group,
    images: group.images.map((image) => {
      const entry = corrected[image.split].get(image.index);
      return entry ? { ...image, label: labelOf(entry) } : image;
    }),
  }));
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
          ? `${formatCount(across)} of them ${across === 1 ? 'is' : 'are'} in several parts of the data: what a model has learned from, it knows when it is tested.`
          : 'None of them is in several parts of the data.'}
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
            corrections={corrections}
            isOut={({ split, index }) => corrected[split].get(index)?.mark?.excluded === true}
            onOpen={setOpened}
          />
        ))}
      </ul>
      {opened ? (
        <ImageLightbox
          facts={facts}
          split={opened.split}
          index={opened.index}
          corrections={corrections}
          onClose={() => setOpened(undefined)}
        />
      ) : (
        <Undo corrections={corrections} />
      )}
      {fitting.length > shown && (
        <Button class="more" onClick={() => setShown(shown + SHOWN)}>
          Show more ({formatCount(fitting.length - shown)} left)
        </Button>
      )}
    </div>
  );
}

interface GroupProps {
  readonly facts: DatasetInfo;
  readonly group: DuplicateGroup;
  readonly corrections: Corrections;
  readonly isOut: (image: GroupImage) => boolean;
  readonly onOpen: (image: GroupImage) => void;
}

function Group({ facts, group, corrections, isOut, onOpen }: GroupProps) {
  const { classNames, imageShape, hasPhotos } = facts;
  return (
    <li>
      <p class="group-kind">
        {group.kind === 'exact' ? 'The same pixels' : 'Hardly different'}
        {isAcross(group) && <b> · in {partsOf(group).join(' and ')}</b>}
        {labelsDiffer(group) && <b> · labels differ</b>}
      </p>
      <ul>
        {group.images.map((image) => {
          const { split, index, label } = image;
          const out = isOut(image);
          const name = `${classNames[label]}, ${split} #${index}`;
          return (
            <li key={`${split} ${index}`} class={out ? 'out' : undefined}>
              <button type="button" class="duplicate" onClick={() => onOpen(image)}>
                <ImageView
                  src={thumbnailUrl(facts, split, index)}
                  alt={name}
                  {...(!hasPhotos && { pixelsWide: imageShape.width })}
                />
              </button>
              <span>{classNames[label]}</span>
              <small>
                {split} #{index}
              </small>
              <Button
                kind="quiet"
                aria-label={`${out ? 'Take back' : 'Leave out'} ${name}`}
                onClick={() =>
                  void corrections.change(
                    {
                      ...contentIn(facts, split),
                      indices: [index],
                      words: `${name} is ${out ? 'no longer excluded' : 'excluded'}.`,
                    },
                    { excluded: !out },
                  )
                }
              >
                {out ? 'Take back' : 'Leave out'}
              </Button>
            </li>
          );
        })}
      </ul>
    </li>
  );
}

function partsOf({ images }: DuplicateGroup): Split[] {
  return [...new Set(images.map(({ split }) => split))];
}

function isAcross(group: DuplicateGroup): boolean {
  return partsOf(group).length > 1;
}

function labelsDiffer({ images }: DuplicateGroup): boolean {
  return new Set(images.map(({ label }) => label)).size > 1;
}
