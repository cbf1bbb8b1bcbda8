import { formatCount, formatPercent, formatQuantity } from 'harrier/src/format/format.ts';
import type { CorrectionFilter, DatasetInfo, ImageEntry, Split } from 'harrier/src/studio-server/api.ts';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Bars } from '../../components/bars.tsx';
import { Button } from '../../components/button.tsx';
import { Choice } from '../../components/choice.tsx';
import { Empty } from '../../components/empty.tsx';
import { Input, Select, Slider } from '../../components/field.tsx';
import { ImageGrid } from '../../components/image-grid.tsx';
import { Message } from '../../components/message.tsx';
import { splitsOf } from '../../datasets.ts';
import { isKnown, useCorrected } from '../../images/corrected.ts';
import { useCorrections } from '../../images/corrections.ts';
import { labelOf } from '../../images/entries.ts';
import { ImageLightbox } from '../../images/image-lightbox.tsx';
import { Undo } from '../../images/undo.tsx';
import { reconnections } from '../../live.ts';
import { exported, place, setQuery } from '../../router.ts';
import { Bulk } from './bulk.tsx';
import { Elsewhere } from './elsewhere.tsx';
import { type Filter, useListing } from './listing.ts';
import { usePicking } from './picking.ts';

const CORRECTIONS: readonly { readonly value: CorrectionFilter | ''; readonly label: string }[] = [
  { value: '', label: 'All images' },
  { value: 'any', label: 'Corrected by you' },
  { value: 'relabelled', label: 'Relabelled' },
  { value: 'excluded', label: 'Left out' },
];

