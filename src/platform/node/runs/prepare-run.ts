import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { FolderRules } from '../../../data/folder-rules.ts';
import type { KeptCorrections } from '../../../data/kept-corrections.ts';
import type { OnProgress } from '../../../data/progress.ts';
import { withSettings } from '../../../recipes/index.ts';
import type { RunMethod } from '../../../runs/plan-run.ts';
import {
  type OpenedData,
  type PreparedRun,
  prepareRun as prepareNeutral,
  type StoredPlan,
} from '../../../runs/prepare-run.ts';
import { RUN_FORMAT, type RunData, type RunOptions, type RunRecord } from '../../../runs/run-record.ts';
import { isNamedData } from '../datasets/data-kind.ts';
import { labelRules } from '../datasets/label-rules.ts';
import { openDataset } from '../datasets/open-dataset.ts';
import { describeHardware } from '../engine/hardware.ts';
import { openRuntime } from '../engine/open-runtime.ts';
import { HARRIER_VERSION } from '../version.ts';
import { findRecipe } from './recipe-files.ts';
import { sameStartingModel } from './starting-model.ts';

/** How `prepareRun` makes a run: from what `newRun` gives beside the options, and who is told of the work. */
export interface PrepareOptions extends Pick<RunMethod, 'from' | 'chosen'> {
  /** With its settings. Default: the recipe that the options name, as `findRecipe` finds it, with theirs. */
  readonly recipe?: RunMethod['recipe'];
  /** How a folder is split, where a run before it has fixed that. */
  readonly rules?: FolderRules;
  /** The label corrections of its images, where they do not lie in the folder of the data. */
  readonly corrections?: KeptCorrections;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/**
 * Opens the data and makes the network of a run.
 *
 * @param stored the network and data of a run that is resumed: the network is then not built by the recipe, and the
 *   data must be the same
 * @throws HarrierError when an option, the data or the network cannot be used, or they do not fit together
 */
export async function prepareRun(
  wanted: RunOptions,
  { onProgress, signal, rules, corrections, ...given }: PrepareOptions = {},
  stored?: StoredPlan,
): Promise<PreparedRun> {
  const sources = {
    openData: (options: RunOptions, side: number | undefined, then: RunData | undefined) =>
      openData(options, side, then, { rules, corrections, onProgress, signal }),
    openRuntime,
  };
  const isOwn = given.from !== undefined || given.recipe !== undefined;
  // A run that goes on has set aside what its options say.
  const again = { ...given, chosen: [...(given.chosen ?? []), 'validationSplit'] };
  const method = isOwn ? given : stored ? again : await namedMethod(wanted);
  return prepareNeutral(wanted, sources, { ...method, reopen: sameStartingModel }, stored);
}

/**
 * Opens a run that has begun, to go on with it.
 *
 * @param options some may be new; the data may have moved
 * @returns also its record as it is from now on
 * @throws HarrierError as `prepareRun`
 */
export async function prepareAgain<Stored extends Omit<RunRecord, 'result'>>(
  record: Stored,
  options: RunOptions,
  hooks: Pick<PrepareOptions, 'onProgress' | 'signal'>,
): Promise<{ readonly run: PreparedRun; readonly record: Stored }> {
  const moved = options.data !== record.options.data;
  // Where the data was is of no interest once it has moved.
  const stored = moved ? { ...record, data: { ...record.data, path: undefined } } : record;
  const run = await prepareRun(options, hooks, stored);
  return { run, record: { ...record, options, ...(moved && { data: run.data }) } };
}

/** A recipe that only the options name: the length of the run and the learning rates are theirs. */
async function namedMethod({ recipe: name, recipeOptions = {} }: RunOptions): Promise<RunMethod> {
  const { recipe } = await findRecipe(name);
  return { recipe: withSettings(recipe, recipeOptions), chosen: ['epochs', 'batchSize', 'optimizer'] };
}

async function openData(
  options: RunOptions,
  side: number | undefined,
  then: RunData | undefined,
  {
    rules: fixed = 4,
    corrections,
    ...hooks
  }: Pick<PrepareOptions, 'rules' | 'corrections' | 'onProgress' | 'signal'>,
): Promise<OpenedData> {
  const { data, multiLabel, imageSize, preprocessing, source, skipBad, marks } = options;
  const { testSplit, groupBy, splitBy, folds } = options;
  const spec = await dataSpec(data, then?.path);
  const rules = then ? (then.rules ?? 1) : fixed;
  const opened = await openDataset(spec, {
    imageSize,
    defaultImageSize: side,
    preprocessing,
    source,
    skipBad,
    multiLabel,
    ...labelRules(options),
    testSplit,
    groupBy,
    splitBy,
    pooled: folds !== undefined,
    // A resumed run keeps the label corrections that it began with.
    marks: then ? (then.marks?.images ?? false) : marks ? false : corrections,
    rules,
    isNew: then === undefined,
    ...hooks,
  });
  return {
    ...opened,
    skipped: opened.skipped.length,
    ...(data !== 'cifar10' && { ...(!isNamedData(spec) && { path: resolve(spec) }), rules }),
  };
}

/** The record of a run that is about to begin. */
export function newRecord(run: PreparedRun, command: string, now: Date = new Date()): RunRecord {
  return {
    format: RUN_FORMAT,
    id: randomUUID(),
    command,
    created: now.toISOString(),
    options: run.options,
    data: run.data,
    network: run.network.config(),
    versions: {
      harrier: HARRIER_VERSION,
      node: process.versions.node,
      'onnxruntime-node': run.runtime.name.split(' ')[1],
    },
    hardware: describeHardware(run.options.device),
  };
}

/** A path as given; where that leads nowhere from here, the absolute one that the run began with. */
async function dataSpec(given: string, path: string | undefined): Promise<string> {
  if (path === undefined || (await stat(given).catch(() => undefined))) return given;
  return path;
}
