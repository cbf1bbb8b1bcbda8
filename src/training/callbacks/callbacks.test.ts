import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { images } from '../../../test/training/problem.ts';
import { historyFromCsv } from '../../evaluation/index.ts';
import { Dense, Flatten } from '../../layers/index.ts';
import { cosineDecay, SGD } from '../../optimizers/index.ts';
import { nodeRuntime } from '../../platform/node/engine/runtime.ts';
import { loadModel } from '../../platform/node/load-model.ts';
import { Sequential } from '../model.ts';
import type { TrainOptions } from '../train-options.ts';
import {
  type Callback,
  CSVLogger,
  EarlyStopping,
  LearningRateScheduler,
  ModelCheckpoint,
  ReduceLROnPlateau,
  type Training,
} from './index.ts';

const runtime = nodeRuntime({ threads: 1 });
const train = images(24, 4, 4);
const validationData = images(12, 4, 4, 2);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-callbacks-'));
});
afterAll(() => rm(folder, { recursive: true }));

function model(learningRate: number | ReturnType<typeof cosineDecay> = 0.1): Sequential {
  const one = new Sequential({ inputShape: [4, 4, 3], layers: [new Flatten(), new Dense({ units: 3 })] });
  one.compile({ optimizer: new SGD({ learningRate }), runtime, seed: 1 });
  return one;
}
const fit = (options: TrainOptions, one = model()) =>
  one.fit(train, { batchSize: 8, validationData, ...options });

/** What a callback makes of a course of validation losses: the rates, and the epoch after which it stops. */
async function course(callback: Callback, losses: readonly number[]) {
  const rates: number[] = [];
  let stoppedAfter = 0;
  let epoch = 0;
  const training: Training = {
    epochs: losses.length,
    learningRate: 1,
    stop: () => {
      stoppedAfter ||= epoch;
    },
    weights: async () => new Map([['epoch', Float32Array.of(epoch)]]),
    toOnnx: async () => new Uint8Array(),
    restore: (weights) => rates.push(-weights.get('epoch')![0]),
    writeFile: async () => {},
    readFile: async () => undefined,
  };
  await callback.onTrainBegin?.(training);
  for (const validationLoss of losses) {
    epoch++;
    await callback.onEpochEnd?.({ epoch, loss: 0, accuracy: 0, validationLoss }, training);
    rates.push(training.learningRate);
  }
  await callback.onTrainEnd?.([], training);
  return { rates, stoppedAfter };
}

describe('ReduceLROnPlateau, by hand', () => {
  it('lowers the rate after two epochs without improvement, then waits anew', async () => {
    const callback = new ReduceLROnPlateau({ factor: 0.5, patience: 2 });
    const losses = [1, 0.9, 0.9, 0.95, 0.9, 0.9, 0.5, 0.6];
    expect((await course(callback, losses)).rates).toEqual([1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25]);
    // It begins anew with each training.
    expect((await course(callback, losses)).rates).toEqual([1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25]);
  });

  it('counts nothing while it cools down, and stops at the least rate', async () => {
    const callback = new ReduceLROnPlateau({ factor: 0.1, patience: 1, cooldown: 2, minLearningRate: 0.05 });
    const losses = [1, 1, 1, 1, 1, 1, 1];
    // Falls after epoch 2; epoch 3 cools down, epoch 4 ends that and counts; then epochs 5 and 6 again.
    expect((await course(callback, losses)).rates).toEqual([1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05]);
  });

  it('takes no improvement of at most minDelta for one', async () => {
    const callback = new ReduceLROnPlateau({ factor: 0.5, patience: 1, minDelta: 0.1 });
    expect((await course(callback, [1, 0.91, 0.89])).rates).toEqual([1, 0.5, 0.5]);
  });
});