/** Every image of a split, by class, by words, by mark. */
export function ImagesTab({ facts }: { readonly facts: DatasetInfo }) {
  const { query } = place.value;
  const split = splitOf(facts, query.split);
  const classIndex = indexIn(query.class, facts.classNames.length);
  const mark = CORRECTIONS.find(({ value }) => value !== '' && value === query.mark)?.value as
    | CorrectionFilter
    | undefined;
  const filter: Filter = {
    split,
    ...(classIndex !== undefined && { class: classIndex }),
    ...(mark !== undefined && { mark }),
    ...(query.q && { search: query.q }),
  };
  const [size, setSize] = useState(() => defaultSize(facts));
  const [revision, setRevision] = useState(0);
  const stale = useRef(false);
  const anew = () => {
    stale.current = false;
    setRevision((count) => count + 1);
  };
  const listing = useListing(facts, filter, revision, anew);
  const [position, setPosition] = useState<number>();
  const index = indexIn(query.image, facts.splits[split]!.size);
  const filtered = filter.class !== undefined || filter.mark !== undefined || filter.search !== undefined;
  // Without a filter an image's place in the list is its index. A list that was made anew may be shorter.
  const known = index === undefined ? undefined : filtered ? position : index;
  const at = known === undefined || !filtered ? known : Math.min(known, listing.total ?? known);
  const outdate = () => {
    if (!filtered) return;
    stale.current = true;
    if (picking.isOn) refresh();
  };
  // What is corrected, as far as this page knows: what comes besides was done elsewhere.
  const expected = useRef<ReadonlyMap<number, ImageEntry> | undefined>(undefined);
  useEffect(() => {
    expected.current = undefined;
  }, [facts.id, split]);
  const corrections = useCorrections((entries, changed) => {
    if (changed !== split) return;
    listing.replace(entries);
    if (expected.current) {
      const now = new Map(expected.current);
      for (const entry of entries) {
        if (entry.mark) now.set(entry.index, entry);
        else now.delete(entry.index);
      }
      expected.current = now;
    }
    outdate();
  });
  const corrected = useCorrected(facts, split);
  useEffect(() => {
    if (!isKnown(corrected)) return;
    const before = expected.current;
    expected.current = corrected;
    listing.correct(corrected);
    if (!before || isSame(before, corrected)) return;
    outdate();
    // Nothing is looked at that could leave the list.
    if (index === undefined) refresh();
  }, [corrected]);
  const shown = (place: number) => listing.entry(place)?.index;
  const picking = usePicking(facts, filter, revision, shown, anew);
  const filterKey = JSON.stringify(filter);
  // Not at once: an image that leaves the list while it is being marked would make all others jump.
  const refresh = () => {
    if (stale.current) anew();
  };
  // Another filter is the reason.
  useEffect(refresh, [filterKey]);
  // What is picked is told by its place, so the list must be the server's.
  const freshThen = (then: () => void) => () => {
    refresh();
    then();
  };
  const select = (next: number | undefined) => {
    const image =
      next === undefined ? undefined : (listing.entry(next)?.index ?? (filtered ? undefined : next));
    // It comes with its page.
    if (next !== undefined && image === undefined) return;
    setPosition(next);
    setQuery({ image }, { replace: index !== undefined });
  };
  const found = at === undefined ? undefined : listing.entry(at);
  // A list that was made anew may have another image in its place.
  const isElsewhere = found ? found.index !== index : filtered && at !== undefined && at === listing.total;
  const entry = isElsewhere ? undefined : found;
  const after = at === undefined ? undefined : isElsewhere ? at : at + 1;
  const moved = isElsewhere && index !== undefined ? listing.positionOf(index) : undefined;
  useEffect(() => {
    if (moved !== undefined) setPosition(moved);
  }, [moved]);
  // The neighbours of what is looked at may be on a page that the grid has not come to.
  const need = listing.source.onVisible;
  useEffect(() => {
    if (at !== undefined) need?.(Math.max(0, at - 1), at + 2);
  }, [at, need, reconnections.value]);
  return (
    <div class="data-images">
      <aside class="filters" aria-label="Filters">
        <Choice
          label="Part of the data"
          value={split}
          onValue={(value) => setQuery({ split: value, image: undefined })}
          options={splitsOf(facts).map((value) => ({
            value,
            label: `${value} ${formatCount(facts.splits[value]!.size)}`,
          }))}
        />
        <Search value={query.q ?? ''} />
        <div class="narrow-only">
          <Select
            label={facts.multiLabel ? 'Label' : 'Class'}
            unseen
            value={query.class ?? ''}
            onValue={(value) => setQuery({ class: value, image: undefined })}
            options={[
              { value: '', label: facts.multiLabel ? 'All labels' : 'All classes' },
              ...facts.classNames.map((label, i) => ({ value: String(i), label })),
            ]}
          />
        </div>
        {!exported && (
          <Select
            label="Label corrections"
            unseen
            value={mark ?? ''}
            onValue={(value) => setQuery({ mark: value, image: undefined })}
            options={CORRECTIONS}
          />
        )}
        <Balance facts={facts} split={split} corrected={corrected} selected={classIndex} />
      </aside>
      <div class="wall">
        <div class="wall-head">
          <p role="status">
            {listing.total === undefined ? ' ' : formatQuantity(listing.total, 'image')}
            {classIndex !== undefined && ` of ${facts.classNames[classIndex]}`}
          </p>
          {filtered && <Elsewhere facts={facts} filter={filter} />}
          {filtered && (
            <Button kind="quiet" icon="close" onClick={() => setQuery(CLEARED)}>
              Clear filters
            </Button>
          )}
          {!exported && !picking.isOn && (
            <Button kind="quiet" icon="check" onClick={freshThen(picking.start)}>
              Pick several
            </Button>
          )}
          <div class="size">
            <Slider
              label="Size"
              unseen
              value={size}
              onValue={setSize}
              minimum={32}
              maximum={facts.hasPhotos && !exported ? 320 : 160}
              step={8}
              format={(value) => `${value} pixels`}
            />
          </div>
        </div>
        {picking.isOn && (
          <Bulk
            facts={facts}
            split={split}
            picked={picking.picked}
            total={listing.total}
            corrections={corrections}
            onAll={picking.all}
            onNone={freshThen(picking.none)}
            onDone={freshThen(picking.end)}
          />
        )}
        {picking.error !== undefined && <Message error={picking.error} />}
        {listing.error !== undefined && (
          <Message error={listing.error} onRetry={() => setRevision(revision + 1)} />
        )}
        {listing.total === 0 ? (
          <Empty
            icon="search"
            title="No image is left"
            action={<Button onClick={() => setQuery(CLEARED)}>Show all images</Button>}
          >
            No image of this part of the data matches all filters.
          </Empty>
        ) : (
          <ImageGrid
            source={listing.source}
            label={`Images of ${facts.name}, ${split}`}
            size={size}
            selected={at}
            onSelect={(position, event) =>
              picking.isOn ? picking.toggle(position, event.shiftKey) : select(position)
            }
            {...(picking.isOn && { isPicked: picking.isPicked })}
          />
        )}
      </div>
      {index !== undefined ? (
        <ImageLightbox
          facts={facts}
          split={split}
          index={index}
          entry={entry}
          corrections={corrections}
          {...(at !== undefined &&
            !isElsewhere &&
            listing.total !== undefined && {
              note: `${formatCount(at + 1)} of ${formatCount(listing.total)}`,
            })}
          onPrevious={at !== undefined && at > 0 ? () => select(at - 1) : undefined}
          // Where it has left the list, the one that follows it has come to its place.
          onNext={after !== undefined && after < (listing.total ?? 0) ? () => select(after) : undefined}
          onClose={() => select(undefined)}
        />
      ) : (
        <Undo corrections={corrections} />
      )}
    </div>
  );
}

