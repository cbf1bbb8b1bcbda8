import {
  diffImageLists,
  type ImageListDiff,
  imageListFromText,
  type ListedImage,
} from '../../data/image-list.ts';
import { HarrierError } from '../../errors.ts';
import { formatCount, formatQuantity, printable } from '../../format/format.ts';
import { findRun } from '../../platform/node/runs/find-run.ts';
import type { RunFolder } from '../../platform/node/runs/run-folder.ts';
import { isTestedByFolds } from '../../runs/folded-images.ts';
import { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';

/** Images of a kind that are named in the terminal; `--json` has all. */
const NAMED = 10;

/** `harrier data diff`. */
export async function runDataDiff(
  first: string,
  second: string,
  options: { readonly json?: boolean },
): Promise<void> {
  const reporter = new Reporter({ machine: options.json });
  const [before, after] = [await findRun(first), await findRun(second)];
  const [old, now] = [await before.record(), await after.record()];
  const sizes = [old, now].map(({ data }) => `${data.imageShape.width} × ${data.imageShape.height}`);
  const isSame = (['train', 'validation', 'test'] as const).every(
    (part) => old.data[part]?.hash === now.data[part]?.hash,
  );
  const diff = isSame
    ? await unchangedOf(before)
    : diffImageLists(await imagesOf(before), await imagesOf(after), sizes[0] === sizes[1]);
  if (sizes[0] !== sizes[1]) {
    reporter.note(
      `Note: the runs saw images of different sizes (${sizes.join(' and ')}): they are compared by their names alone.`,
    );
  }
  if (options.json) {
    reporter.json({ before: before.path, after: after.path, ...diff });
    return;
  }
  const { style } = reporter;
  reporter.print(style.strong(`${shortPath(before.path)} → ${shortPath(after.path)}`));
  for (const line of diffLines(diff)) reporter.print(line);
}

/** Nothing to compare: the data of both runs has one hash. */
async function unchangedOf(run: RunFolder): Promise<ImageListDiff> {
  const record = await run.record();
  const { train, validation, test } = record.data;
  const unchanged = [train, validation, isTestedByFolds(record) ? undefined : test].reduce(
    (sum, part) => sum + (part?.images ?? 0),
    0,
  );
  return { came: [], went: [], relabelled: [], moved: [], edited: [], unchanged };
}

async function imagesOf(run: RunFolder): Promise<ListedImage[]> {
  const text = await run.read('images');
  if (text) return imageListFromText(text.toString('utf8'), run.file('images'));
  throw new HarrierError('not-supported', 'this run has no list of its images', {
    where: run.file('images'),
    expected: 'a finished run on images of your own, by this version of Harrier or a newer one',
    next: 'Train it again, or compare other runs.',
  });
}

/** The difference as lines: how many of each kind, and the first of them. */
export function diffLines({ came, went, relabelled, moved, edited, unchanged }: ImageListDiff): string[] {
  const name = ({ file, label }: ListedImage) => `${printable(file)} (${printable(label)})`;
  const kinds: readonly [string, readonly string[]][] = [
    ['came', came.map((image) => `${name(image)}, ${image.split}`)],
    ['went', went.map((image) => `${name(image)}, ${image.split}`)],
    [
      'changed class',
      relabelled.map(
        ({ before, after }) =>
          `${printable(after.file)}: ${printable(before.label)} → ${printable(after.label)}`,
      ),
    ],
    ['moved', moved.map(({ before, after }) => `${name(after)}: ${before.split} → ${after.split}`)],
    ['was edited', edited.map(({ after }) => name(after))],
  ];
  const lines = kinds.flatMap(([what, images]) => {
    if (images.length === 0) return [];
    const plural = images.length === 1 ? what : what.replace(/^was/, 'were');
    return [
      `${formatQuantity(images.length, 'image')} ${plural}`,
      ...images.slice(0, NAMED).map((image) => `  ${image}`),
      ...(images.length > NAMED ? [`  and ${formatCount(images.length - NAMED)} more (--json)`] : []),
    ];
  });
  return [
    ...lines,
    `${formatQuantity(unchanged, 'image')} ${unchanged === 1 ? 'is' : 'are'} the same in both`,
  ];
}
