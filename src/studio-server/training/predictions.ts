import { correctedDataset } from '../../data/corrected.ts';
import { isStretched, STRETCHED } from '../../data/preprocessing.ts';
import { predictionsFromCsv } from '../../evaluation/index.ts';
import { correctionsFolder } from '../../platform/node/datasets/data-kind.ts';
import { correctionsByIndex } from '../../platform/node/datasets/label-corrections.ts';
import type { RunPredictions } from '../api.ts';
import type { DatasetLibrary } from '../datasets/dataset-library.ts';
import { notFound } from '../respond.ts';
import type { RunView } from './run-view.ts';

/**
 * What a run's model said of its test images, and which images they are: those of its data set here, where that is
 * still the same.
 *
 * @throws HarrierError `not-found` for a run without predictions
 */
export async function runPredictions(
  { folder, record, id }: RunView,
  datasets: DatasetLibrary,
): Promise<RunPredictions> {
  const text = await folder.read('predictions');
  if (!text || !record) return notFound('file of predictions: the run is not finished', id);
  if (record.options.multiLabel) {
    return notFound('answer of one class for each image: predictions.csv has the labels of each', id);
  }
  const rows = predictionsFromCsv(text.toString('utf8'), folder.file('predictions'));
  const labels = rows.map(({ label }) => label);
  const known = datasets.idOf(record.options.data, record.data.path);
  const found = known === undefined ? undefined : await indexOf(known, labels);
  return {
    ...(found && { dataset: known, own: found.own }),
    index: found?.index ?? labels.map((_, i) => i),
    label: labels,
    predicted: rows.map(({ predicted }) => predicted),
    probability: rows.map(({ probability }) => probability),
    ...(rows[0]?.group !== undefined && { group: rows.map(({ group }) => group!) }),
  };

  /** For each image of the run, which of the data set it is, with its label there; undefined when that has changed. */
  async function indexOf(
    dataset: string,
    wanted: readonly number[],
  ): Promise<{ index: number[]; own: number[] } | undefined> {
    const opened = await datasets.get(dataset).catch(() => undefined);
    if (!opened) return undefined;
    const { test, classNames } = { test: opened.opened.test, classNames: opened.opened.train.classNames };
    const { data } = record!;
    if (data.classNames.join('\n') !== classNames.join('\n')) return undefined;
    const { spec } = datasets.source(dataset);
    const { marks } = correctionsByIndex(test, data.marks?.images ?? {}, correctionsFolder(spec));
    const marked = correctedDataset(test, marks);
    const isScaledAlike =
      data.imageShape.width === test.imageShape.width &&
      data.imageShape.height === test.imageShape.height &&
      isStretched(record!.options.preprocessing ?? STRETCHED);
    // Scaled otherwise, the same images have another hash: then their number and labels must do.
    const isSame = isScaledAlike
      ? marked.hash === data.test.hash
      : marked.size === wanted.length && wanted.every((label, i) => marked.labels[i] === label);
    if (!isSame || marked.size !== wanted.length) return undefined;
    const index = [...test.labels.keys()].filter((place) => !marks.get(place)?.excluded);
    return { index, own: index.map((place) => test.labels[place]) };
  }
}
