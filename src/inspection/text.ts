import type { TextStyle } from '../evaluation/text.ts';
import {
  aligned,
  formatCertainty,
  formatCount,
  formatPercent,
  formatQuantity,
  printable,
} from '../format/format.ts';
import type { ImageName, Inspection } from './inspection.ts';

/** Items of a list that a terminal shows. */
const SHOWN = 10;

/** What an inspection found, for people at a terminal. */
export function inspectionText(found: Inspection, style: TextStyle): string {
  const name = namesIn(found.data);
  const parts = found.parts.map(({ part, images }) => `${formatCount(images)} ${part}`).join(', ');
  const lines = [
    style.strong(
      `${printable(found.data)}: ${formatQuantity(found.images, 'image')} (${parts}), ${found.classes.length} ${found.multiLabel ? 'labels' : 'classes'}`,
    ),
    style.faint(
      `seen through ${found.network.name}, ${formatCount(found.network.features)} features an image`,
    ),
    '',
    ...accuracyLines(found),
    '',
    style.strong('What to do, in order of worth'),
    ...found.advice.map(({ text }, i) => `  ${i + 1}. ${text}`),
    ...listed('Labels that are probably wrong', found.labels.issues, style, (issue) => [
      name(issue),
      printable(issue.class),
      `${found.multiLabel ? 'probably' : 'looks like'} ${printable(issue.suggested)} (${formatCertainty(issue.probability)})`,
    ]),
    ...duplicateLines(found, style, name),
    ...listed('Photos to turn upright', found.rotation?.rotated ?? [], style, (image) => [
      name(image),
      printable(image.class),
      `by ${image.turn}° clockwise`,
    ]),
    ...listed('Poor photos', found.quality.issues, style, (image) => [
      name(image),
      printable(image.class),
      image.issues.join(', '),
    ]),
    ...listed('Unlike all others', found.outliers, style, (image) => [
      name(image),
      printable(image.class),
      `similarity ${image.similarity.toFixed(2)}`,
    ]),
    ...listed('Classes that will be confused', found.confusions, style, ({ classes, count, examples }) => [
      classes.map(printable).join(' / '),
      formatQuantity(count, 'image'),
      `such as ${examples.slice(0, 2).map(name).join(', ')}`,
    ]),
    '',
    style.strong(found.multiLabel ? 'Labels' : 'Classes'),
    ...classLines(found, style),
    ...remarks(found).map((line) => style.faint(line)),
  ];
  return lines.join('\n');
}

function accuracyLines({ accuracy, learningCurve, multiLabel }: Inspection): string[] {
  if (!accuracy) return ['Expected accuracy  unknown: no class has two images to tell it by'];
  const { correct, total, interval95, folds } = accuracy;
  const mean = multiLabel?.meanAveragePrecision;
  const rows = [
    ...(mean === undefined
      ? []
      : [
          [
            'Expected mAP',
            formatPercent(mean, 1),
            '',
            `micro F1 ${formatPercent(multiLabel?.microF1 ?? 0, 1)}`,
          ],
        ]),
    [
      multiLabel ? 'Right in every label' : 'Expected accuracy',
      formatPercent(accuracy.accuracy, 1),
      interval(interval95),
      `${formatCount(correct)} of ${formatCount(total)} right in ${folds}-fold cross-validation`,
    ],
  ];
  const forecast = learningCurve?.forecast;
  if (forecast) {
    const [low, high] = forecast.gainInterval95.map((value) => (100 * value).toFixed(1));
    rows.push([
      'With twice the photos',
      formatPercent(forecast.accuracy, 1),
      interval(forecast.interval95),
      `${(100 * forecast.gain).toFixed(1)} points more (${low} to ${high})`,
    ]);
  }
  const lines = aligned(rows, [0, 3]);
  if (learningCurve && learningCurve.points.length > 1) {
    const curve = learningCurve.points
      .map(({ images, accuracy: own }) => `${formatCount(images)}: ${formatPercent(own, 1)}`)
      .join('   ');
    lines.push(`Trained on           ${curve}`);
  }
  return lines;
}

