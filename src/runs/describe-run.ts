import { augmentationText } from '../data/augmentation/index.ts';
import { type Dataset, type ImageInput, imageBytes, imageInput } from '../data/dataset.ts';
import { STRETCHED } from '../data/preprocessing.ts';
import {
  classRankings,
  type Evaluation,
  type History,
  mostConfidentLabelMistakes,
  mostConfidentMistakes,
  type Predictions,
  predictionsToCsv,
  type RunInfo,
  renderModelCard,
} from '../evaluation/index.ts';
import { formatNumber, formatPercent, formatQuantity } from '../format/format.ts';
import { jsonText } from '../json-text.ts';
import type { Network } from '../models/index.ts';
import { highestRate, type Optimizer, type OptimizerConfig } from '../optimizers/index.ts';
import type { ReportImage } from '../report/index.ts';
import { averagedBy } from './averaged-by.ts';
import { comparedText } from './compare-models.ts';
import { hardwareText } from './hardware.ts';
import { pathsOfRun, withoutPaths } from './private-paths.ts';
import type { RunPlatform } from './run-platform.ts';
import type { HeadRecord, RunRecord } from './run-record.ts';

/** Mistakes that the report shows. */
const IMAGES = 40;

/** A finished run, as it is described. */
export interface FinishedRun {
  readonly record: RunRecord;
  readonly network: Network;
  readonly optimizer: Optimizer;
  readonly history: History;
  readonly test: Dataset;
  readonly predictions: Predictions;
  readonly evaluation: Evaluation;
}

/** The files that describe a finished run, in the order in which they are written. */
export type Descriptions = Readonly<Record<'evaluation' | 'predictions' | 'report' | 'card', string>>;

/** Describes a finished run for programs and for people. Nothing is written. */
export async function describeRun(
  { record, network, optimizer, history, test, predictions, evaluation }: FinishedRun,
  { imageUri }: Pick<RunPlatform, 'imageUri'>,
): Promise<Descriptions> {
  const title = `${record.options.recipe} on ${record.options.data}`;
  const facts = factsOf(record, network, optimizer);
  const imageShape = inputOf(record);
  const mistakes = await mistakesIn(test, predictions, imageUri);
  // A command that only predicts never loads the components of pages.
  const { renderReport } = await import('../report/index.ts');
  // Reports and model cards are made to be shared.
  const shared = withoutPaths(pathsOfRun(record));
  const files = Array.from(test.labels, (_, index) => shared(test.describe(index)));
  return {
    evaluation: `${jsonText(evaluation)}\n`,
    predictions: predictionsToCsv(predictions, files),
    // A head has no epochs to draw, and those of several models are in their own reports.
    report: shared(
      renderReport({
        title,
        facts,
        evaluation,
        history: facts.ensemble === undefined ? history : [],
        fitted: record.result?.head,
        rankings: classRankings(predictions),
        mistakes,
      }),
    ),
    card: shared(renderModelCard({ title, facts, evaluation, imageShape })),
  };
}

/** The images that the model of a run takes. */
export function inputOf({ data, options }: Pick<RunRecord, 'data' | 'options'>): ImageInput {
  return imageInput(data.imageShape, options.preprocessing ?? STRETCHED);
}

/** The number of parameters that training has found: without running statistics, which are measured. */
export function parameterCount(network: Network, options: Pick<RunRecord['options'], 'from'>): number {
  // Of a fine-tuned network some are frozen that were trained all the same, before.
  return network.parameters
    .filter(({ trainable }) => trainable || options.from)
    .reduce((total, { shape }) => total + shape.reduce((product, size) => product * size, 1), 0);
}

/** What is said about a run besides how good it is. */
export function factsOf(
  { options, data, result, ...record }: RunRecord,
  network: Network,
  optimizer: Optimizer,
): RunInfo {
  return {
    recipe: options.recipe,
    ...(options.from && { fineTunedFrom: options.from }),
    imageShape: inputOf({ data, options }),
    parameters: parameterCount(network, options),
    ...ensembleFact(options),
    ...(options.head
      ? {
          head: result?.head ? headText(result.head) : `${options.head} head`,
          crossValidation: result?.head && scoresText(result.head),
          augmentation: options.augmentation?.length ? 'each image, and its mirror image' : '',
        }
      : {
          epochs: result?.epochs,
          batchSize: options.batchSize,
          optimizer: optimizerText(optimizer),
          augmentation: augmentationText(options.augmentation ?? []),
        }),
    ...(result?.compared && { compared: comparedText(result.compared) }),
    seed: options.seed,
    trainingAccuracy: result?.trainingAccuracy,
    testTimeAugmentation: options.testTimeAugmentation,
    ...(options.adaptiveViews && { adaptiveViews: true }),
    trainingData: data.train,
    testData: data.test,
    seconds: result?.seconds,
    finished: result && `${result.finished.slice(0, 16).replace('T', ' ')} UTC`,
    hardware: hardwareText(record.hardware),
    versions: record.versions,
    command: record.command,
  };
}