/** Whether the same images are corrected in the same way. */
function isSame(one: ReadonlyMap<number, ImageEntry>, other: ReadonlyMap<number, ImageEntry>): boolean {
  return (
    one.size === other.size &&
    [...one].every(([index, { mark }]) => {
      const now = other.get(index)?.mark;
      return now !== undefined && now.label === mark?.label && now.excluded === mark?.excluded;
    })
  );
}

const CLEARED = { class: undefined, mark: undefined, q: undefined, image: undefined };

/** Waits until typing rests. */
function Search({ value }: { readonly value: string }) {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  // When the address changes by itself, the field follows.
  useEffect(() => {
    if (value !== text.trim()) setText(value);
  }, [value]);
  useLayoutEffect(() => () => clearTimeout(timer.current), []);
  return (
    <Input
      label="Search by class or file"
      unseen
      type="search"
      placeholder="Search by class or file"
      value={text}
      onValue={(next) => {
        setText(next);
        clearTimeout(timer.current);
        timer.current = setTimeout(
          // An image that was opened meanwhile stays open.
          () => setQuery({ q: next.trim() || undefined }, { replace: true }),
          250,
        );
      }}
    />
  );
}

/** As many images as a click on a class shows: by the labels that count now. */
function correctedCounts(
  facts: DatasetInfo,
  split: Split,
  corrected: ReadonlyMap<number, ImageEntry>,
): readonly number[] {
  const counts = [...facts.splits[split]!.counts];
  for (const entry of corrected.values()) {
    if (entry.labels) continue;
    counts[entry.label]--;
    counts[labelOf(entry)]++;
  }
  return counts;
}

/** How many images each class has; a click shows them. */
function Balance(props: {
  readonly facts: DatasetInfo;
  readonly split: Split;
  readonly corrected: ReadonlyMap<number, ImageEntry>;
  readonly selected: number | undefined;
}) {
  const { facts, split, corrected, selected } = props;
  const { size, hash, marks } = facts.splits[split]!;
  const counts = correctedCounts(facts, split, corrected);
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)];
  return (
    <div class="balance wide-only">
      <h2>{facts.multiLabel ? 'Labels' : 'Classes'}</h2>
      <Bars
        label={facts.multiLabel ? 'Images with each label' : 'Images of each class'}
        bars={counts.map((count, i) => ({
          id: String(i),
          label: facts.classNames[i],
          value: count,
          text: formatCount(count),
        }))}
        selected={selected === undefined ? undefined : String(selected)}
        onSelect={(id) => setQuery({ class: id === String(selected) ? undefined : id, image: undefined })}
      />
      <p class="note">
        {facts.multiLabel
          ? 'An image has any number of labels.'
          : fewest === most
            ? 'All classes have the same number of images.'
            : `The largest class has ${formatQuantity(most, 'image')} (${formatPercent(most / size, 1)}), the smallest ${formatCount(fewest)}.`}
      </p>
      {marks.relabelled + marks.excluded > 0 && (
        <p class="note">
          Corrected by you: {formatCount(marks.relabelled)} relabelled, {formatCount(marks.excluded)} left
          out. Training goes by it.
        </p>
      )}
      <p class="note hash" title={hash}>
        SHA-256 <code>{hash.slice(0, 16)}…</code>
      </p>
    </div>
  );
}

function splitOf(facts: DatasetInfo, text: string | undefined): Split {
  const splits = splitsOf(facts);
  return splits.find((split) => split === text) ?? splits[0];
}

/** A whole number below `limit` in the address; anything else is as if it were not there. */
function indexIn(text: string | undefined, limit: number): number | undefined {
  const value = text === undefined || text === '' ? Number.NaN : Number(text);
  return Number.isInteger(value) && value >= 0 && value < limit ? value : undefined;
}

/** Photos need more room than images of few pixels. */
function defaultSize({ hasPhotos }: DatasetInfo): number {
  if (hasPhotos && !exported) return innerWidth < 760 ? 104 : 144;
  return innerWidth < 760 ? 56 : 72;
}