describe('EarlyStopping, by hand', () => {
  it.each<[string, ConstructorParameters<typeof EarlyStopping>[0], readonly number[], number]>([
    ['two epochs without improvement', { patience: 2 }, [1, 0.8, 0.9, 0.85, 0.7], 4],
    ['no patience', {}, [1, 0.8, 0.9], 3],
    ['improvements all the time', { patience: 1 }, [1, 0.9, 0.8, 0.7], 0],
    ['improvements of too little', { patience: 2, minDelta: 0.2 }, [1, 0.9, 0.85, 0.84], 3],
    ['a figure that is to rise', { patience: 1, mode: 'max' }, [1, 2, 1.5], 3],
    ['a first epoch alone', { patience: 0 }, [1], 0],
    ['a baseline that is never reached', { patience: 2, baseline: 0.5 }, [1, 0.9, 0.8, 0.85], 4],
    ['a warm-up', { patience: 1, startFromEpoch: 3 }, [1, 2, 3, 4, 5], 5],
  ])('%s', async (_, options, losses, stoppedAfter) => {
    expect((await course(new EarlyStopping(options), losses)).stoppedAfter).toBe(stoppedAfter);
  });

  it('restores the weights of the best epoch', async () => {
    const { rates } = await course(
      new EarlyStopping({ patience: 2, restoreBestWeights: true }),
      [1, 0.5, 0.9],
    );
    expect(rates.at(-1)).toBe(-2);
  });
});

