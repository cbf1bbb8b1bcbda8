import type { Dataset } from '../../data/dataset.ts';
import { relabelled } from '../../data/relabelled.ts';
import { firstImages } from '../../data/subset.ts';
import { HarrierError } from '../../errors.ts';
import { formatQuantity } from '../../format/format.ts';
import type { Classifier } from '../../models/index.ts';
import type { ModelSource } from '../../platform/node/runs/find-run.ts';
import { prepareRun } from '../../platform/node/runs/prepare-run.ts';
import type { RunOptions } from '../../runs/run-record.ts';
import { imagesFor } from '../evaluate/images.ts';
import type { Reporter } from '../reporter.ts';
import type { ExportCommandOptions } from './formats.ts';

export interface EvaluationImages {
  readonly dataset: Dataset;
  /** For people: `5,000 validation images of cifar10`. */
  readonly label: string;
}

/**
 * The options of a run, with what was typed of how its images are read.
 * @throws HarrierError `bad-option` for other label corrections than those that the run began with
 */
export function ownImages(options: RunOptions, { source, skipBad, marks }: ExportCommandOptions): RunOptions {
  if (marks !== undefined && options.marks !== marks) {
    throw new HarrierError('bad-option', "a run's images keep the label corrections that it began with", {
      where: '--corrections',
      next: 'Leave it out, or name the images with --data.',
    });
  }
  return { ...options, source: source ?? options.source, skipBad: skipBad || options.skipBad };
}

/**
 * The images to compare two forms of a model on: those of `--data`, else the validation images of its run, else the
 * test images, which then are called so: nothing is chosen by them.
 *
 * @returns undefined for a model file without its run and without `--data`
 * @throws HarrierError when the data cannot be opened, or does not fit the model
 */
export async function imagesToEvaluateOn(
  source: ModelSource,
  classifier: Pick<Classifier, 'classNames' | 'imageShape' | 'metadata' | 'thresholds'>,
  { limit, ...options }: ExportCommandOptions,
  reporter: Reporter,
): Promise<EvaluationImages | undefined> {
  const { data } = options;
  const limited = (dataset: Dataset) => (limit === undefined ? dataset : firstImages(dataset, limit));
  const labelled = (dataset: Dataset, kind: string, note = ''): EvaluationImages => ({
    dataset,
    label: `${formatQuantity(dataset.size, `${kind} image`)} (${dataset.name})${note}`,
  });
  const record = data === undefined ? await source.run?.record() : undefined;
  if (record) {
    const { validation, test, folding } = await prepareRun(
      ownImages(record.options, options),
      { onProgress: reporter.work },
      record,
    );
    if (validation) return labelled(limited(validation), 'validation');
    if (folding?.isTest) return labelled(limited(test), 'training', ', as the run has no others');
    return labelled(limited(test), 'test', ', since the run set none aside for validation');
  }
  // To compare two forms of a model is no reason to fetch a data set.
  if (data === undefined) return undefined;
  const images = await imagesFor(source, classifier, options, reporter);
  if (!images) return undefined;
  for (const note of images.notes) reporter.note(`Note: ${note}`);
  const dataset = limited(relabelled(images.dataset, classifier.classNames));
  if (images.part === 'test') return labelled(dataset, 'test');
  return {
    dataset,
    label: `${formatQuantity(dataset.size, 'image')} of ${images.dataset.name} (${images.which})`,
  };
}