function ensembleFact(options: RunRecord['options']): Pick<RunInfo, 'ensemble'> {
  const models = averagedBy(options);
  if (models === undefined) return {};
  const of = options.seeds ? `seeds ${options.seeds.join(', ')}` : 'the folds of a cross-validation';
  return { ensemble: { models, of } };
}

/** "linear head, C 0.01 by 5-fold cross-validation, which 96.1% of the images passed". */
export function headText({ kind, c, folds, scores, epochs, meanAveragePrecision: mean }: HeadRecord): string {
  const own = kind === 'mlp' ? `mlp head, ${formatQuantity(epochs ?? 0, 'epoch')}` : `${kind} head`;
  if (c === undefined) return own;
  const score = scores?.find((each) => each.c === c);
  const how =
    mean === undefined ? `${formatPercent(score?.accuracy ?? 0)} accuracy` : `mAP ${formatPercent(mean)}`;
  const by = folds && score ? ` by ${folds}-fold cross-validation (${how} on held-out images)` : '';
  return `${own}, C ${formatNumber(c, 3)}${by}`;
}

/** "C 0.001: 95.90%, 0.00316: 95.08%": accuracies on images held out. */
function scoresText({ scores = [] }: HeadRecord): string {
  const each = scores.map(({ c, accuracy }) => `${formatNumber(c, 3)}: ${formatPercent(accuracy)}`);
  return each.length === 0 ? '' : `right of images held out, with C ${each.join(', ')}`;
}

/** `SGD, learning rate 0.01, momentum 0.9`. Options that are off go unmentioned. */
export function optimizerText({ config }: Pick<Optimizer, 'config'>): string {
  const { groups, ...own } = config;
  const others = ((groups ?? []) as { parameters: string[]; optimizer: OptimizerConfig }[]).map(
    ({ parameters, optimizer }) => `${namesText(parameters)}: ${differenceText(optimizer, own)}`,
  );
  return [optionsText(own as OptimizerConfig), ...others].join('; ');
}

/** Few names as they are; of many the first and how many more. */
function namesText(names: readonly string[]): string {
  return names.length <= MOST_NAMES ? names.join(' and ') : `${names[0]} and ${names.length - 1} more`;
}

/** Names of parameters that a group's text lists. */
const MOST_NAMES = 4;

/** What a group's optimizer has of its own: where only the rate differs, that rate at its highest. */
function differenceText(
  { learningRate, ...options }: OptimizerConfig,
  { learningRate: _, ...own }: Record<string, unknown>,
): string {
  if (JSON.stringify(options) !== JSON.stringify(own))
    return optionsText({ ...options, learningRate } as OptimizerConfig);
  return `learning rate ${Number(highestRate(learningRate).toPrecision(2))}`;
}

function optionsText({ name, ...options }: OptimizerConfig): string {
  const parts = Object.entries(options)
    .filter(([, value]) => value !== 0 && value !== false)
    .map(([option, value]) => {
      const words = option.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
      return `${words} ${typeof value === 'object' && value !== null && 'name' in value ? value.name : value}`;
    });
  return [name, ...parts].join(', ');
}

/** The mistakes that the model was surest of. */
async function mistakesIn(
  test: Dataset,
  predictions: Predictions,
  imageUri: RunPlatform['imageUri'],
): Promise<ReportImage[]> {
  const { height, width } = test.imageShape;
  return Promise.all(
    mistakesOf(predictions).map(async ({ index, ...mistake }) => {
      const pixels = new Uint8Array(imageBytes(test.imageShape));
      test.gather([index], pixels);
      return {
        uri: await imageUri(pixels, test.imageShape),
        width,
        height,
        ...mistake,
        source: test.describe(index),
      };
    }),
  );
}

/** What was said of an image, and what is true, in words. */
type MistakeWords = Pick<ReportImage, 'trueClass' | 'predictedClass' | 'probability'> & {
  readonly index: number;
};

function mistakesOf(predictions: Predictions): MistakeWords[] {
  const { classNames, tags } = predictions;
  if (!tags) {
    return mostConfidentMistakes(predictions, IMAGES).map(({ index, label, predicted, probability }) => ({
      index,
      trueClass: classNames[label],
      predictedClass: classNames[predicted],
      probability,
    }));
  }
  return mostConfidentLabelMistakes(predictions, IMAGES).map(({ index, label, has, probability }) => {
    const [yes, no] = [classNames[label], `not ${classNames[label]}`];
    return {
      index,
      trueClass: has ? yes : no,
      predictedClass: has ? no : yes,
      probability: has ? 1 - probability : probability,
    };
  });
}
