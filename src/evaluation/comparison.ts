import {
  aligned,
  formatCount,
  formatDuration,
  formatInterval,
  formatNumber,
  formatPercent,
  formatQuantity,
  printable,
} from '../format/format.ts';
import type { Evaluation } from './evaluate.ts';
import type { History } from './history.ts';
import { holm } from './holm.ts';
import { type McNemar, mcnemar } from './mcnemar.ts';
import { isKnown } from './per-class.ts';
import type { LabelPredictionRow, PredictionRow } from './predictions-csv.ts';
import type { TextStyle } from './text.ts';

/** A finished run, as far as it can be compared. */
export interface ComparedRun {
  /** What to call it: its folder. */
  readonly name: string;
  /** Options by name, nested ones with dots: `optimizer.learningRate`. */
  readonly options: Readonly<Record<string, string>>;
  /** SHA-256 of the images it was evaluated on, as it takes them. */
  readonly testHash: string;
  /** Where these lie, and how they come to the network: runs of one place may take the same files in other sizes. */
  readonly place?: string;
  readonly size?: string;
  /** The evaluation on the test images. */
  readonly evaluation: Evaluation;
  /** One record for each epoch. */
  readonly history: History;
  /** How many models it averages, where none was trained for it. */
  readonly averaged?: number;
  /** The epoch whose weights the model has, where validation chose it. */
  readonly bestEpoch?: number;
  /** Training time in seconds. */
  readonly seconds: number;
  /** Number of parameters. */
  readonly parameters: number;
  /** The kind of its head, where that was fitted on features: no epoch was trained. */
  readonly head?: string;
  /** In the order of the test images, where the run kept them. */
  readonly predictions?: readonly PredictionRow[];
  /** The same where images have any number of labels. */
  readonly labelPredictions?: readonly LabelPredictionRow[];
}

/** How a run differs from the first. */
export interface Difference {
  /** Accuracy of the run less that of the first. */
  readonly accuracy: number;
  /** Only where both were evaluated on the same images and kept their predictions. */
  readonly mcnemar?: McNemar;
  /** Where several runs are tested: the p-value corrected for their number (Holm, 1979). */
  readonly correctedP?: number;
  /** Whether it is more than luck; undefined when it cannot be said. */
  readonly significant?: boolean;
  /** How that is known. */
  readonly by: 'mcnemar' | 'intervals' | 'other images';
}

/** A comparison of runs: their options and results, and whether the differences are more than chance. */
export interface Comparison {
  /** The runs; differences are to the first. */
  readonly runs: readonly ComparedRun[];
  /** Options that are not the same in all runs, by name, with the value in each run (`–` where it has none). */
  readonly options: Readonly<Record<string, readonly string[]>>;
  /** Of each run but the first. */
  readonly differences: readonly Difference[];
  /** Fraction of each class that is found, in each run; the classes with the largest differences first. */
  readonly classes: readonly { readonly class: string; readonly recalls: readonly (number | undefined)[] }[];
}

const SIGNIFICANT = 0.05;

/** Puts runs side by side, each against the first. */
export function compareRuns(runs: readonly ComparedRun[]): Comparison {
  const names = [...new Set(runs.flatMap(({ options }) => Object.keys(options)))];
  const options = Object.fromEntries(
    names
      .map((name) => [name, runs.map((run) => run.options[name] ?? '–')] as const)
      .filter(([, values]) => new Set(values).size > 1),
  );
  const [first, ...others] = runs;
  return {
    runs,
    options,
    differences: corrected(others.map((run) => difference(first, run))),
    classes: classesOf(runs),
  };
}

