import type { ImageInput } from '../data/dataset.ts';
import { preprocessingWords } from '../data/preprocessing.ts';
import { describeViews, type TestTimeAugmentation } from '../data/views.ts';
import { formatCount, formatDuration, formatPercent, formatQuantity } from '../format/format.ts';
import type { TunedPart } from '../options/words.ts';

/** A data set, as reports name it. */
export interface DataInfo {
  /** `cifar10/train`, `./photos/test`. */
  readonly name: string;
  /** Number of images. */
  readonly images: number;
  /** SHA-256, hex. */
  readonly hash: string;
}

/** The model that another began as. */
export interface FineTunedInfo {
  /** Its run folder, its file, or its own name. */
  readonly name: string;
  /** SHA-256 of its file, hex. */
  readonly hash: string;
  /** Where it came from, if it was fetched. */
  readonly source?: { readonly address: string; readonly commit?: string; readonly license?: string };
  /** Of a model that was itself fine-tuned: the fetched one that it began as. */
  readonly origin?: Omit<FineTunedInfo, 'trainable' | 'origin'>;
  /** What was trained: a new last layer alone (`head`), the last ones (`last:2`), or `all`. */
  readonly trainable: TunedPart;
}

/** How a model came to be: what the report and the model card say besides how good it is. */
export interface RunInfo {
  readonly recipe: string;
  readonly fineTunedFrom?: FineTunedInfo;
  readonly imageShape?: ImageInput;
  /** Numbers in the model that were trained; of a fine-tuned one all that there are. */
  readonly parameters?: number;
  /** Where the model averages the probabilities of several: how many, and how they differ: `seeds 1, 2, 3`. */
  readonly ensemble?: { readonly models: number; readonly of: string };
  readonly epochs?: number;
  readonly batchSize?: number;
  /** For people: `SGD, learning rate 0.01`. */
  readonly optimizer?: string;
  /** How the last layer was fitted on features, where no layer was trained by steps. */
  readonly head?: string;
  /** What cross-validation found of its settings. */
  readonly crossValidation?: string;
  /** Where two models were trained: what they were compared by, and which was kept. */
  readonly compared?: string;
  /** For people: how training images were changed. */
  readonly augmentation?: string;
  readonly seed?: number;
  /** Running training accuracy of the epoch whose weights the model has, 0–1. */
  readonly trainingAccuracy?: number;
  /** Views of each image that the model averages. */
  readonly testTimeAugmentation?: TestTimeAugmentation;
  /** Whether only images that the model is unsure of get them. */
  readonly adaptiveViews?: boolean;
  readonly trainingData?: DataInfo;
  readonly testData?: DataInfo;
  /** Wall time of the training. */
  readonly seconds?: number;
  /** When training ended, for people: `2026-11-23 18:04 UTC`. */
  readonly finished?: string;
  /** For people: `AMD EPYC 7763, 2 cores, 16 GB`. */
  readonly hardware?: string;
  /** Name to version: `{ harrier: '0.1.0', node: '20.19.0' }`. */
  readonly versions?: Readonly<Record<string, string>>;
  /** The command line that does it again. */
  readonly command?: string;
}

/** One line of a table of facts. */
export interface FactRow {
  readonly label: string;
  readonly value: string;
  /** More than fits, such as the full hash. */
  readonly detail?: string;
}

function trainedLayers(part: TunedPart): string {
  if (part === 'head') return 'the last, which is new';
  return part === 'all' ? 'all; the last is new' : `the last ${part.slice('last:'.length)}; the last is new`;
}

/** The fetched model that a model was fine-tuned from, at once or through others. */
export function fetchedFrom({ fineTunedFrom: from }: RunInfo): FineTunedInfo['origin'] {
  return from?.source ? from : from?.origin;
}

/** The facts that are there, in reading order; the command is left out, since it wants a place of its own. */
export function factRows(facts: RunInfo): FactRow[] {
  const rows: FactRow[] = [{ label: 'Recipe', value: facts.recipe }];
  const add = (label: string, value: string | undefined, detail?: string) => {
    if (value) rows.push({ label, value, ...(detail && { detail }) });
  };
  const { fineTunedFrom: from, imageShape: shape, trainingData, testData } = facts;
  add('Fine-tuned from', from && `${from.name}, ${from.hash.slice(0, 12)}`, from && `SHA-256 ${from.hash}`);
  const source = fetchedFrom(facts)?.source;
  add('Its source', source && sourceText(source), source?.commit && `commit ${source.commit}`);
  add('Trained layers', from && trainedLayers(from.trainable));
  const { ensemble } = facts;
  add('Average of', ensemble && `${ensemble.models} models: ${ensemble.of}`);
  add(
    'Parameters',
    facts.parameters?.toString() && `${formatCount(facts.parameters)}${ensemble ? ' in each model' : ''}`,
  );
  add('Image size', shape && `${shape.width} × ${shape.height}`);
  add('Images are', shape?.preprocessing && preprocessingWords(shape.preprocessing));
  add('Epochs', facts.epochs?.toString());
  add('Batch size', facts.batchSize?.toString());
  add('Last layer', facts.head);
  add('Cross-validation', facts.crossValidation);
  add('Compared', facts.compared);
  add('Optimizer', facts.optimizer);
  add('Augmentation', facts.augmentation);
  add('Seed', facts.seed?.toString());
  add('Training accuracy', facts.trainingAccuracy === undefined ? '' : formatPercent(facts.trainingAccuracy));
  const { testTimeAugmentation: views = 'none' } = facts;
  const where = facts.adaptiveViews ? ' where the model is unsure' : '';
  add('Test-time augmentation', views === 'none' ? '' : `${describeViews(views)}, averaged${where}`);
  add('Trained on', trainingData && dataText(trainingData), trainingData && `SHA-256 ${trainingData.hash}`);
  add('Evaluated on', testData && dataText(testData), testData && `SHA-256 ${testData.hash}`);
  add('Training time', facts.seconds === undefined ? '' : formatDuration(facts.seconds));
  add('Finished', facts.finished);
  add('Hardware', facts.hardware);
  add(
    'Versions',
    Object.entries(facts.versions ?? {})
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
  );
  return rows;
}

/** `hf:owner/name:model.onnx at 0123456789ab, Apache-2.0`. */
function sourceText({ address, commit, license }: NonNullable<FineTunedInfo['source']>): string {
  const at = commit ? ` at ${commit.slice(0, 12)}` : '';
  return `${address}${at}, ${license ?? 'no licence stated'}`;
}

function dataText({ name, images, hash }: DataInfo): string {
  return `${name}, ${formatQuantity(images, 'image')}, ${hash.slice(0, 12)}`;
}
