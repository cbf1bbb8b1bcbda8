import { describe, expect, it } from 'vitest';
import { images } from '../../test/training/problem.ts';
import { watching } from '../../test/training/watching.ts';
import { memoryDataset } from '../data/memory.ts';
import { subset } from '../data/subset.ts';
import { HarrierError } from '../errors.ts';
import {
  evaluatePredictions,
  fitTemperature,
  type History,
  predictionsFor,
  withTemperature,
} from '../evaluation/index.ts';
import { BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D } from '../layers/index.ts';
import { Classifier, exportModel, initialWeights, Network, type Weights } from '../models/index.ts';
import { Adam, cosineDecay, SGD } from '../optimizers/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import type { Runtime } from '../runtime/index.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { fit } from './fit.ts';
import type { FitOptions, FitResult, StepProgress } from './fit-options.ts';

const runtime = nodeRuntime({ threads: 1 });
const train = images(26, 5, 4);
const validation = images(15, 5, 4, 2);

const network = new Network({
  name: 'small',
  inputShape: [5, 4, 3],
  layers: [
    new Conv2D({ filters: 3, kernelSize: 3, padding: 'same', activation: 'relu' }),
    new BatchNormalization({ momentum: 0.9 }),
    new MaxPooling2D(),
    new Flatten(),
    new Dropout({ rate: 0.3 }),
    new Dense({ units: 3, activation: 'softmax' }),
  ],
});

/** A clock that goes by itself, so that times are the same in every run. */
function ticking(): () => number {
  let now = 0;
  return () => ++now;
}

const options = (more: Partial<FitOptions> = {}): FitOptions => ({
  network,
  optimizer: new Adam({
    learningRate: cosineDecay({ initialLearningRate: 0.02, decaySteps: { fraction: 1 } }),
  }),
  runtime,
  train,
  epochs: 3,
  batchSize: 8,
  seed: 5,
  clock: ticking(),
  ...more,
});

/** A checkpoint as it comes back from disk. */
const stored = (checkpoint: Checkpoint): Checkpoint => decodeCheckpoint(encodeCheckpoint(checkpoint), 'file');
const bytesOf = (weights: Weights): number[] => [...weights.values()].flatMap((values) => [...values]);
const untimed = ({ history }: FitResult) => history.map(({ seconds, ...record }) => record);