function difference(first: ComparedRun, run: ComparedRun): Difference {
  const accuracy = run.evaluation.accuracy - first.evaluation.accuracy;
  if (first.testHash !== run.testHash && !areSameFiles(first, run)) return { accuracy, by: 'other images' };
  const [answers, others] = [answersOf(first), answersOf(run)];
  if (answers && others && answers.length === others.length) {
    const [rights, otherRights] = [answers, others].map((rows) => rows.map(({ isRight }) => isRight));
    // Runs of an older version do not know the groups of their images, which are the same.
    const groups = [groupsIn(answers), groupsIn(others)].find((each) => each);
    return { accuracy, mcnemar: mcnemar(rights, otherRights, groups), by: 'mcnemar' };
  }
  const [low, high] = run.evaluation.interval95;
  const [firstLow, firstHigh] = first.evaluation.interval95;
  // Intervals that overlap say nothing: images that both get wrong make them wider than the difference is unsure.
  return { accuracy, ...((low > firstHigh || high < firstLow) && { significant: true }), by: 'intervals' };
}

/** Of many runs that are equally good, some differ from the first by chance: the more there are, the more must be seen. */
function corrected(differences: readonly Difference[]): Difference[] {
  const tested = differences.filter((each) => each.mcnemar);
  const pValues = holm(tested.map(({ mcnemar: test }) => test!.p));
  return differences.map((each) => {
    const place = tested.indexOf(each);
    if (place < 0) return each;
    const p = pValues[place];
    return { ...each, ...(tested.length > 1 && { correctedP: p }), significant: p < SIGNIFICANT };
  });
}

/** What a run says of an image, whether that is one class or several labels. */
interface Answer {
  readonly file?: string;
  readonly group?: number;
  /** The class or the labels that the image has. */
  readonly truth: number | string;
  readonly isRight: boolean;
}

function answersOf({ predictions, labelPredictions }: ComparedRun): Answer[] | undefined {
  return (
    predictions?.map(({ file, group, label, predicted }) => ({
      file,
      group,
      truth: label,
      isRight: label === predicted,
    })) ??
    labelPredictions?.map(({ file, group, labels, predictedLabels }) => ({
      file,
      group,
      truth: labels,
      isRight: labels === predictedLabels,
    }))
  );
}

function groupsIn(answers: readonly Answer[]): number[] | undefined {
  const groups = answers.flatMap(({ group }) => group ?? []);
  return groups.length === answers.length ? groups : undefined;
}

/** Whether two runs were evaluated on the same files, whatever their networks make of them. */
function areSameFiles(first: ComparedRun, run: ComparedRun): boolean {
  const [rows, others] = [answersOf(first), answersOf(run)];
  if (first.place === undefined || first.place !== run.place || !rows || !others) return false;
  return (
    // Of the same size, other pixels are other images.
    first.size !== run.size &&
    rows.length === others.length &&
    rows.every(({ file, truth }, i) => file && file === others[i].file && truth === others[i].truth)
  );
}

function classesOf(runs: readonly ComparedRun[]): Comparison['classes'] {
  const names = [...new Set(runs.flatMap(({ evaluation }) => evaluation.classNames))];
  const spread = ({ recalls }: { recalls: readonly (number | undefined)[] }): number => {
    const known = recalls.filter((recall) => recall !== undefined);
    if (known.length === 0) return 0;
    return Math.max(...known) - Math.min(...known);
  };
  return names
    .map((name) => ({
      class: name,
      recalls: runs.map(({ evaluation }) => {
        const row = evaluation.perClass.find((each) => each.class === name);
        return row && isKnown(row) ? row.recall : undefined;
      }),
    }))
    .toSorted((a, b) => spread(b) - spread(a));
}

