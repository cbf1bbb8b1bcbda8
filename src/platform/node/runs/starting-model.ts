import { readFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { HarrierError } from '../../../errors.ts';
import {
  COMPANIONS,
  type Companions,
  type ForeignOptions,
  type TrainedNetwork,
} from '../../../models/index.ts';
import type { FineTunedFrom } from '../../../runs/run-record.ts';
import { type StartingModel, startingModelOf } from '../../../runs/starting-model.ts';
import { readModelFile } from '../files/model-file.ts';
import { nativeSha256 } from '../files/sha256.ts';
import { findModel } from './find-run.ts';
import { shippedModel } from './shipped-model.ts';

/**
 * The model that a user names, as `findModel` finds it, with layers and weights. A model of another program is read with
 * the files beside it that say how it wants its images.
 *
 * @param given left out: the model that comes with Harrier
 * @param options what the user says of a model of another program
 * @throws HarrierError as `findModel` and `startingModelOf` do
 */
export async function startingModel(
  given: string | undefined,
  options: ForeignOptions = {},
): Promise<StartingModel> {
  const { modelFile, run, shipped } = await findModel(given);
  const bytes = await readModelFile(modelFile);
  const name = shipped ? basename(modelFile, '.onnx') : relative('', run?.path ?? modelFile) || '.';
  const called = { name, ...(!shipped && { path: modelFile }) };
  const companions = shipped ? {} : await companionsOf(modelFile);
  return startingModelOf(bytes, called, modelFile, nativeSha256, { ...options, companions });
}

/**
 * The very model that a run began with, for when it is to begin again.
 * @throws HarrierError `not-found` when it is no longer there, `bad-checkpoint` when it is another one by now
 */
export async function sameStartingModel({
  name,
  path,
  hash,
  reading,
}: FineTunedFrom): Promise<TrainedNetwork> {
  const file = path ?? (await shippedModel());
  const next = path
    ? 'Restore it, or start a new run.'
    : 'This Harrier comes with another: start a new run, or take the version that began this one.';
  const bytes = file && (await readModelFile(file).catch(() => undefined));
  if (!bytes) {
    throw new HarrierError('not-found', 'the model that this run began with is no longer there', {
      where: path ?? name,
      next,
    });
  }
  const received = nativeSha256().update(bytes).digest();
  if (received === hash) return startingModelOf(bytes, { name }, file, nativeSha256, reading);
  throw new HarrierError('bad-checkpoint', 'the model that this run began with has changed', {
    where: path ?? name,
    expected: `SHA-256 ${hash}`,
    received,
    next,
  });
}

/** The files that say how a model wants its images: beside it, or one folder up where hubs keep them. */
async function companionsOf(modelFile: string): Promise<Companions> {
  const folder = dirname(modelFile);
  const folders = basename(folder) === 'onnx' ? [folder, dirname(folder)] : [folder];
  const texts: Partial<Record<keyof Companions, string>> = {};
  for (const name of COMPANIONS) {
    for (const each of folders)
      texts[name] ??= await readFile(join(each, name), 'utf8').catch(() => undefined);
  }
  return texts;
}
