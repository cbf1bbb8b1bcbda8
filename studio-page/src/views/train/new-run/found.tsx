import { formatBytes, formatCount, formatQuantity } from 'harrier/src/format/format.ts';
import type { DatasetInfo, Split } from 'harrier/src/studio-server/api.ts';
import { ImageView } from '../../../components/image.tsx';
import { Link } from '../../../components/link.tsx';
import { Loading } from '../../../components/loading.tsx';
import { Message } from '../../../components/message.tsx';
import { Progress } from '../../../components/progress.tsx';
import { imageUrl, type OpenedDataset } from '../../../datasets.ts';

/** Images that are shown, spread over the training images. */
const SHOWN = 8;
/** Classes that are named. */
const NAMED = 8;

const PARTS: readonly (readonly [Split, string])[] = [
  ['train', 'to learn from'],
  ['validation', 'to validate on'],
  ['test', 'to test on'],
];

interface FoundProps {
  readonly dataset: OpenedDataset;
  readonly photoSide: number | undefined;
}

/** What was found in a data set, in a few lines. */
export function Found({ dataset: { facts, progress, error, again }, photoSide }: FoundProps) {
  if (error !== undefined) return <Message title="The data cannot be opened" error={error} onRetry={again} />;
  if (!facts) {
    if (!progress) return <Loading what="the data" />;
    const { what, done, total, unit } = progress;
    return (
      <Progress
        label={`${what[0].toUpperCase()}${what.slice(1)}`}
        done={done}
        total={total}
        {...(unit === 'bytes' ? { format: formatBytes } : { unit })}
      />
    );
  }
  const { train } = facts.splits;
  const shown = Math.min(SHOWN, train.size);
  const images = Array.from({ length: shown }, (_, i) => Math.floor((i * train.size) / shown));
  const notes = [...facts.notes, ...skippedNote(facts), ...balanceNote(facts)];
  return (
    <div class="found">
      <ul class="found-images" aria-hidden="true">
        {images.map((index) => (
          <li key={index}>
            <ImageView src={imageUrl(facts.id, 'train', index)} alt="" pixelsWide={facts.imageShape.width} />
          </li>
        ))}
      </ul>
      <dl class="facts">
        <div>
          <dt>{facts.multiLabel ? 'Labels' : 'Classes'}</dt>
          <dd>{classesText(facts)}</dd>
        </div>
        <div>
          <dt>Images</dt>
          <dd>
            {PARTS.flatMap(([split, purpose]) => {
              const part = facts.splits[split];
              return part ? [`${formatCount(part.size)} ${purpose}`] : [];
            }).join(', ')}
          </dd>
        </div>
        <div>
          <dt>Size</dt>
          <dd>{photoSide === undefined ? sizeText(facts) : `Photos of about ${photoSide} pixels`}</dd>
        </div>
      </dl>
      {notes.length > 0 && (
        <ul class="found-notes">
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      <p class="note">
        <Link view="data" query={{ data: facts.id }}>
          Look at the images
        </Link>
        {' · '}
        <Link view="data" query={{ data: facts.id, tab: 'inspection' }}>
          Inspect them for wrong labels and copies
        </Link>
      </p>
    </div>
  );
}

function classesText({ classNames, multiLabel }: DatasetInfo): string {
  const names = classNames.slice(0, NAMED).join(', ');
  const more = classNames.length > NAMED ? `, and ${classNames.length - NAMED} more` : '';
  const count = multiLabel
    ? `${formatQuantity(classNames.length, 'label')}, several an image`
    : `${classNames.length}`;
  return `${count}: ${names}${more}`;
}

function sizeText({ imageShape: { width, height } }: DatasetInfo): string {
  return `${width} × ${height} pixels`;
}

function skippedNote({ skipped }: DatasetInfo): string[] {
  if (skipped.length === 0) return [];
  return [
    skipped.length === 1
      ? '1 file is not a usable image and is left out.'
      : `${formatCount(skipped.length)} files are not usable images and are left out.`,
  ];
}

/** A class with this many times the images of another one is worth a word. */
const UNBALANCED = 5;

function balanceNote({ classNames, splits: { train }, multiLabel }: DatasetInfo): string[] {
  if (multiLabel) return [];
  const [least, most] = [Math.min(...train.counts), Math.max(...train.counts)];
  if (least * UNBALANCED > most) return [];
  const nameOf = (count: number) => classNames[train.counts.indexOf(count)];
  return [
    `Classes differ much in size: ${nameOf(most)} has ${formatQuantity(most, 'image')}, ${nameOf(least)} has ${formatCount(least)}. Class weights (more options) balance them.`,
  ];
}
