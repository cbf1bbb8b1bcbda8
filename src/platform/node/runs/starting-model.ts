import { stat } from 'node:fs/promises';
import { basename, relative } from 'node:path';
import { isStateDict } from '../../../applications/index.ts';
import type { CatalogueEntry } from '../../../backbones/index.ts';
import { HarrierError } from '../../../errors.ts';
import type { ForeignOptions } from '../../../models/index.ts';
import type { FineTunedFrom } from '../../../runs/run-record.ts';
import { type StartingModel, startingModelOf } from '../../../runs/starting-model.ts';
import {
  type FetchedModel,
  type FetchModelOptions,
  fetchModel,
  isRemoteModel,
} from '../backbones/fetch-model.ts';
import { damageOf } from '../backbones/model-cache.ts';
import { publicAddress } from '../backbones/public-address.ts';
import { companionsOf } from '../files/companions.ts';
import { readModelFile } from '../files/model-file.ts';
import { nativeSha256 } from '../files/sha256.ts';
import { shellQuote } from '../shell-quote.ts';
import { findModel } from './find-run.ts';
import { loadOwnRecipes } from './recipe-files.ts';
import { shippedModel } from './shipped-model.ts';

/**
 * The model that a user names, with layers and weights: what `findModel` finds, else a name of the catalogue, `hf:…` or a
 * web address, which are fetched. A model of another program is read with the files beside it that say how it wants its
 * images.
 *
 * @param given left out: the model that comes with Harrier
 * @param options what the user says of a model of another program
 * @throws HarrierError as `findModel`, `fetchModel` and `startingModelOf` do
 */
export async function startingModel(
  given: string | undefined,
  options: ForeignOptions = {},
  fetching: FetchModelOptions = {},
): Promise<StartingModel> {
  if (given !== undefined && (await isElsewhere(given))) {
    return fetchedStartingModel(await fetchModel(given, fetching), options);
  }
  const { modelFile, run, shipped } = await findModel(given);
  const bytes = await readModelFile(modelFile);
  const name = shipped ? basename(modelFile, '.onnx') : relative('', run?.path ?? modelFile) || '.';
  const called = { name, ...(!shipped && { path: modelFile }) };
  const companions = shipped ? {} : await companionsOf(modelFile);
  return withOwnLayers(() =>
    startingModelOf(bytes, called, modelFile, nativeSha256, { ...options, companions }),
  );
}

/** Whether a text names a model that is fetched; a file or folder here that is called so comes first. */
export async function isElsewhere(given: string): Promise<boolean> {
  return isRemoteModel(given) && (await stat(given).catch(() => undefined)) === undefined;
}

/**
 * A model of the cache with layers and weights, and with its source as a run names it.
 *
 * @param options what the user says of it; what is left out the catalogue knows, or the files beside it
 * @throws HarrierError `bad-data` where one of its files is damaged; as `startingModelOf` does
 */
export async function fetchedStartingModel(
  { name, file, folder, source, entry }: FetchedModel,
  options: ForeignOptions = {},
): Promise<StartingModel> {
  const damage = await damageOf({ folder, source });
  if (damage) {
    const { file: where, expected, received = 'no file that can be read' } = damage;
    throw new HarrierError('bad-data', 'the file is damaged', {
      where,
      expected: `SHA-256 ${expected}`,
      received,
      next: `Fetch it again: npx harrier models fetch ${shellQuote(publicAddress(name))}`,
    });
  }
  const bytes = await readModelFile(file);
  const { address, commit, license, path } = source;
  const known = entry && !isStateDict(bytes) ? optionsOf(entry) : {};
  const companions = await companionsOf(file);
  const { assumed, ...model } = startingModelOf(
    bytes,
    { name: publicAddress(name), path: file },
    file,
    nativeSha256,
    { ...known, ...options, companions },
  );
  return {
    ...model,
    // The catalogue knows which weights it has fetched.
    ...(assumed && !(entry && isStateDict(bytes)) && { assumed }),
    ...(entry && model.network.inputShape[0] !== entry.size && { ownSize: [entry.size, entry.size] }),
    source: {
      address: commit ? `${address}:${path}` : publicAddress(address),
      ...(commit && { commit }),
      ...(license && { license }),
    },
  };
}

/** Reads a model, again with the layers that the current folder's recipes register if it cannot be read without. */
async function withOwnLayers<T>(read: () => T): Promise<T> {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof HarrierError && error.code === 'bad-graph')) throw error;
    await loadOwnRecipes().catch(() => {});
    return read();
  }
}

/** What the catalogue knows of a model of another program. */
function optionsOf({ normalization, size, preprocessing }: CatalogueEntry): ForeignOptions {
  const inUnits = (values: readonly number[]) => values.map((value) => value / 255);
  return {
    mean: inUnits(normalization.mean),
    std: inUnits(normalization.deviation),
    imageSize: size,
    preprocessing,
  };
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
  imageSize,
}: FineTunedFrom): Promise<StartingModel> {
  const file = path ?? (await shippedModel());
  const next = path
    ? 'Restore it, or start a new run.'
    : 'This version of Harrier has another one: start a new run, or use the version that started this run.';
  const bytes = file && (await readModelFile(file).catch(() => undefined));
  if (!bytes) {
    throw new HarrierError('not-found', 'the model that this run started from is missing', {
      where: path ?? name,
      next,
    });
  }
  const received = nativeSha256().update(bytes).digest();
  if (received === hash) {
    const options = { ...reading, ...(imageSize !== undefined && { imageSize }) };
    return withOwnLayers(() => startingModelOf(bytes, { name }, file, nativeSha256, options));
  }
  throw new HarrierError('bad-checkpoint', 'the model that this run started from has changed', {
    where: path ?? name,
    expected: `SHA-256 ${hash}`,
    received,
    next,
  });
}
