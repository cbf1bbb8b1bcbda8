import { type ComponentChildren, h, type JSX } from 'preact';
import { formatCertainty, formatCount, formatPercent, formatQuantity } from '../format/format.ts';
import { type ImageName, type Inspection, KINDS, remarks } from '../inspection/index.ts';
import { CURVE_STYLE, CurveChart } from './curve-chart.ts';
import { named } from './named.ts';
import { renderPage, section } from './page.ts';
import { intervalBar } from './score.ts';
import { Table } from './table.ts';

/** Items of each list that a page shows. */
const MOST = { labels: 60, groups: 24, inGroup: 6, images: 24, pairs: 10 };

/** Places of the images that the page of an inspection shows. */
export function imagesOf(found: Inspection): number[] {
  const { labels, duplicates, outliers, quality, rotation, confusions } = found;
  const shown = [
    ...labels.issues.slice(0, MOST.labels),
    ...duplicates.slice(0, MOST.groups).flatMap(({ images }) => images.slice(0, MOST.inGroup)),
    ...outliers.slice(0, MOST.images),
    ...quality.issues.slice(0, MOST.images),
    ...(rotation?.rotated ?? []).slice(0, MOST.images),
    ...confusions.slice(0, MOST.pairs).flatMap(({ examples }) => examples),
  ];
  return [...new Set(shown.map(({ index }) => index))];
}

/**
 * An inspection as one HTML page that needs nothing else.
 *
 * @param images data URIs of the images that `imagesOf` names, by their places
 * @returns the whole page
 */
export function renderInspection(found: Inspection, images: ReadonlyMap<number, string>): string {
  const { data, classes, labels, duplicates, outliers, quality, rotation, confusions, learningCurve } = found;
  const wall = <T extends ImageName>(
    items: readonly T[],
    caption: (item: T) => ComponentChildren,
    most = MOST.images,
  ) => [
    h(
      'ul',
      { class: 'image-list' },
      items.slice(0, most).map((item) => h('li', { key: item.index }, photo(item, images, caption(item)))),
    ),
    more(items.length - most),
  ];
  return renderPage({
    title: `${data} – Harrier inspection`,
    style: CURVE_STYLE + STYLE,
    children: [
      header(found),
      section(
        'advice',
        'What to do, in order of worth',
        undefined,
        h(
          'ol',
          { class: 'advice' },
          found.advice.map(({ text, worth }) =>
            h(
              'li',
              null,
              h('span', null, text),
              worth !== undefined && worth > 0 && h('b', null, `up to ${(100 * worth).toFixed(1)} points`),
            ),
          ),
        ),
      ),
      learningCurve &&
        learningCurve.points.length > 1 &&
        section(
          'curve',
          'Would more photos help?',
          curveNote(found),
          h(CurveChart, { curve: learningCurve }),
        ),
      labels.issues.length > 0 &&
        section(
          'labels',
          `${formatQuantity(labels.issues.length, 'label')} to check`,
          found.multiLabel
            ? `About ${formatPercent(labels.noise, 1)} of all decisions on a label of an image are wrong, by confident learning. The most certain first: under each photo its labels, and the one that is probably missing or wrong.`
            : `About ${formatPercent(labels.noise, 1)} of all labels are wrong, by confident learning. The most certain first: under each photo its label, and the class that it looks like.`,
          wall(
            labels.issues,
            (issue) => [
              named(issue.class),
              ' → ',
              h('b', null, named(issue.suggested)),
              ` ${formatCertainty(issue.probability)}`,
            ],
            MOST.labels,
          ),
        ),
      duplicates.length > 0 &&
        section(
          'duplicates',
          `${formatQuantity(duplicates.length, 'group')} of near-duplicates`,
          'Copies in several parts make the test accuracy too high. Of copies with different labels, at most one label is right.',
          h(
            'ul',
            { class: 'groups' },
            sortedGroups(duplicates)
              .slice(0, MOST.groups)
              .map((each) => group(each, images)),
          ),
          more(duplicates.length - MOST.groups),
        ),
      rotation &&
        rotation.rotated.length > 0 &&
        section(
          'rotated',
          `${formatQuantity(rotation.rotated.length, 'photo')} to turn upright`,
          `Of ${rotation.sample} photos that were turned for a test, the position was recognised in ${formatPercent(rotation.recognised, 0)}.`,
          wall(rotation.rotated, ({ turn }) => [h('b', null, `turn by ${turn}°`), ' clockwise']),
        ),
      quality.issues.length > 0 &&
        section(
          'quality',
          `${formatQuantity(quality.issues.length, 'poor photo')}`,
          'Blurred, dark, bright, plain or tiny, as the network sees them.',
          wall(quality.issues, (item) => [item.class, ' ', h('b', null, item.issues.join(', '))]),
        ),
      outliers.length > 0 &&
        section(
          'outliers',
          'Unlike all others',
          'Photos whose nearest neighbours are far away, the farthest first. Do they belong here?',
          wall(outliers, (item) => item.class),
        ),
      confusions.length > 0 &&
        section(
          'confusions',
          'Classes that will be confused',
          'Photos of one class that were taken for the other in cross-validation, without those whose label is to be checked.',
          h(
            'ul',
            { class: 'groups' },
            confusions.slice(0, MOST.pairs).map(({ classes: [a, b], count, examples }) =>
              h(
                'li',
                { key: `${a} ${b}` },
                h(
                  'h3',
                  null,
                  named(a),
                  ' ↔ ',
                  named(b),
                  h('small', null, ` ${formatQuantity(count, 'image')}`),
                ),
                h(
                  'ul',
                  { class: 'image-list' },
                  examples.map((item) =>
                    h(
                      'li',
                      { key: item.index },
                      photo(item, images, [
                        named(item.class),
                        ' → ',
                        h('b', null, named(item.predicted)),
                        ` ${formatCertainty(item.probability)}`,
                      ]),
                    ),
                  ),
                ),
              ),
            ),
          ),
          more(confusions.length - MOST.pairs),
        ),
      section(
        'classes',
        found.multiLabel ? 'Label by label' : 'Class by class',
        undefined,
        classTable(classes, found.multiLabel !== undefined),
      ),
      remarks(found).length > 0 &&
        section(
          'remarks',
          'What was not listed',
          undefined,
          h(
            'ul',
            { class: 'remarks' },
            remarks(found).map((text) => h('li', { key: text }, text)),
          ),
        ),
      h(
        'footer',
        null,
        'Made by Harrier. All of it as data: ',
        h('code', null, 'npx harrier inspect … --json'),
        '.',
      ),
    ],
  });
}