function duplicateLines({ duplicates }: Inspection, style: TextStyle, name: Named): string[] {
  const row = ({ images, kind }: Inspection['duplicates'][number]) => [
    KINDS[kind],
    images
      .slice(0, 3)
      .map((image) => `${name(image)} (${printable(image.class)})`)
      .join('  =  ') + (images.length > 3 ? `  and ${images.length - 3} more` : ''),
  ];
  const isLeak = ({ acrossParts }: Inspection['duplicates'][number]) => acrossParts;
  const isContradiction = (group: Inspection['duplicates'][number]) => !isLeak(group) && group.acrossClasses;
  const isPlain = (group: Inspection['duplicates'][number]) => !isLeak(group) && !group.acrossClasses;
  return [
    ...listed('Near-duplicates in several parts', duplicates.filter(isLeak), style, row),
    ...listed('Near-duplicates with different labels', duplicates.filter(isContradiction), style, row),
    ...listed('Near-duplicates within a class', duplicates.filter(isPlain), style, row),
  ];
}

/** How images of a group are alike, in words. */
export const KINDS = { exact: 'same pixels', near: 'hardly differ', alike: 'look alike' } as const;

function classLines({ classes, multiLabel }: Inspection, style: TextStyle): string[] {
  const isMulti = multiLabel !== undefined;
  const percent = (value: number | undefined) => (value === undefined ? '–' : formatPercent(value, 1));
  const [head, ...rows] = aligned([
    ['', 'images', ...(isMulti ? ['average precision'] : []), 'recall', 'precision', 'labels to check'],
    ...classes.map((each) => [
      printable(each.class),
      formatCount(each.images),
      ...(isMulti ? [percent(each.averagePrecision)] : []),
      percent(each.recall),
      percent(each.precision),
      formatCount(each.labelIssues),
    ]),
  ]);
  return [style.faint(head), ...rows].map((line) => `  ${line}`);
}

/** What was not found, and why: sentences. */
export function remarks({ quality, rotation, learningCurve, accuracy, multiLabel }: Inspection): string[] {
  const usual = quality.usual.map(
    ({ issue, images }) =>
      `${formatQuantity(images, 'photo')} ${images === 1 ? 'is' : 'are'} ${issue}: that is how these photos are, so they are not listed.`,
  );
  const turned =
    rotation && !rotation.isReliable
      ? [
          `Whether photos are turned cannot be told: of ${rotation.sample} photos turned for a test, the position was recognised in ${formatPercent(rotation.recognised, 0)}.`,
        ]
      : [];
  const short = multiLabel
    ? [
        'How much more photos would bring is measured for images of one class each only. Scores are at thresholds of 0.5.',
      ]
    : accuracy && learningCurve && !learningCurve.forecast
      ? ['There are too few images to say how much more of them would bring.']
      : [];
  return [...usual, ...turned, ...short];
}

function listed<T>(
  title: string,
  items: readonly T[],
  style: TextStyle,
  row: (item: T) => string[],
): string[] {
  if (items.length === 0) return [];
  const rows = aligned(items.slice(0, SHOWN).map(row), [0, 1, 2]).map((line) => `  ${line.trimEnd()}`);
  const more = items.length - SHOWN;
  return [
    '',
    style.strong(`${title} (${formatCount(items.length)})`),
    ...rows,
    ...(more > 0 ? [style.faint(`  and ${formatCount(more)} more`)] : []),
  ];
}

type Named = (image: Pick<ImageName, 'file'>) => string;

/** Files of the data by their paths in it. */
function namesIn(data: string): Named {
  const folder = `${data.replace(/[\\/]+$/, '').replace(/^\.\//, '')}/`;
  return ({ file }) => printable(file.startsWith(folder) ? file.slice(folder.length) : file);
}

function interval([low, high]: readonly [number, number]): string {
  return `(${(100 * low).toFixed(1)}–${formatPercent(high, 1)})`;
}
