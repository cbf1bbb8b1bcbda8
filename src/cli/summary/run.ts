import { stat } from 'node:fs/promises';
import { HarrierError } from '../../errors.ts';
import { formatPercent } from '../../evaluation/format.ts';
import { Network, summarize } from '../../models/index.ts';
import { findRun } from '../../platform/node/find-run.ts';
import { networkOf, RECIPES, recipeNamed } from '../../recipes/index.ts';
import { Reporter } from '../reporter.ts';

/** The options of `summary` as they were typed. */
export interface SummaryOptions {
  readonly classes?: number;
  readonly imageSize?: number;
  readonly json?: boolean;
}

/** `harrier summary`. */
export async function runSummary(name: string | undefined, options: SummaryOptions): Promise<void> {
  const reporter = new Reporter({ machine: options.json });
  if (name === undefined) {
    listRecipes(options, reporter);
    return;
  }
  const network = await networkNamed(name, options);
  if (options.json) reporter.json(description(network));
  else reporter.print(summarize(network));
}

function listRecipes({ json }: SummaryOptions, reporter: Reporter): void {
  const recipes = Object.values(RECIPES).map(({ name, description, epochs, target }) => ({
    name,
    description,
    epochs,
    target,
  }));
  if (json) {
    reporter.json(recipes);
    return;
  }
  for (const { name, description, target } of recipes) {
    reporter.print(reporter.style.strong(name));
    reporter.print(`  ${description}`);
    reporter.print(`  ${formatPercent(target.accuracy, 1)} on CIFAR-10's test images (${target.note})`);
  }
}

/** A recipe's network; for what is no recipe's name but leads to a folder, that run's. */
async function networkNamed(name: string, { classes, imageSize }: SummaryOptions): Promise<Network> {
  const isRun = name === 'latest' || (await stat(name).catch(() => undefined))?.isDirectory();
  if (Object.hasOwn(RECIPES, name) || !isRun) {
    const recipe = recipeNamed(name);
    const side = imageSize ?? recipe.imageSize;
    return networkOf(recipe, { inputShape: [side, side, 3], classes: classes ?? 10 });
  }
  const option = classes === undefined ? imageSize && '--image-size' : '--classes';
  if (option) {
    throw new HarrierError('bad-option', 'the network of a run is what it is', {
      where: option,
      next: 'Leave the option out, or give a recipe.',
    });
  }
  return Network.from((await (await findRun(name)).record()).network);
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
