import type { ImageInput } from '../data/dataset.ts';
import { type Preprocessing, STRETCHED } from '../data/preprocessing.ts';
import { formatCount, formatInterval, formatNumber, formatPercent } from '../format/format.ts';
import type { Evaluation } from './evaluate.ts';
import { factRows, fetchedFrom, type RunInfo } from './facts.ts';
import { licenceTerms } from './licence-terms.ts';
import { measuresOf, measureText } from './measures.ts';
import type { MultiLabelEvaluation } from './multi-label.ts';
import { meansNote } from './per-class.ts';
import { nodeProgram } from './programs.ts';
import { scoreCells, temperatureWords } from './text.ts';

export interface ModelCardOptions {
  /** `keras-cnn on CIFAR-10`. */
  readonly title: string;
  readonly facts: RunInfo;
  readonly evaluation: Evaluation;
  /** What every image is brought to, and how. */
  readonly imageShape: ImageInput;
  /** The terms of the training data or of the model, where they are known: a sentence in Markdown. */
  readonly licence?: string;
  /** The model's file and how to name it to `harrier`, where it is not the `model.onnx` of a run folder. */
  readonly file?: { readonly name: string; readonly command: string };
  /** What else should be known first: Markdown. */
  readonly note?: string;
  /** The section on how to use it, where the model is in no folder of its run: Markdown. */
  readonly use?: string;
  /** Path of the model there. Default `model.onnx`. */
  readonly modelPath?: string;
}

const PAIRS = 10;
const LISTED_CLASSES = 100;

/**
 * The model card: `README.md` of a run folder. Says what the model is, how to use it, what it was trained
 * and evaluated on, how good it is, and what not to use it for.
 *
 * M. Mitchell et al., "Model Cards for Model Reporting", FAT* 2019.
 *
 * @returns Markdown
 */
export function renderModelCard(options: ModelCardOptions): string {
  return `${[introduction, usage, results, training, limits, licence].map((part) => part(options)).join('\n\n')}\n`;
}

function introduction({ title, facts, evaluation, imageShape, file, use, note }: ModelCardOptions): string {
  const { classNames, accuracy, interval95, correct, total, multiLabel } = evaluation;
  const names = classNames.slice(0, LISTED_CLASSES).map(markdown).join(', ');
  const more = classNames.length > LISTED_CLASSES ? ', …' : '';
  const { parameters, ensemble } = facts;
  const size = parameters === undefined ? '' : ` of ${formatCount(parameters)} parameters`;
  const kind = ensemble
    ? `An average of ${ensemble.models} image classifiers${size && `${size} each`}`
    : `An image classifier${size}`;
  const shown = multiLabel ? 'curves, each label' : 'curves, confusion matrix';
  const report = file || use ? '' : ` \`report.html\` shows ${shown} and the worst mistakes.`;
  const where = facts.testData ? ` of \`${code(facts.testData.name)}\`` : '';
  return `# ${markdown(title)}

${kind}, ${originOf(facts)}. It ${multiLabel ? 'gives' : 'assigns'} an image of ${imageShape.width} × ${imageShape.height} pixels ${multiLabel ? `any number of ${classNames.length} labels` : `to one of ${classNames.length} classes`}: ${names}${more}.

${multiLabel ? meanText(multiLabel) : ''}**${formatPercent(accuracy)}** correct${multiLabel ? ' in every label' : ''}: ${formatCount(correct)} of ${formatCount(total)} images${where} (95% interval ${formatInterval(interval95)}).${report}${note ? `\n\n${note}` : ''}`;
}

/** "**91.20%** mean average precision. ", or nothing. */
function meanText({ meanAveragePrecision: mean }: MultiLabelEvaluation): string {
  return mean === undefined ? '' : `**${formatPercent(mean)}** mean average precision (mAP). `;
}

function thresholdsOf({ multiLabel }: Evaluation): { readonly thresholds?: readonly number[] } {
  return multiLabel ? { thresholds: multiLabel.labels.map(({ threshold }) => threshold) } : {};
}

