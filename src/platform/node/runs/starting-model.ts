import { readFile } from 'node:fs/promises';
import { basename, relative } from 'node:path';
import { HarrierError } from '../../../errors.ts';
import type { TrainedNetwork } from '../../../models/index.ts';
import type { FineTunedFrom } from '../../../runs/run-record.ts';
import { type StartingModel, startingModelOf } from '../../../runs/starting-model.ts';
import { readError } from '../files/read-error.ts';
import { nativeSha256 } from '../files/sha256.ts';
import { findModel } from './find-run.ts';
import { shippedModel } from './shipped-model.ts';

/**
 * The model that a user names, as `findModel` finds it, with layers and weights.
 *
 * @param given left out: the model that comes with Harrier
 * @throws HarrierError as `findModel` and `trainedNetwork` do
 */
export async function startingModel(given: string | undefined): Promise<StartingModel> {
  const { modelFile, run, shipped } = await findModel(given);
  const bytes = await bytesOf(modelFile);
  const name = shipped ? basename(modelFile, '.onnx') : relative('', run?.path ?? modelFile) || '.';
  return startingModelOf(bytes, { name, ...(!shipped && { path: modelFile }) }, modelFile, nativeSha256);
}

/**
 * The very model that a run began with, for when it is to begin again.
 * @throws HarrierError `not-found` when it is no longer there, `bad-checkpoint` when it is another one by now
 */
export async function sameStartingModel({ name, path, hash }: FineTunedFrom): Promise<TrainedNetwork> {
  const file = path ?? (await shippedModel());
  const next = path
    ? 'Restore it, or start a new run.'
    : 'This Harrier comes with another: start a new run, or take the version that began this one.';
  const bytes = file && (await bytesOf(file).catch(() => undefined));
  if (!bytes) {
    throw new HarrierError('not-found', 'the model that this run began with is no longer there', {
      where: path ?? name,
      next,
    });
  }
  const received = hashOf(bytes);
  if (received === hash) return startingModelOf(bytes, { name }, file, nativeSha256);
  throw new HarrierError('bad-checkpoint', 'the model that this run began with has changed', {
    where: path ?? name,
    expected: `SHA-256 ${hash}`,
    received,
    next,
  });
}

async function bytesOf(file: string): Promise<Buffer> {
  return readFile(file).catch((error) => {
    throw readError(error, file, 'file');
  });
}

function hashOf(bytes: Uint8Array): string {
  return nativeSha256().update(bytes).digest();
}