describe('in fit', () => {
  it('callbacks are called in order, with the figures of the history', async () => {
    const calls: string[] = [];
    const history = await fit({
      epochs: 2,
      callbacks: [
        {
          onTrainBegin: ({ epochs }) => void calls.push(`begin ${epochs}`),
          onEpochBegin: async (epoch) => void calls.push(`epoch ${epoch}`),
          onBatchEnd: ({ step, steps }) => void calls.push(`batch ${step}/${steps}`),
          onEpochEnd: async ({ epoch, loss }) => void calls.push(`end ${epoch} ${loss}`),
          onTrainEnd: (records) => void calls.push(`${records.length} epochs`),
        },
      ],
    });
    const batches = ['batch 1/3', 'batch 2/3', 'batch 3/3'];
    const ends = history.map(({ epoch, loss }) => `end ${epoch} ${loss}`);
    expect(calls).toEqual([
      'begin 2',
      'epoch 1',
      ...batches,
      ends[0],
      'epoch 2',
      ...batches,
      ends[1],
      '2 epochs',
    ]);
  });

  it('stops after a batch, and after an epoch', async () => {
    expect(await fit({ epochs: 3, callbacks: [{ onBatchEnd: (_, training) => training.stop() }] })).toEqual(
      [],
    );
    const one = model();
    const before = one.weights;
    const history = await fit(
      { epochs: 3, callbacks: [{ onEpochEnd: (_, training) => training.stop() }] },
      one,
    );
    expect(history).toHaveLength(1);
    expect(one.weights).not.toEqual(before);
  });

  it.each(['the next batch', 'the end of the epoch'])(
    'an onBatchEnd that fails later ends it at %s',
    async (at) => {
      const calls: number[] = [];
      const batchSize = at === 'the next batch' ? 8 : 24;
      const onBatchEnd = async ({ step }: { step: number }): Promise<void> => {
        calls.push(step);
        await Promise.resolve();
        throw new Error(`batch ${calls.length} failed`);
      };
      await expect(fit({ epochs: 2, batchSize, callbacks: [{ onBatchEnd }] })).rejects.toThrow(
        'batch 1 failed',
      );
      expect(calls).toHaveLength(1);
    },
  );

  it('LearningRateScheduler sets the rate that the steps use', async () => {
    const callbacks = [new LearningRateScheduler((epoch, rate) => (epoch < 3 ? rate : rate / 2))];
    const history = await fit({ epochs: 4, callbacks });
    expect(history.map(({ learningRate }) => learningRate)).toEqual([0.1, 0.1, 0.05, 0.025]);
    const [one, other] = [model(0.1), model(0.05)];
    await fit({ epochs: 1, callbacks: [new LearningRateScheduler(() => 0.05)] }, one);
    await fit({ epochs: 1 }, other);
    expect(one.weights).toEqual(other.weights);
    await fit({ epochs: 1, callbacks: [new LearningRateScheduler(() => 0)] }, other);
    expect(other.weights).toEqual(one.weights);
  });

  it('refuses to set the rate of a schedule', async () => {
    const one = model(cosineDecay({ initialLearningRate: 0.1 }));
    const callbacks = [new LearningRateScheduler(() => 0.01)];
    await expect(fit({ callbacks }, one)).rejects.toThrow(
      'the learning rate cannot be set while the optimizer follows a schedule',
    );
  });

  it('EarlyStopping with restoreBestWeights gives the weights of its best epoch', async () => {
    const kept = new Map<number, ReadonlyMap<string, Float32Array>>();
    const keep: Callback = {
      onEpochEnd: async ({ epoch }, training) => void kept.set(epoch, await training.weights()),
    };
    const one = model(3);
    const stopping = new EarlyStopping({ monitor: 'val_accuracy', patience: 2, restoreBestWeights: true });
    const history = await fit({ epochs: 30, callbacks: [keep, stopping] }, one);
    expect(history.length).toBeLessThan(30);
    const best = history.reduce((a, b) => (b.validationAccuracy! > a.validationAccuracy! ? b : a));
    expect(one.weights).toEqual(kept.get(best.epoch));
  });

  it('ModelCheckpoint writes models that load', async () => {
    const filepath = join(folder, 'models', 'at-{epoch:02d}.onnx');
    const best = join(folder, 'best.onnx');
    const one = model();
    const history = await fit(
      {
        epochs: 3,
        keepBest: false,
        callbacks: [
          new ModelCheckpoint({ filepath }),
          new ModelCheckpoint({ filepath: best, saveBestOnly: true, monitor: 'loss' }),
        ],
      },
      one,
    );
    expect(await readdir(join(folder, 'models'))).toEqual(['at-01.onnx', 'at-02.onnx', 'at-03.onnx']);
    expect(history.map(({ loss }) => loss)).toEqual(
      history.map(({ loss }) => loss).toSorted((a, b) => b - a),
    );
    for (const file of [best, join(folder, 'models', 'at-03.onnx')]) {
      const loaded = await loadModel(file, { runtime });
      expect(await loaded.predict(validationData)).toEqual(await one.predict(validationData));
      expect((await loaded.evaluate(validationData)).classNames).toEqual(['red', 'green', 'blue']);
    }
  });

  it('CSVLogger writes the history, and appends', async () => {
    const filename = join(folder, 'history.csv');
    const first = await fit({ epochs: 2, callbacks: [new CSVLogger({ filename })] });
    expect(historyFromCsv(await readFile(filename, 'utf8'))).toEqual(first);
    const more = await fit({ epochs: 1, callbacks: [new CSVLogger({ filename, append: true })] });
    expect(historyFromCsv(await readFile(filename, 'utf8'))).toEqual([...first, ...more]);
    await fit({ epochs: 1, callbacks: [new CSVLogger({ filename })] });
    expect(historyFromCsv(await readFile(filename, 'utf8'))).toHaveLength(1);
  });

  it('says that a runtime has no files', async () => {
    const one = model();
    one.compile({ optimizer: 'sgd', runtime: { ...runtime, files: undefined } });
    await expect(fit({ callbacks: [new CSVLogger({ filename: 'x.csv' })] }, one)).rejects.toThrow(
      'this runtime has no files',
    );
    await expect(one.save('x.onnx')).rejects.toThrow('model.toOnnx() returns the bytes.');
  });
});

it.each<[string, () => unknown, string]>([
  // @ts-expect-error no such figure
  ['a figure', () => new EarlyStopping({ monitor: 'val_los' }), 'There are: loss, accuracy, validationLoss'],
  // @ts-expect-error no such option
  ['an option', () => new EarlyStopping({ patiance: 2 }), 'Did you mean "patience"?'],
  ['a factor', () => new ReduceLROnPlateau({ factor: 1 }), 'factor: expected a number above 0 and below 1'],
  // @ts-expect-error no path
  ['no path', () => new ModelCheckpoint({}), 'filepath: expected a path such as "best.onnx"'],
  // @ts-expect-error no function
  ['no function', () => new LearningRateScheduler(0.1), 'expected a function (epoch, learningRate) => rate'],
])('refuses %s', (_, make, message) => {
  expect(make).toThrow(message);
});

it('says what fit needs for a figure that epochs do not have', async () => {
  await expect(model().fit(train, { callbacks: [new EarlyStopping()] })).rejects.toThrow(
    'EarlyStopping watches validationLoss, which these epochs do not have. Give fit validationData or validationSplit',
  );
});