function originOf({ recipe, fineTunedFrom: from }: RunInfo): string {
  if (!from) return `trained with Harrier by the recipe \`${code(recipe)}\``;
  const { trainable } = from;
  const others =
    trainable === 'head'
      ? 'the others are unchanged'
      : trainable === 'all'
        ? 'the others were trained further'
        : `the last ${trainable.slice('last:'.length)} with weights were trained further`;
  return `fine-tuned with Harrier from \`${code(from.name)}\`: its last layer is new, ${others}`;
}

function usage({ evaluation, imageShape, file, use }: ModelCardOptions): string {
  if (use) return use;
  const name = file?.name ?? 'model.onnx';
  return `## Use

${file ? 'It is part of the package' : 'In this folder'}:

\`\`\`sh
npx harrier ${file?.command ?? 'predict .'} photo.png
\`\`\`

\`${name}\` takes pixels and returns probabilities; scaling is inside. Any ONNX Runtime can run it, without Harrier:

\`\`\`js
${nodeProgram({ classNames: evaluation.classNames, ...thresholdsOf(evaluation), tellsUnknown: evaluation.rejection?.keep !== undefined, imageShape, model: name, image: 'photo.png' }).trimEnd()}
\`\`\``;
}

/** Measures that a card calls otherwise than a tile does, which has less room. */
const IN_FULL: Readonly<Record<string, string>> = {
  mean_average_precision: 'Mean average precision (mAP)',
  loss: 'Loss (cross-entropy)',
  calibration_error: 'Expected calibration error',
};

function results({ evaluation }: ModelCardOptions): string {
  const { interval95, perClass, confusions, temperatureScaling, humanBaseline, multiLabel } = evaluation;
  const more: Readonly<Record<string, string>> = {
    accuracy: ` (${formatInterval(interval95)})`,
    calibration_error: temperatureWords(temperatureScaling),
  };
  const measures: [string, string][] = [
    ...measuresOf(evaluation).map(({ id, label, ...measure }): [string, string] => [
      IN_FULL[id] ?? label,
      `${measureText(measure)}${more[id] ?? ''}`,
    ]),
    ...(humanBaseline === undefined
      ? []
      : [
          [
            'People, for comparison',
            `${formatPercent(humanBaseline.accuracy)} of single answers, ${formatPercent(humanBaseline.majorityAccuracy)} by majority (${markdown(humanBaseline.source)})`,
          ] as [string, string],
        ]),
  ];
  const classes = perClass.map((row) => [markdown(row.class), formatCount(row.support), ...scoreCells(row)]);
  const labels = (multiLabel?.labels ?? []).map((row) => [
    markdown(row.class),
    formatCount(row.support),
    row.averagePrecision === undefined ? '–' : formatPercent(row.averagePrecision),
    ...scoreCells(row),
    row.threshold.toFixed(3),
  ]);
  const note = meansNote(perClass);
  const pairs = confusions
    .slice(0, PAIRS)
    .map(({ classes: [a, b], count }) => `- ${markdown(a)} ↔ ${markdown(b)}: ${formatCount(count)}`);
  return [
    '## Results',
    table(['Measure', 'Value'], measures),
    multiLabel
      ? table(['Label', 'Images', 'Average precision', 'Precision', 'Recall', 'F1', 'Threshold'], labels)
      : table(['Class', 'Images', 'Precision', 'Recall', 'F1'], classes),
    ...(note ? [note] : []),
    ...(pairs.length > 0 ? [`Most confused pairs:\n\n${pairs.join('\n')}`] : []),
  ].join('\n\n');
}

function training({ facts }: ModelCardOptions): string {
  const rows = factRows(facts)
    .filter(({ label }) => label !== 'Trained on' && label !== 'Evaluated on')
    .map(({ label, value }) => [label, markdown(value)]);
  const data = [
    ['Trained on', facts.trainingData],
    ['Evaluated on', facts.testData],
  ] as const;
  for (const [label, set] of data) {
    if (set)
      rows.push([
        label,
        `\`${cell(set.name)}\`, ${formatCount(set.images)} images, SHA-256 \`${cell(set.hash)}\``,
      ]);
  }
  const again = facts.command ? `\n\nTo train it again:\n\n${fenced(facts.command)}` : '';
  return `## Data and training\n\n${table(['', ''], rows)}${again}`;
}