/** The facts about each run, one row for each: a name, and a value for every run. */
export function comparisonRows({ runs, options }: Comparison): (readonly string[])[] {
  const row = (name: string, value: (run: ComparedRun) => string) => [name, ...runs.map(value)];
  return [
    ...(runs.some(({ evaluation }) => evaluation.multiLabel)
      ? [row('mAP', ({ evaluation }) => meanText(evaluation)), row('right in every label', accuracyText)]
      : [row('accuracy', accuracyText)]),
    row('95% interval', ({ evaluation }) => formatInterval(evaluation.interval95)),
    row('loss', ({ evaluation }) => evaluation.loss.toFixed(4)),
    row('calibration error', ({ evaluation }) =>
      formatPercent(evaluation.calibration.expectedCalibrationError),
    ),
    row('test images', ({ evaluation }) => formatCount(evaluation.total)),
    row('parameters', ({ parameters }) => formatCount(parameters)),
    row('epochs trained', ({ history, head, averaged }) =>
      averaged !== undefined
        ? `average of ${averaged}`
        : head === undefined
          ? `${history.length}`
          : `${head} head`,
    ),
    row('best epoch', ({ bestEpoch }) => `${bestEpoch ?? '–'}`),
    row('training time', ({ seconds }) => formatDuration(seconds)),
    ...Object.entries(options).map(([name, values]) => [name, ...values.map(shortened)]),
  ];
}

function accuracyText({ evaluation }: ComparedRun): string {
  return formatPercent(evaluation.accuracy);
}

function meanText({ multiLabel }: Evaluation): string {
  const mean = multiLabel?.meanAveragePrecision;
  return mean === undefined ? '–' : formatPercent(mean);
}

/** Rates of groups of layers name every parameter: more than a table holds. */
const LONGEST = 60;

function shortened(value: string): string {
  return value.length > LONGEST ? `${value.slice(0, LONGEST - 1)}…` : value;
}

/** What a difference means, in one sentence. */
export function verdict(
  first: string,
  name: string,
  { accuracy, by, mcnemar: test, correctedP, significant }: Difference,
): string {
  const points = `${Math.abs(100 * accuracy).toFixed(2)} points`;
  const what =
    accuracy === 0
      ? `${name} has the same accuracy as ${first}`
      : `${name} is ${points} ${accuracy > 0 ? 'better' : 'worse'} than ${first}`;
  if (by === 'other images') return `${what}, but on different images, so the two cannot be compared.`;
  if (by === 'intervals') {
    return significant
      ? `${what}: more than chance, because the 95% intervals do not overlap.`
      : `${what}; this may be chance, because the intervals overlap.`;
  }
  const { onlyFirst, onlySecond, p: single, groups } = test!;
  const p = correctedP ?? single;
  const counts = `only it classifies ${formatQuantity(onlySecond, 'image')} correctly, only the other ${formatCount(onlyFirst)}`;
  const testName =
    groups === undefined
      ? "McNemar's test"
      : `permutation test over ${formatQuantity(groups, 'group')} of images`;
  const chance = p < 0.0001 ? 'p < 0.0001' : `p = ${formatNumber(p, 2)}`;
  return `${what}: ${significant ? 'more than chance' : 'this may be chance'} (${counts}; ${testName}, ${chance}${correctedP === undefined ? '' : ", by Holm's correction for several runs"}).`;
}

const CLASSES = 10;

/** The comparison as lines for a terminal. */
export function comparisonText(comparison: Comparison, style: TextStyle): string {
  const { runs, differences, classes } = comparison;
  const names = runs.map(({ name }) => name);
  const [head, ...facts] = aligned([
    ['', ...names],
    ...comparisonRows(comparison).map((row) => row.map(printable)),
  ]);
  const shown = classes
    .slice(0, CLASSES)
    .map(({ class: name, recalls }) => [
      printable(name),
      ...recalls.map((recall) => (recall === undefined ? '–' : formatPercent(recall))),
    ]);
  const [classHead, ...rows] = aligned([['fraction found', ...names], ...shown]);
  const more =
    classes.length > CLASSES
      ? [style.faint(`The ${CLASSES} classes that differ most, of ${classes.length}.`)]
      : [];
  return [
    [style.strong(head), ...facts].join('\n'),
    [style.faint(classHead), ...rows, ...more].join('\n'),
    differences.map((each, i) => verdict(names[0], names[i + 1], each)).join('\n'),
  ].join('\n\n');
}