const STYLE = `
.advice { counter-reset: advice; display: grid; gap: 10px; margin-top: 14px; max-width: 84ch; }
.advice li { counter-increment: advice; display: grid; grid-template-columns: 28px 1fr auto; gap: 4px 12px; padding-bottom: 10px; border-bottom: 1px solid var(--hair); }
.advice li::before { content: counter(advice); color: var(--accent); font-weight: 650; }
.advice b { white-space: nowrap; color: var(--soft); font-weight: 600; font-size: 0.9rem; }
.groups { display: grid; gap: 28px; }
.groups h3 { margin-bottom: 10px; }
.groups h3 small { color: var(--soft); font-weight: 400; font-size: 0.85rem; }
.groups h3 mark { background: var(--wrong-soft); color: var(--wrong); border-radius: 4px; padding: 1px 6px; font-weight: 600; font-size: 0.8rem; margin-left: 8px; }
.image-list .file { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; direction: rtl; text-align: left; }
@media print, (hover: none) { .image-list .file { white-space: normal; overflow-wrap: anywhere; direction: ltr; } }
.remarks { color: var(--soft); display: grid; gap: 6px; max-width: 68ch; }
.more { margin-top: 14px; }
@media (max-width: 760px) { .advice li { grid-template-columns: 24px 1fr; } .advice b { grid-column: 2; } }
`;

