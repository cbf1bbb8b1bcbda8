/**
 * Whether a recipe starts to learn on few images: trains it with several seeds and evaluates each model on the test
 * images, one view of each. A run has learnt when the 95% interval of its accuracy lies above the accuracy of a model
 * that always gives the most frequent class.
 *
 *     npx tsx bench/few-images.ts --data FOLDER [--image-size 64] [--recipe quick] [--limit COUNT]
 *         [--seeds 10] [--first-seed 1] [--threads 1] [--rates fixed] [--stop-after EPOCHS]
 *
 * `--rates fixed` leaves the learning rates as they are for the recipe's own batch. `--stop-after` ends each run early,
 * with the schedule of the whole run: runs that never learn fail in their first steps. Prints one CSV line per run, then a
 * summary, and exits with 1 when a run has not learnt.
 */
import { parseArgs } from 'node:util';
import { classCounts } from '../src/data/statistics.ts';
import { evaluatePredictions, spreadOf } from '../src/evaluation/index.ts';
import { Classifier, exportModel } from '../src/models/index.ts';
import { optimizerFrom } from '../src/optimizers/index.ts';
import { nodeBatches } from '../src/platform/node/datasets/threaded-batches.ts';
import { prepareRun } from '../src/platform/node/runs/prepare-run.ts';
import { recipeNamed } from '../src/recipes/index.ts';
import { fit } from '../src/training/index.ts';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: 'cifar10' },
    'image-size': { type: 'string' },
    recipe: { type: 'string', default: 'quick' },
    limit: { type: 'string' },
    seeds: { type: 'string', default: '10' },
    'first-seed': { type: 'string', default: '1' },
    threads: { type: 'string', default: '1' },
    rates: { type: 'string', default: 'follow' },
    'stop-after': { type: 'string' },
  },
});
const number = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text);
const threads = Number(values.threads);
const stopAfter = number(values['stop-after']) ?? Number.POSITIVE_INFINITY;
const named = recipeNamed(values.recipe);
const recipe = values.rates === 'fixed' ? { ...named, learningRateBatchSize: undefined } : named;

process.stdout.write(
  'recipe,images,seed,batch,epochs,trained,first_loss,last_loss,test_accuracy,guessing,learnt\n',
);
const accuracies: number[] = [];
let failed = 0;
for (let i = 0; i < Number(values.seeds); i++) {
  const seed = Number(values['first-seed']) + i;
  const run = await prepareRun(
    {
      recipe: recipe.name,
      recipeOptions: recipe.options,
      data: values.data,
      imageSize: number(values['image-size']),
      limit: number(values.limit),
      skipBad: false,
      seed,
      threads,
      epochs: recipe.epochs,
      batchSize: recipe.batchSize,
      microBatch: recipe.microBatch,
      optimizer: optimizerFrom(recipe.optimizer).config,
      loss: recipe.loss ?? {},
      augmentation: recipe.augmentation,
      validationSplit: 0,
    },
    { recipe },
  );
  const { options, network, optimizer, runtime, train, test } = run;
  const { epochs, batchSize, microBatch, augmentation, loss } = options;
  let done = 0;
  const { history, weights } = await fit({
    network,
    optimizer,
    loss,
    runtime,
    train,
    epochs,
    batchSize,
    microBatch,
    augmentation,
    openBatches: nodeBatches({ threads }),
    seed,
    clock: () => performance.now(),
    onEpoch: ({ epoch }) => {
      done = epoch;
    },
    interrupted: () => done >= stopAfter,
  });
  const classifier = await Classifier.load(runtime, exportModel(network, weights));
  const probabilities = await classifier.predictImages(test);
  await classifier.dispose();
  const { labels, classNames } = test;
  const { accuracy, interval95 } = evaluatePredictions({ probabilities, labels, classNames });
  const guessing = Math.max(...classCounts(test)) / test.size;
  const learnt = interval95[0] > guessing;
  if (!learnt) failed++;
  accuracies.push(accuracy);
  const losses = [history[0].loss, history.at(-1)!.loss].map((value) => value.toFixed(3));
  const fractions = [accuracy, guessing].map((value) => value.toFixed(4));
  const row = [
    recipe.name,
    train.size,
    seed,
    batchSize,
    epochs,
    history.length,
    ...losses,
    ...fractions,
    learnt ? 'yes' : 'no',
  ];
  process.stdout.write(`${row.join(',')}\n`);
}
const percent = (fraction: number) => `${(100 * fraction).toFixed(1)}%`;
const { mean, standardDeviation, minimum } = spreadOf(accuracies);
process.stdout.write(
  `${accuracies.length} seeds: mean ${percent(mean)}, deviation ${percent(standardDeviation ?? 0)}, ` +
    `lowest ${percent(minimum)}; ${failed} not learnt\n`,
);
process.exitCode = failed > 0 ? 1 : 0;