describe('fit', () => {
  it('keeps the last partial batch: every image counts once in an epoch', async () => {
    const batches: number[] = [];
    const watched = watching(runtime, (feeds) => {
      batches.push(feeds.image.dims[0]);
    });
    const steps: StepProgress[] = [];
    const { history } = await fit(
      options({ epochs: 2, runtime: watched, onStep: (step) => steps.push(step) }),
    );
    expect(batches).toEqual([8, 8, 8, 2, 8, 8, 8, 2]);
    expect(steps.map(({ step, steps: all }) => `${step}/${all}`)).toEqual([
      '1/4',
      '2/4',
      '3/4',
      '4/4',
      '1/4',
      '2/4',
      '3/4',
      '4/4',
    ]);
    expect(steps.map(({ images }) => images)).toEqual([8, 16, 24, 26, 34, 42, 50, 52]);
    expect(steps.map(({ imagesLeftInEpoch }) => imagesLeftInEpoch)).toEqual([18, 10, 2, 0, 18, 10, 2, 0]);
    expect(steps.map(({ imagesLeft }) => imagesLeft)).toEqual([44, 36, 28, 26, 18, 10, 2, 0]);
    expect(steps[3].loss).toBe(history[0].loss);
    expect(steps[7].accuracy).toBe(history[1].accuracy);
    // A fraction of 26 images, not of 4 batches.
    expect((history[0].accuracy * 26) % 1).toBeCloseTo(0, 10);
  });

  it('weighs images alike: with a learning rate of 0 the loss is the mean over all of them', async () => {
    const plain = new Network({
      inputShape: [5, 4, 3],
      layers: [new Flatten(), new Dense({ units: 3, activation: 'softmax' })],
    });
    const { history, weights } = await fit(
      options({ network: plain, optimizer: new SGD({ learningRate: 0 }), epochs: 1 }),
    );
    const classifier = await Classifier.load(runtime, exportModel(plain, weights));
    const probabilities = await classifier.predictImages(train);
    await classifier.dispose();
    const { loss, accuracy } = evaluatePredictions({
      probabilities,
      labels: train.labels,
      classNames: train.classNames,
    });
    expect(history[0].loss).toBeCloseTo(loss, 6);
    expect(history[0].accuracy).toBe(accuracy);
  });

  it('visits every image once an epoch, in an order that changes with epoch and seed', async () => {
    const seen: number[] = [];
    const watched = (seed: number) => {
      seen.length = 0;
      const data = memoryDataset({ ...train, pixels: new Uint8Array(26 * 60), labels: train.labels });
      return fit(
        options({
          seed,
          epochs: 2,
          train: { ...data, hash: '', gather: (indices) => void seen.push(...Array.from(indices)) },
        }),
      ).then(() => [seen.slice(0, 26), seen.slice(26)]);
    };
    const [first, second] = await watched(5);
    for (const order of [first, second]) {
      expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 26 }, (_, i) => i));
    }
    expect(second).not.toEqual(first);
    expect((await watched(5))[0]).toEqual(first);
    expect((await watched(6))[0]).not.toEqual(first);
  });

  it('counts images by the weight of their class', async () => {
    const epochWith = async (classWeight?: FitOptions['classWeight']) => {
      const plain = new Network({
        inputShape: [5, 4, 3],
        layers: [new Flatten(), new Dense({ units: 3, activation: 'softmax' })],
      });
      const still = { network: plain, optimizer: new SGD({ learningRate: 0 }), epochs: 1, classWeight };
      return (await fit(options({ ...still, loss: { labelSmoothing: 0.1 } }))).history[0];
    };
    const lossWith = async (classWeight?: FitOptions['classWeight']) => (await epochWith(classWeight)).loss;
    const [red, green, blue] = [
      await lossWith({ green: 0, blue: 0 }),
      await lossWith({ red: 0, blue: 0 }),
      await lossWith({ red: 0, green: 0 }),
    ];
    expect(await lossWith()).toBeCloseTo(red + green + blue, 5);
    expect(await lossWith({ red: 2, green: 0.5 })).toBeCloseTo(2 * red + 0.5 * green + blue, 5);
    // Accuracy counts them all alike.
    expect((await epochWith({ green: 0, blue: 0 })).accuracy).toBe((await epochWith()).accuracy);
  });

  it('trains on augmented images', async () => {
    const augmentation = [{ name: 'RandomTranslation', pixels: 2, fill: 'zero' }] as const;
    const plain = await fit(options({ optimizer: new SGD({ learningRate: 0 }), validation, epochs: 1 }));
    const moved = await fit(
      options({ optimizer: new SGD({ learningRate: 0 }), validation, epochs: 1, augmentation }),
    );
    expect(moved.history[0].loss).not.toBe(plain.history[0].loss);
    expect(moved.weights.get('dense/kernel')).toEqual(plain.weights.get('dense/kernel'));
  });

  it('gives the same bytes for the same seed, and others for another', async () => {
    const run = async (seed: number) => {
      const kept: Uint8Array[] = [];
      await fit(
        options({
          seed,
          validation,
          save: async (checkpoint) => void kept.push(encodeCheckpoint(checkpoint)),
        }),
      );
      return kept.at(-1)!;
    };
    const one = await run(5);
    expect(await run(5)).toEqual(one);
    expect(await run(6)).not.toEqual(one);
  });

  it('follows the schedule', async () => {
    const rates: number[] = [];
    await fit(options({ epochs: 2, onStep: ({ learningRate }) => rates.push(learningRate) }));
    rates.forEach((rate, step) => {
      expect(rate).toBeCloseTo(0.01 * (1 + Math.cos((Math.PI * step) / 8)), 12);
    });
  });

  it('learns', async () => {
    const { history } = await fit(options({ train: images(90, 5, 4, 3), epochs: 12, validation }));
    expect(history.at(-1)!.validationAccuracy).toBeGreaterThan(0.8);
    expect(history.at(-1)!.loss).toBeLessThan(0.7 * history[0].loss);
  });

  it('tells epochs apart by what a model says once it is calibrated, if it will be', async () => {
    const others = images(60, 5, 4, 4);
    const losses: number[] = [];
    const run = (more: Partial<FitOptions>) =>
      fit(
        options({
          train: images(90, 5, 4, 3),
          validation: others,
          epochs: 8,
          loss: { labelSmoothing: 0.5 },
          ...more,
        }),
      );
    const stated = await run({});
    const calibrated = await run({
      calibrate: true,
      onEpoch: async (_, weights) => {
        const classifier = await Classifier.load(runtime, exportModel(network, await weights()));
        const said = predictionsFor({ probabilities: await classifier.predictImages(others) }, others);
        const fitted = fitTemperature(said);
        // The first epochs know nothing yet.
        const temperature = 'temperature' in fitted ? fitted.temperature : 1;
        losses.push(evaluatePredictions(temperature === 1 ? said : withTemperature(said, temperature)).loss);
        await classifier.dispose();
      },
    });
    const lossesOf = (history: History) => history.map(({ validationLoss }) => validationLoss!);
    const leastOf = (history: History) => 1 + lossesOf(history).indexOf(Math.min(...lossesOf(history)));
    expect(lossesOf(calibrated.history)).toEqual(losses);
    expect(calibrated.history.map(({ validationAccuracy }) => validationAccuracy)).toEqual(
      stated.history.map(({ validationAccuracy }) => validationAccuracy),
    );
    expect(losses.every((loss, i) => loss <= lossesOf(stated.history)[i])).toBe(true);
    expect(calibrated.bestEpoch).toBe(leastOf(calibrated.history));
    expect(stated.bestEpoch).toBe(leastOf(stated.history));
    expect(calibrated.bestEpoch).not.toBe(stated.bestEpoch);
  });
});

