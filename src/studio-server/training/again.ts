import { HarrierError } from '../../errors.ts';
import { flagOf } from '../../options/option.ts';
import { shellQuote } from '../../platform/node/shell-quote.ts';
import type { RunRecord } from '../../runs/run-record.ts';
import type { NewRunRequest, OptionValue } from '../api.ts';
import type { DatasetLibrary } from '../datasets/dataset-library.ts';
import type { ModelLibrary } from '../models.ts';
import { fieldValue, planOf } from './plan.ts';
import { type RequestReader, readRequest } from './request.ts';
import type { RunLibrary } from './run-library.ts';

interface Sources extends RequestReader {
  readonly datasets: DatasetLibrary;
  readonly runs: RunLibrary;
  readonly models: ModelLibrary;
}

/** What decides which images and classes a run has, and is no field of the form. */
const NOT_IN_FORM = [
  ...(['columns', 'labelBy', 'merge', 'classes'] as const),
  ...(['testSplit', 'groupBy', 'splitBy'] as const),
];

/**
 * The request that begins a run with the settings of another one: what would be chosen without a word is left out.
 *
 * @throws HarrierError `not-found` where its data or its model is not here; `not-supported` for layers that the page
 *   cannot choose
 */
export async function requestAgain(record: RunRecord, sources: Sources): Promise<NewRunRequest> {
  const { options } = record;
  const data = sources.datasets.idOf(options.data, record.data.path);
  if (data === undefined) {
    throw new HarrierError('not-found', 'Studio was not started with the data of this run', {
      where: options.data,
      next: `Start it with: npx harrier studio --data ${shellQuote(options.data)}`,
    });
  }
  const other = NOT_IN_FORM.find((name) => options[name] !== undefined);
  if (other) {
    throw new HarrierError('not-supported', 'how this run read its images cannot be chosen in this form', {
      received: flagOf(other),
      next: 'Begin it in a terminal, with the command of the run.',
    });
  }
  const method = options.from ? await tuning(options, sources.models) : { recipe: options.recipe };
  const plain: NewRunRequest = { data, ...method, options: {} };
  const several = options.multiLabel === undefined ? { multiLabel: false } : {};
  const read = await readRequest(
    { ...plain, options: { optimizer: options.optimizer.name, ...headOf(options) } },
    sources,
  );
  const { fields } = await planOf(
    await readRequest({ ...plain, options: headOf(options) }, sources),
    sources,
  );
  const usual = new Map(fields.map(({ name, default: value }) => [name, value]));
  const known = { shape: record.data.imageShape, images: record.data.train.images };
  const chosen: Record<string, OptionValue> = {};
  for (const field of read.fields) {
    const value = fieldValue(field, options, known);
    if (value === undefined || value === null || value === usual.get(field.name)) continue;
    chosen[field.name] = value;
  }
  if (read.fields.some(({ name }) => name === 'multiLabel')) Object.assign(chosen, several);
  return { ...plain, options: chosen };
}

function headOf({ head }: RunRecord['options']): Record<string, OptionValue> {
  return head === undefined || head === 'linear' ? {} : { head };
}

async function tuning(
  { from, head }: RunRecord['options'],
  models: ModelLibrary,
): Promise<Pick<NewRunRequest, 'from' | 'trainable'>> {
  const { name, path, trainable } = from!;
  const trained = head === undefined ? trainable : 'head';
  if (trained !== 'all' && head === undefined) {
    throw new HarrierError(
      'not-supported',
      'the layers that this run trained cannot be chosen in this form',
      {
        received: `--trainable ${trainable}`,
        next: 'Begin it in a terminal, with the command of the run.',
      },
    );
  }
  const known = await models.list();
  const own = known.find(({ path: file, info }) =>
    path === undefined ? info.source === 'shipped' : file === path,
  );
  return { from: own?.info.id ?? name, trainable: trained === 'all' ? 'all' : 'head' };
}