function limits({ evaluation, imageShape, file, use, modelPath = 'model.onnx' }: ModelCardOptions): string {
  const { classNames, perClass, confusions, multiLabel, rejection } = evaluation;
  const evaluated = perClass.filter(({ support }) => support > 0);
  const weakest = evaluated.reduce((a, b) => (b.recall < a.recall ? b : a), evaluated[0]);
  const lines = [
    multiLabel
      ? `It knows its ${classNames.length} labels only. Of anything else in an image it says nothing, or gives it a label that is like it.`
      : rejection?.keep === undefined
        ? `It knows its ${classNames.length} classes only. For any other image it still names one of them, possibly with high confidence.`
        : `It knows its ${classNames.length} classes only. Its output \`unknown\` is above one half where an image probably shows none of them; test it with such images. Of images that it knows, it should keep ${formatNumber(100 * rejection.keep)}%${rejection.kept === undefined ? '' : `; of the test images it keeps ${formatPercent(rejection.kept, 1)}`}.`,
    sizeLimit(imageShape),
    `The figures above hold for images like those it was evaluated on. With another camera, light, background or selection, expect a lower accuracy, and measure it on your own images: \`npx harrier evaluate ${file ? '' : use ? `${modelPath} ` : '. '}--data ${multiLabel ? 'LIST' : 'FOLDER'}\`. The interval covers only chance in the choice of test images.`,
  ];
  if (weakest && weakest.recall < 1) {
    lines.push(
      `Its weakest ${multiLabel ? 'label' : 'class'} is ${markdown(weakest.class)}, with a recall of ${formatPercent(weakest.recall, 1)}${confusions.length > 0 ? `; it most often confuses ${markdown(confusions[0].classes[0])} and ${markdown(confusions[0].classes[1])}` : ''}.`,
    );
  }
  lines.push(
    'Intended for learning, prototypes and sorting where a person can correct mistakes. Not intended for automatic decisions in which a mistake harms someone.',
  );
  return `## Limits and intended use\n\n${lines.map((line) => `- ${line}`).join('\n')}`;
}

const LOSSES: Readonly<Record<Preprocessing['resize'], string>> = {
  stretch: 'other proportions are distorted',
  crop: 'the edges of the image are cut off',
  pad: 'images of other proportions get black borders',
};

function sizeLimit({ height, width, preprocessing = STRETCHED }: ImageInput): string {
  return `Every image is resized to ${width} × ${height} before the model sees it. Details that are then too small are lost, and ${LOSSES[preprocessing.resize]}.`;
}

function licence({ facts, licence: terms }: ModelCardOptions): string {
  const images = facts.fineTunedFrom
    ? 'images named above, and before that from those of the model that it was fine-tuned from'
    : 'images named above';
  const data =
    terms ??
    `The weights were learned from the ${images}. Whether you may publish them depends on the terms of those images: check these first.`;
  return `## Licence\n\n${data}${sourceOf(facts)}\n\nHarrier itself is under the MIT licence, which does not cover the models made with it.`;
}

/** Where the model that it began as came from, and under which licence. */
function sourceOf(facts: RunInfo): string {
  const from = fetchedFrom(facts);
  if (!from?.source) return '';
  const { address, commit, license } = from.source;
  const place = `\`${code(address)}\`${commit ? ` at commit \`${code(commit)}\`` : ''}`;
  const terms = licenceTerms(license, markdown);
  return `\n\nThe model that it was fine-tuned from, \`${code(from.name)}\`, comes from ${place} (SHA-256 \`${from.hash}\`). ${terms}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  // All but the first column hold numbers in wide tables; in two-column ones, text.
  const rule = head.map((_, column) => (column > 0 && head.length > 2 ? '---:' : '---'));
  return [head, rule, ...rows].map(line).join('\n');
}

/** Text in which nothing is Markdown or HTML. */
export function markdown(text: string): string {
  return oneLine(text).replace(/[\\`*_[\]<>|~#&$]/g, '\\$&');
}

/** Text within single backticks. */
function code(text: string): string {
  return oneLine(text).replaceAll('`', "'");
}

/** Text within backticks in a table, where a bar would end the cell. */
function cell(text: string): string {
  return code(text).replaceAll('|', '\\|');
}

function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}

/** A block of code whose fence is longer than any within. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}sh\n${text}\n${fence}`;
}