describe('a run that was interrupted and resumed', () => {
  const augmentation = [
    { name: 'RandomFlip', mode: 'alternating' },
    { name: 'RandomTranslation', pixels: 1 },
  ] as const;

  /** Everything that a finished run leaves behind, but for wall time. */
  async function outcome(more: Partial<FitOptions>) {
    const kept: Checkpoint[] = [];
    const save = async (checkpoint: Checkpoint, best: boolean) => {
      if (best) kept[1] = checkpoint;
      kept[0] = checkpoint;
    };
    const result = await fit(options({ validation, augmentation, ...more, save }));
    return { result, last: kept[0], best: kept[1] };
  }

  it('ends, from any of its steps, bit for bit as if it had never stopped', async () => {
    const whole = await outcome({});
    expect(whole.result.ended).toBe('finished');
    const steps = whole.last.position.step;
    expect(steps).toBe(12);

    for (let stop = 1; stop < steps; stop++) {
      let taken = 0;
      const part = await outcome({ onStep: () => taken++, interrupted: () => taken >= stop });
      expect(part.result.ended).toBe('interrupted');
      expect(part.last.position.step).toBe(stop);
      const rest = await outcome({
        resume: stored(part.last),
        bestWeights: part.best && stored(part.best).weights,
      });
      expect(untimed(rest.result), `stopped after ${stop}`).toEqual(untimed(whole.result));
      expect(bytesOf(rest.last.weights)).toEqual(bytesOf(whole.last.weights));
      expect(bytesOf(rest.last.slots)).toEqual(bytesOf(whole.last.slots));
      expect(rest.last.position.best).toEqual(whole.last.position.best);
      expect(rest.result.bestEpoch).toBe(whole.result.bestEpoch);
      expect(bytesOf(rest.result.weights)).toEqual(bytesOf(whole.result.weights));
    }
  });

  it('leaves the time out in which the machine slept', async () => {
    let [now, steps] = [0, 0];
    const sleepy = watching(runtime, () => {
      now += ++steps === 7 ? 8 * 3_600_000 : 100;
    });
    const told: number[] = [];
    const { history } = await fit(
      options({ runtime: sleepy, clock: () => now, onStep: ({ seconds }) => void told.push(seconds) }),
    );
    expect(steps).toBeGreaterThanOrEqual(12);
    for (const { seconds } of history) expect(seconds).toBeLessThan(2);
    expect(told.at(-1)).toBeLessThan(5);
  });

  it('may have been killed between checkpoints: what it did since is done again', async () => {
    const whole = await outcome({});
    // A checkpoint after every step: the clock jumps by ten seconds.
    let now = 0;
    const all: Checkpoint[] = [];
    await fit(
      options({
        validation,
        augmentation,
        clock: () => (now += 10_000),
        checkpointSeconds: 1,
        save: async (checkpoint) => void all.push(stored(checkpoint)),
      }),
    );
    expect(all.map(({ position }) => position.step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    for (const resume of [all[4], all[7]]) {
      const rest = await outcome({ resume });
      expect(bytesOf(rest.last.weights)).toEqual(bytesOf(whole.last.weights));
    }
  });

  it('can be stopped again and again', async () => {
    const whole = await outcome({});
    let resume: Checkpoint | undefined;
    let stops = 0;
    for (;;) {
      const part = await outcome({ resume, interrupted: () => true });
      resume = stored(part.last);
      if (part.result.ended === 'finished') break;
      stops++;
    }
    expect(stops).toBe(11);
    expect(bytesOf(resume.weights)).toEqual(bytesOf(whole.last.weights));
    expect(resume.position.history.map(({ loss }) => loss)).toEqual(
      whole.result.history.map(({ loss }) => loss),
    );
  });

  it('has nothing left to do when it had finished', async () => {
    const whole = await outcome({});
    const again = await fit(options({ validation, resume: stored(whole.last) }));
    expect(again.ended).toBe('finished');
    expect(bytesOf(again.weights)).toEqual(bytesOf(whole.last.weights));
    expect(untimed(again)).toEqual(untimed(whole.result));
  });

  it('does not pass off its last weights as its best ones', async () => {
    const { last, result } = await outcome({ optimizer: new SGD({ learningRate: 0.5 }), epochs: 4 });
    expect(result.bestEpoch).toBeLessThan(4);
    const again = await fit(
      options({ optimizer: new SGD({ learningRate: 0.5 }), epochs: 4, validation, resume: stored(last) }),
    );
    expect(again.bestEpoch).toBeUndefined();
  });

  it('keeps its last weights where that is asked for, also when it is resumed', async () => {
    const last = { optimizer: new SGD({ learningRate: 0.5 }), epochs: 4, keepBest: false };
    const whole = await outcome(last);
    expect(whole.last.position.best!.epoch).toBeLessThan(4);
    expect(whole.result.bestEpoch).toBeUndefined();
    expect(bytesOf(whole.result.weights)).toEqual(bytesOf(whole.last.weights));
    const rest = await outcome({
      ...last,
      resume: stored(whole.best!),
      bestWeights: stored(whole.best!).weights,
    });
    expect(rest.result.bestEpoch).toBeUndefined();
    expect(bytesOf(rest.result.weights)).toEqual(bytesOf(whole.last.weights));
  });

  it('is refused with another model or optimizer', async () => {
    const { last } = await outcome({ epochs: 1 });
    const { name: _, ...rest } = network.config();
    const renamed = Network.from({ name: 'other', ...rest });
    const errors = await Promise.all(
      [{ network: renamed }, { optimizer: new SGD() }].map((more) =>
        fit(options({ ...more, resume: stored(last) })).catch((error) => error),
      ),
    );
    for (const error of errors) {
      expect(error).toBeInstanceOf(HarrierError);
      expect(error.code).toBe('bad-checkpoint');
    }
    expect(errors[0].message).toContain('this checkpoint belongs to another model');
    expect(errors[1].message).toContain('this state belongs to another optimizer');
  });
});

describe('validation', () => {
  it('evaluates the weights of the epoch with dropout off and statistics at rest, and changes nothing', async () => {
    const kept: Checkpoint[] = [];
    const evaluated = await fit(
      options({ validation, save: async (checkpoint) => void kept.push(checkpoint) }),
    );
    for (const [i, { weights }] of kept.entries()) {
      const classifier = await Classifier.load(runtime, exportModel(network, weights));
      const probabilities = await classifier.predictImages(validation, { batchSize: 4 });
      await classifier.dispose();
      const { loss, accuracy } = evaluatePredictions({
        probabilities,
        labels: validation.labels,
        classNames: validation.classNames,
      });
      expect(evaluated.history[i].validationLoss).toBeCloseTo(loss, 6);
      expect(evaluated.history[i].validationAccuracy).toBe(accuracy);
    }
    const unevaluated = await fit(options());
    expect(bytesOf(unevaluated.weights)).toEqual(bytesOf(kept.at(-1)!.weights));
    expect(unevaluated.history.map(({ loss }) => loss)).toEqual(evaluated.history.map(({ loss }) => loss));
    expect(unevaluated.history[0]).not.toHaveProperty('validationLoss');
    expect(unevaluated.bestEpoch).toBeUndefined();
  });

  it('stops early, and gives back the best weights', async () => {
    const bests: Weights[] = [];
    const result = await fit(
      options({
        optimizer: new SGD({ learningRate: 3 }),
        epochs: 40,
        validation,
        earlyStopping: 2,
        save: async ({ weights }, best) => {
          if (best) bests.push(weights);
        },
      }),
    );
    expect(result.ended).toBe('early');
    const losses = result.history.map(({ validationLoss }) => validationLoss!);
    const best = losses.indexOf(Math.min(...losses)) + 1;
    expect(result.bestEpoch).toBe(best);
    expect(result.history.length).toBe(best + 2);
    expect(result.position.best).toEqual({ epoch: best, validationLoss: losses[best - 1] });
    expect(bytesOf(result.weights)).toEqual(bytesOf(bests.at(-1)!));
  });

  it('stops a resumed run where the whole one stops', async () => {
    const settings = { optimizer: new SGD({ learningRate: 3 }), epochs: 40, validation, earlyStopping: 2 };
    const whole = await fit(options(settings));
    let middle: Checkpoint | undefined;
    let best: Weights | undefined;
    let epochs = 0;
    await fit(
      options({
        ...settings,
        save: async (checkpoint, isBest) => {
          middle = checkpoint;
          if (isBest) best = checkpoint.weights;
        },
        onEpoch: () => void epochs++,
        interrupted: () => epochs >= whole.history.length - 1,
      }),
    );
    const rest = await fit(options({ ...settings, resume: stored(middle!), bestWeights: best }));
    expect(rest.ended).toBe('early');
    expect(untimed(rest)).toEqual(untimed(whole));
    expect(bytesOf(rest.weights)).toEqual(bytesOf(whole.weights));
  });
});

describe('a run that cannot go on', () => {
  it('stops at a loss that is no number, says at which step, and loses nothing', async () => {
    const kept: Checkpoint[] = [];
    const error = await fit(
      options({
        optimizer: new SGD({
          learningRate: {
            name: 'piecewiseConstantDecay',
            boundaries: [5],
            values: [0.01, 1e38],
          },
        }),
        checkpointSeconds: 0,
        save: async (checkpoint) => void kept.push(checkpoint),
      }),
    ).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(HarrierError);
    expect(error.code).toBe('diverged');
    const step = Number(/at step (\d+)/.exec(error.message)?.[1]);
    expect(step).toBeGreaterThan(6);
    expect(step).toBeLessThanOrEqual(9);
    expect(kept.length).toBeGreaterThan(4);
    for (const { weights } of kept) expect(bytesOf(weights).every(Number.isFinite)).toBe(true);
    expect(decodeCheckpoint(encodeCheckpoint(kept.at(-1)!), 'last').position.step).toBe(
      kept.at(-1)!.position.step,
    );
  });

  it('gives its memory back, whatever happens', async () => {
    let live = 0;
    const counting: Runtime = {
      ...runtime,
      async compile(model, compileOptions) {
        const executable = await runtime.compile(model, compileOptions);
        live++;
        return {
          ...executable,
          async dispose() {
            live--;
            await executable.dispose();
          },
        };
      },
    };
    await fit(options({ runtime: counting, validation }));
    expect(live).toBe(0);
    const full = async () => {
      throw new HarrierError('storage', 'the disk is full');
    };
    await expect(fit(options({ runtime: counting, validation, save: full }))).rejects.toThrow(
      'the disk is full',
    );
    expect(live).toBe(0);
  });

  const sized = (height: number) => images(6, height, 4);
  it.each<[string, Partial<FitOptions>, string, string]>([
    ['no epochs', { epochs: 0 }, 'bad-option', 'epochs: expected a whole number of at least 1, received 0'],
    ['half a batch', { batchSize: 0.5 }, 'bad-option', 'batchSize: expected a whole number'],
    [
      'a seed below 0',
      { seed: -1 },
      'bad-option',
      'seed: expected a whole number of at least 0, received -1',
    ],
    ['a seed in between', { seed: 0.5 }, 'bad-option', 'seed: expected'],
    ['no patience', { earlyStopping: 0, validation }, 'bad-option', 'earlyStopping: expected'],
    [
      'patience with nothing to evaluate on',
      { earlyStopping: 2 },
      'bad-option',
      'Test images are never used for this',
    ],
    ['images of another size', { train: sized(6) }, 'bad-data', 'expected 4 × 5, received 4 × 6'],
    [
      'others to evaluate on',
      { validation: sized(6) },
      'bad-data',
      "images 1: its images do not have the network's size",
    ],
    ['no images', { train: subset(train, []) }, 'bad-data', 'it has no images'],
    [
      'another number of classes',
      { train: { ...train, classNames: ['a', 'b'] } },
      'bad-data',
      'expected 3, received 2',
    ],
    [
      'two ways to balance classes',
      { sampling: 'balanced', classWeight: 'balanced' },
      'bad-option',
      'have the same effect and cannot be combined. Choose one of them.',
    ],
    [
      'a weight for a class that there is not',
      { classWeight: { gren: 2 } },
      'bad-option',
      'Did you mean "green"?',
    ],
    [
      'an augmentation that there is not',
      { augmentation: [{ name: 'RandomFlap' }] as never },
      'bad-option',
      'unknown augmentation "RandomFlap"',
    ],
    [
      'other classes to evaluate on',
      { validation: { ...train, classNames: train.classNames.toReversed() } },
      'bad-data',
      'its class 0 has another name than in the training data: expected "red", received "blue"',
    ],
    [
      'weights of another model',
      { weights: initialWeights(network.parameters.slice(1), 1) },
      'bad-checkpoint',
      'these weights belong to another model: conv2d/kernel',
    ],
  ])('is refused with %s', async (_, more, code, message) => {
    const error = await fit(options(more)).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(HarrierError);
    expect(error.code).toBe(code);
    expect(error.message.toLowerCase()).toContain(message.toLowerCase());
  });
});
