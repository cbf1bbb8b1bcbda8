import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { publicAddress } from '../../platform/node/backbones/public-address.ts';
import { isNamedData } from '../../platform/node/datasets/data-kind.ts';
import { findModel } from '../../platform/node/runs/find-run.ts';
import type { TrainOptions } from '../../platform/node/runs/new-run.ts';
import { findRecipe } from '../../platform/node/runs/recipe-files.ts';
import { isElsewhere } from '../../platform/node/runs/starting-model.ts';
import { shellQuote } from '../../platform/node/shell-quote.ts';
import { type ChangeableOption, givenAnew } from '../../runs/given-anew.ts';

export type { TrainOptions } from '../../platform/node/runs/new-run.ts';

/** The same options in words that mean the same in every folder: for runs that are begun later. */
export async function fromAnywhere<T extends Pick<TrainOptions, 'recipe' | 'from' | 'data'>>(
  given: T,
): Promise<T> {
  const { data, from } = given;
  return {
    ...given,
    ...(from === undefined && (await recipeFromAnywhere(given.recipe))),
    ...(typeof from === 'string' &&
      !(await isElsewhere(from)) && { from: (await findModel(from)).modelFile }),
    ...(data !== undefined && { data: await dataFromAnywhere(data) }),
  };
}

/** What is given anew to several runs that are resumed, in words that mean the same in every folder; nothing for runs that begin. */
export async function givenToSeveral(
  typed: Pick<TrainOptions, ChangeableOption>,
): Promise<Omit<Pick<TrainOptions, ChangeableOption>, 'resume' | 'json'>> {
  const { resume, json: _, ...anew } = givenAnew(typed);
  if (resume === undefined) return {};
  const { data } = anew;
  return { ...anew, ...(data !== undefined && { data: await dataFromAnywhere(data) }) };
}

/** The same data in words that mean the same in every folder: a file or folder by its absolute path. */
async function dataFromAnywhere(data: string): Promise<string> {
  const isPath = !isNamedData(data) && (await stat(data).catch(() => undefined));
  return isPath ? resolve(data) : data;
}

async function recipeFromAnywhere(
  name: string | undefined,
): Promise<Pick<TrainOptions, 'recipe' | 'recipeFile'>> {
  const { recipe, file } = await findRecipe(name);
  const isFile = file !== undefined && name !== undefined && resolve(name) === file;
  return { recipe: isFile ? file : recipe.name, ...(file && !isFile && { recipeFile: file }) };
}

/** A list such as `csv=all.csv,mlflow=https://…` without the addresses. */
function withoutAddresses(list: string): string {
  const parts = list.split(',').map((part) => /^([^=]+)=[a-z][\w+.-]*:\/\//i.exec(part)?.[1] ?? part);
  return parts.join(',');
}

/**
 * Options as a record on disk keeps them: a web address without its secrets, and no trackers, whose addresses may be
 * secrets as a whole. Both are given again with `--resume`.
 */
export function keptOptions<T extends Pick<TrainOptions, 'from' | 'logTo'>>(given: T): T {
  const { from } = given;
  return { ...given, logTo: undefined, ...(typeof from === 'string' && { from: publicAddress(from) }) };
}

/** Options of several runs that go on: those of their record, with the model's whole address, and where the data is now. */
export async function givenAgain(
  kept: TrainOptions,
  { from, data }: Pick<TrainOptions, 'from' | 'data'>,
): Promise<TrainOptions> {
  return {
    ...keptOptions(kept),
    ...(from !== undefined && { from }),
    ...(data !== undefined && { data: await dataFromAnywhere(data) }),
  };
}

/** Whether `--from` gives a model of a record again, with what its address lacks there. */
export function isSameModel(from: unknown, kept: string | true | undefined): from is string {
  return typeof from === 'string' && typeof kept === 'string' && publicAddress(from) === publicAddress(kept);
}

/** What was typed, without the secrets of web addresses. */
export function withoutSecrets(typed: readonly string[]): string[] {
  return typed.map((word, i) => {
    const [flag = ''] = /^--[\w-]+=/.exec(word) ?? [];
    const value = word.slice(flag.length);
    const isTrackers = flag === '--log-to=' || (flag === '' && typed[i - 1] === '--log-to');
    // `mlflow=https://…`: the whole address of a tracker may be a secret.
    return flag + (isTrackers ? withoutAddresses(value) : publicAddress(value));
  });
}

/** The command that does a run again, from what was typed, without the secrets of web addresses. */
export function commandLine(typed: readonly string[]): string {
  return ['npx', 'harrier', ...withoutSecrets(typed)].map(shellQuote).join(' ');
}
