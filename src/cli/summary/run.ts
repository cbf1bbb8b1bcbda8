import { stat } from 'node:fs/promises';
import { HarrierError } from '../../errors.ts';
import {
  graphRows,
  keepsContract,
  Network,
  simplifiedModel,
  summarize,
  summarizeGraph,
} from '../../models/index.ts';
import { decodeModel } from '../../onnx/index.ts';
import { readModelFile } from '../../platform/node/files/model-file.ts';
import { findRun } from '../../platform/node/runs/find-run.ts';
import { allRecipes, findRecipe } from '../../platform/node/runs/recipe-files.ts';
import {
  networkOf,
  readSettings,
  type Settings,
  settingsOf,
  settingsText,
  withSettings,
} from '../../recipes/index.ts';
import { averagedBy } from '../../runs/averaged-by.ts';
import { fromField } from '../../runs/run-record.ts';
import { runRecipes } from '../recipes/run.ts';
import { Reporter } from '../reporter.ts';

/** The options of `summary` as they were typed. */
export interface SummaryOptions {
  readonly classes?: number;
  readonly imageSize?: number;
  readonly set?: readonly string[];
  readonly json?: boolean;
}

/** `harrier summary`. */
export async function runSummary(name: string | undefined, options: SummaryOptions): Promise<void> {
  if (name === undefined) {
    await runRecipes(options);
    return;
  }
  const reporter = new Reporter({ machine: options.json });
  if (/\.onnx$/i.test(name)) {
    await summarizeFile(name, options, reporter);
    return;
  }
  const { network, settings, averaged } = await networkNamed(name, options);
  if (options.json) {
    reporter.json({ ...description(network), averaged, settings });
    return;
  }
  reporter.print(summarize(network));
  if (averaged) reporter.print(`The model averages ${averaged} such networks.`);
  if (settings) reporter.print(`Settings: ${settingsText(settings)}`);
}

/** A model file has no layers any more, but operations. */
async function summarizeFile(file: string, options: SummaryOptions, reporter: Reporter): Promise<void> {
  const given = decodeModel(await readModelFile(file), file);
  const isOwn = keepsContract(given.graph);
  refuseOptions(isOwn ? options : { ...options, imageSize: undefined }, 'a model file');
  const model = isOwn ? given : simplifiedModel(given, options.imageSize, file);
  if (!options.json) {
    reporter.print(summarizeGraph(model, file));
    return;
  }
  const nodes = graphRows(model, file);
  const { name, inputs, outputs } = model.graph;
  const parameters = nodes.reduce((total, row) => total + row.parameters, 0);
  reporter.json({ name, inputs, outputs, parameters, nodes });
}

/** A recipe's network and settings; for what is no recipe's name but leads to a folder, that run's network. */
async function networkNamed(
  name: string,
  { classes, imageSize, set }: SummaryOptions,
): Promise<{ network: Network; settings?: Settings; averaged?: number }> {
  const isRun = name === 'latest' || (await stat(name).catch(() => undefined))?.isDirectory();
  if (!isRun || (await allRecipes()).has(name)) {
    const { recipe: found } = await findRecipe(name);
    const recipe = withSettings(found, readSettings(found, set ?? []));
    const side = imageSize ?? recipe.imageSize;
    const network = networkOf(recipe, { inputShape: [side, side, 3], classes: classes ?? 10 });
    return { network, settings: settingsOf(recipe) };
  }
  refuseOptions({ classes, imageSize, set }, 'a run');
  const run = await findRun(name);
  const { network, options } = await run.record();
  return {
    network: fromField('network', run.file('record'), () => Network.from(network)),
    averaged: averagedBy(options),
  };
}

/** @throws HarrierError `bad-option` for what only changes the network of a recipe */
function refuseOptions({ classes, imageSize, set }: SummaryOptions, what: string): void {
  const option = Object.entries({ '--classes': classes, '--image-size': imageSize, '--set': set }).find(
    ([, value]) => value !== undefined,
  );
  if (!option) return;
  throw new HarrierError('bad-option', `the network of ${what} cannot be changed`, {
    where: option[0],
    next: 'Leave the option out, or give a recipe.',
  });
}

function description(network: Network) {
  const { name, inputShape, outputSize, rows, parameters } = network;
  const count = (trainable: boolean) =>
    parameters
      .filter((spec) => spec.trainable === trainable)
      .reduce((total, { shape }) => total + shape.reduce((product, size) => product * size, 1), 0);
  const trainableParameters = count(true);
  const nonTrainableParameters = count(false);
  return {
    name,
    inputShape,
    classes: outputSize,
    parameters: trainableParameters + nonTrainableParameters,
    trainableParameters,
    nonTrainableParameters,
    multiplyAdds: rows.reduce((total, { multiplyAdds }) => total + multiplyAdds, 0),
    layers: rows,
  };
}