function header({
  data,
  images,
  classes,
  parts,
  network,
  accuracy,
  labels,
  duplicates,
  quality,
  multiLabel,
}: Inspection): JSX.Element {
  const mean = multiLabel?.meanAveragePrecision;
  const tiles: [string, string][] = [
    ...(mean === undefined ? [] : [['Expected mAP', formatPercent(mean, 1)] as [string, string]]),
    ['Images', formatCount(images)],
    [multiLabel ? 'Labels' : 'Classes', formatCount(classes.length)],
    ['Labels to check', formatCount(labels.issues.length)],
    ['Groups of near-duplicates', formatCount(duplicates.length)],
    ['Poor photos', formatCount(quality.issues.length)],
  ];
  return h(
    'header',
    null,
    h('p', { class: 'brand' }, 'Harrier inspection'),
    h('h1', null, data),
    h(
      'div',
      { class: 'accuracy' },
      accuracy && [
        h(
          'div',
          { class: 'score' },
          h('strong', null, formatPercent(accuracy.accuracy, 1).slice(0, -1), h('small', null, '%')),
          h(
            'p',
            null,
            multiLabel
              ? 'of photos like these will be right in every label: '
              : 'expected accuracy on photos like these: ',
            `${formatCount(accuracy.correct)} of ${formatCount(accuracy.total)} right in ${accuracy.folds}-fold cross-validation`,
            h(
              'span',
              null,
              `95% interval ${(100 * accuracy.interval95[0]).toFixed(1)}–${formatPercent(accuracy.interval95[1], 1)}`,
            ),
          ),
        ),
        intervalBar(accuracy.accuracy, accuracy.interval95),
      ],
      h(
        'dl',
        { class: 'tiles' },
        tiles.map(([label, value]) => h('div', { key: label }, h('dt', null, label), h('dd', null, value))),
      ),
      h(
        'p',
        { class: 'note' },
        `Seen through ${network.name}. Parts: ${parts.map(({ part, images: count }) => `${formatCount(count)} ${part}`).join(', ')}.`,
      ),
    ),
  );
}

function curveNote({ learningCurve }: Inspection): string {
  const forecast = learningCurve?.forecast;
  if (!forecast) return 'Too few images to say how much more of them would bring.';
  const [low, high] = forecast.gainInterval95.map((value) => (100 * value).toFixed(1));
  return `Twice as many photos of the same kind would add about ${(100 * forecast.gain).toFixed(1)} points (95% interval ${low} to ${high}). Bars are 95% intervals.`;
}

/** Leaks first, then contradictions. */
function sortedGroups(groups: Inspection['duplicates']): Inspection['duplicates'] {
  const rank = ({ acrossParts, acrossClasses }: Inspection['duplicates'][number]) =>
    acrossParts ? 0 : acrossClasses ? 1 : 2;
  return [...groups].sort((a, b) => rank(a) - rank(b));
}

function group(each: Inspection['duplicates'][number], images: ReadonlyMap<number, string>): JSX.Element {
  const { kind, acrossParts, acrossClasses } = each;
  const rest = each.images.length - MOST.inGroup;
  return h(
    'li',
    null,
    h(
      'h3',
      null,
      `${each.images.length} images `,
      h('small', null, KINDS[kind]),
      acrossParts && h('mark', null, 'in several parts'),
      acrossClasses && h('mark', null, 'different labels'),
    ),
    h(
      'ul',
      { class: 'image-list' },
      each.images
        .slice(0, MOST.inGroup)
        .map((item) =>
          h('li', { key: item.index }, photo(item, images, [h('b', null, item.class), ` ${item.part}`])),
        ),
    ),
    more(rest),
  );
}

function photo(
  { index, file, class: name }: ImageName,
  images: ReadonlyMap<number, string>,
  caption: ComponentChildren,
): JSX.Element {
  const short = file.split(/[\\/]/).slice(-2).join('/');
  return h(
    'figure',
    { title: file },
    h('img', { src: images.get(index), alt: `${name}: ${short}` }),
    h('figcaption', null, caption, h('span', { class: 'file' }, h('bdi', null, short))),
  );
}

function more(count: number): JSX.Element | false {
  return count > 0 && h('p', { class: 'note more' }, `and ${formatCount(count)} more`);
}

function classTable(classes: Inspection['classes'], isMultiLabel: boolean): JSX.Element {
  const percent = (value: number | undefined) => (value === undefined ? '–' : formatPercent(value, 1));
  type Row = Inspection['classes'][number];
  const column = (title: string, cell: (row: Row) => ComponentChildren) => ({
    id: title,
    title,
    cell,
    numeric: true,
  });
  return h(Table<Row>, {
    label: isMultiLabel ? 'Label by label' : 'Class by class',
    columns: [
      { id: 'class', title: isMultiLabel ? 'Label' : 'Class', cell: (row: Row) => row.class },
      column('Images', (row) => formatCount(row.images)),
      ...(isMultiLabel ? [column('Average precision', (row) => percent(row.averagePrecision))] : []),
      column('Recall', (row) => percent(row.recall)),
      column('Precision', (row) => percent(row.precision)),
      column('Labels to check', (row) => formatCount(row.labelIssues)),
    ],
    rows: classes,
    keyOf: (row: Row) => row.class,
    still: true,
  });
}
