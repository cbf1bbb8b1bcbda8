import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { trainOptionsOf } from '../../src/cli/sagemaker/hyperparameters.ts';
import { Dense, GlobalAveragePooling2D } from '../../src/layers/index.ts';
import { exportModel, initialWeights, Network, weightsOf } from '../../src/models/index.ts';
import { decodeModel, encodeModel } from '../../src/onnx/index.ts';
import { optimizerFrom } from '../../src/optimizers/index.ts';
import { newRun } from '../../src/platform/node/runs/new-run.ts';
import { RunFolder } from '../../src/platform/node/runs/run-folder.ts';
import { readCheckpoint } from '../../src/platform/node/runs/train-run.ts';
import { recipeNamed } from '../../src/recipes/index.ts';
import { ContainerPaths } from '../../src/sagemaker/container/paths.ts';
import { trainInContainer } from '../../src/sagemaker/container/train.ts';
import { METRIC_DEFINITIONS } from '../../src/sagemaker/metrics.ts';
import { weightsToUse } from '../../src/training/index.ts';
import { harrier, sentenceOf, withoutProgress, workplace, writeImages } from '../cli/harrier.ts';
import { type ContainerJob, containerFolder, startContainer, trainToTheEnd } from './container.ts';

let place: { path: string; remove: () => Promise<void> };
let images: string;
const folders: { remove: () => Promise<void> }[] = [];
const quick = { epochs: '2', 'batch-size': '8' };

beforeAll(async () => {
  place = await workplace();
  images = await writeImages(join(place.path, 'images'), { perClass: 12 });
});
afterAll(async () => {
  await Promise.all(folders.map((folder) => folder.remove()));
  await place.remove();
});

async function folderFor(job: ContainerJob) {
  const folder = await containerFolder(job);
  folders.push(folder);
  return folder;
}

async function train(job: ContainerJob) {
  const folder = await folderFor(job);
  return { folder, ...(await trainToTheEnd(folder.base)) };
}

/** In a process of its own, as a container has it: a training must end it, and so must a refusal. */
async function trainAlone(job: ContainerJob) {
  const folder = await folderFor(job);
  return { folder, ...(await startContainer('train', folder.base).finished) };
}

function metric(log: string, name: string): number[] {
  const { Regex } = METRIC_DEFINITIONS.find(({ Name }) => Name === name)!;
  return [...log.matchAll(new RegExp(Regex, 'g'))].map(([, value]) => Number(value));
}

describe('a training job', () => {
  it('begins with the model of a channel, which is no data', async () => {
    const source = join(place.path, 'pretrained');
    await mkdir(source, { recursive: true });
    const network = new Network({
      name: 'pretrained',
      inputShape: [16, 16, 3],
      layers: [new GlobalAveragePooling2D(), new Dense({ units: 7 })],
    });
    const bytes = encodeModel(exportModel(network, initialWeights(network.parameters, 1)));
    await writeFile(join(source, 'pretrained.onnx'), bytes);
    await writeFile(join(source, 'config.json'), '{}');
    const { folder, code, stdout } = await train({
      hyperparameters: { epochs: '1', trainable: 'all' },
      channels: { train: images, test: images, model: source },
    });
    expect([code, stdout]).toEqual([0, expect.stringContaining('training images')]);
    const { options, data } = JSON.parse(await readFile(folder.path('checkpoints/run.json'), 'utf8'));
    expect(options.from).toMatchObject({
      trainable: 'all',
      hash: createHash('sha256').update(bytes).digest('hex'),
    });
    expect(data.classNames).not.toContain('pretrained');
    await rm(join(source, 'pretrained.onnx'));
    const failed = await train({ hyperparameters: {}, channels: { train: images, model: source } });
    expect(failed.code).toBe(1);
    expect(await readFile(failed.folder.path('output/failure'), 'utf8')).toMatch(
      /it holds no model: expected one \.onnx file, .* received config\.json/,
    );
  });

  it('leaves model, card, evaluation, report, history and metrics', async () => {
    const hyperparameters = {
      ...quick,
      learning_rate: '"0.05"',
      skipBad: 'true',
      _tuning_objective_metric: 'validation:accuracy',
      sagemaker_region: 'eu-west-1',
    };
    const channels = { train: images, validation: images, test: images };
    const { code, stdout, stderr, folder } = await trainAlone({ hyperparameters, channels });
    expect([code, withoutProgress({ stderr })]).toEqual([0, '']);
    expect((await readdir(folder.path('model'))).sort()).toEqual([
      'README.md',
      'evaluation.json',
      'model.onnx',
    ]);
    expect((await readdir(folder.path('output/data'))).sort()).toEqual([
      'evaluation.json',
      'history.csv',
      'report.html',
      'run.json',
    ]);
    expect(await readdir(folder.path('output'))).toEqual(['data']);
    const { options } = JSON.parse(await readFile(folder.path('output/data/run.json'), 'utf8'));
    expect(options).toMatchObject({
      epochs: 2,
      batchSize: 8,
      skipBad: true,
      optimizer: { learningRate: 0.05 },
    });
    for (const name of ['train:loss', 'train:accuracy', 'validation:loss', 'validation:accuracy']) {
      expect(metric(stdout, name), name).toHaveLength(2);
    }
    const evaluation = JSON.parse(await readFile(folder.path('model/evaluation.json'), 'utf8'));
    expect(metric(stdout, 'test:accuracy')).toEqual([expect.closeTo(evaluation.accuracy, 6)]);
  });

  it('reports what a head is right about, as tuning jobs look for it', async () => {
    const network = new Network({
      inputShape: [16, 16, 3],
      layers: [new GlobalAveragePooling2D(), new Dense({ units: 2 })],
    });
    const source = join(place.path, 'for-heads');
    await mkdir(source, { recursive: true });
    const bytes = encodeModel(exportModel(network, initialWeights(network.parameters, 1)));
    await writeFile(join(source, 'model.onnx'), bytes);
    const { code, stdout, folder } = await train({
      hyperparameters: { head: 'linear', 'validation-split': '0.2' },
      channels: { train: images, test: images, model: source },
    });
    expect(code).toBe(0);
    const history = await readFile(folder.path('output/data/history.csv'), 'utf8');
    const [columns, values] = history.split('\n').map((line) => line.split(','));
    for (const part of ['train', 'validation']) {
      const column = part === 'train' ? 'accuracy' : 'validation_accuracy';
      const accuracy = Number(values[columns.indexOf(column)]);
      expect(metric(stdout, `${part}:accuracy`)).toEqual([expect.closeTo(accuracy, 6)]);
    }
    expect(metric(stdout, 'test:accuracy')).toHaveLength(1);
  });

  it('reports a validation channel that stands in for the test', async () => {
    const { stdout } = await train({
      hyperparameters: quick,
      channels: { training: images, val: images },
    });
    expect(metric(stdout, 'validation:accuracy')).toEqual(metric(stdout, 'test:accuracy'));
    expect(metric(stdout, 'validation:accuracy')).toHaveLength(1);
  });

  it('learns from records in the format of CIFAR-10', async () => {
    for (const [part, count] of [['train', 30] as const, ['test', 10] as const]) {
      const records = Buffer.alloc(count * 3073, 99);
      for (let i = 0; i < count; i++) records[i * 3073] = i % 10;
      await mkdir(join(place.path, 'records', part), { recursive: true });
      await writeFile(join(place.path, 'records', part, 'batch.bin'), records);
    }
    const channels = { train: join(place.path, 'records/train'), test: join(place.path, 'records/test') };
    const { code, stdout } = await train({ hyperparameters: quick, channels });
    expect(code).toBe(0);
    expect(stdout).toContain('30 training images, 10 to test with');
  });
});

describe('a job that cannot be done fails in one sentence, which is its FailureReason', () => {
  const sent = () => ({ train: images });
  it.each<[string, () => ContainerJob, RegExp]>([
    [
      'an unknown hyperparameter',
      () => ({ hyperparameters: { 'batch-sise': '8' }, channels: sent() }),
      /^unknown hyperparameter "batch-sise"\. Did you mean "batch-size"\? There are: recipe, /,
    ],
    [
      'a value that makes no sense',
      () => ({ hyperparameters: { epochs: 'many' }, channels: sent() }),
      /epochs: .*expected a whole number of at least 1, received "many"/,
    ],
    [
      'a file of the data as a recipe, which is code',
      () => ({
        hyperparameters: { recipe: join(images, 'recipe.mjs') },
        channels: sent(),
      }),
      /^unknown recipe ".*recipe\.mjs".* There are: keras-cnn, quick/,
    ],
    [
      'where the data lies',
      () => ({ hyperparameters: { data: 'cifar10' }, channels: sent() }),
      /^unknown hyperparameter "data"/,
    ],
    [
      'no channel',
      () => ({}),
      /there is no training channel: expected a channel "train" .* received no channels/,
    ],
    [
      'no training channel',
      () => ({ channels: { test: images } }),
      /no training channel: .* received test\./,
    ],
    [
      'an unknown channel',
      () => ({ channels: { ...sent(), labels: images } }),
      /Harrier has no channel "labels": expected train, validation, test, or model for a pretrained model/,
    ],
    ['Pipe mode', () => ({ channels: sent(), mode: 'Pipe' }), /expected TrainingInputMode File or FastFile/],
    [
      'two instances',
      () => ({ channels: sent(), hosts: ['algo-1', 'algo-2'] }),
      /Harrier trains on one instance: expected 1 host, received 2: algo-1, algo-2\. Set InstanceCount to 1/,
    ],
  ])('%s', async (_, job, sentence) => {
    const { code, folder, ...finished } = await train(job());
    expect(code).toBeGreaterThan(0);
    expect(sentenceOf(finished)).toMatch(sentence);
    const failure = await readFile(folder.path('output/failure'), 'utf8');
    expect(failure).toBe(sentenceOf(finished).slice(0, 1024));
    expect(await readdir(folder.path('model'))).toEqual([]);
  });

  it('keeps 1,024 characters of the reason', async () => {
    const name = 'x'.repeat(3000);
    const { folder, code } = await trainAlone({ hyperparameters: { [name]: '1' }, channels: sent() });
    expect(code).toBeGreaterThan(0);
    expect(await readFile(folder.path('output/failure'), 'utf8')).toHaveLength(1024);
  });
});

describe('a job that is stopped', () => {
  const job = () => ({ hyperparameters: { ...quick, epochs: '400' }, channels: { train: images } });

  it('saves within its two minutes, and leaves the model that it would have been evaluated by, with its views', async () => {
    const averaged = { ...job().hyperparameters, 'average-momentum': '0.9', tta: 'flip' };
    const folder = await folderFor({ ...job(), hyperparameters: averaged });
    const running = startContainer('train', folder.base);
    await running.says('epoch=2;');
    running.process.kill('SIGTERM');
    const { code, stdout } = await running.finished;
    expect([code, stdout]).toEqual([143, expect.stringMatching(/Stopped and saved after step \d+/)]);
    expect(await readdir(folder.path('output'))).toEqual(['data']);
    const image = join(images, 'cat', '0.png');
    const file = folder.path('model', 'model.onnx');
    const answer = await harrier(['predict', file, image, '--json'], { cwd: place.path });
    expect(JSON.parse(answer.stdout)[0].predictions).toHaveLength(3);
    const last = (await readCheckpoint(new RunFolder(folder.path('checkpoints')), 'last'))!;
    const model = decodeModel(await readFile(file));
    const weights = weightsOf(Network.from(last.network), model, 'model.onnx');
    // Not by toEqual, which would take minutes to print how millions of numbers differ.
    expect(isDeepStrictEqual(weights, weightsToUse(last))).toBe(true);
    expect(isDeepStrictEqual(weights, last.weights)).toBe(false);
    expect(model.metadata['harrier.testTimeAugmentation']).toBe('flip');
  });

  it.each(['validating', 'evaluating'])(
    'while it is %s leaves the model that it saved last',
    async (phase) => {
      const hyperparameters = { ...quick, 'validation-split': '0.2', 'checkpoint-seconds': '0' };
      const folder = await folderFor({ hyperparameters, channels: { train: images } });
      vi.stubEnv('HARRIER_CACHE', join(place.path, 'cache'));
      let stopped = false;
      const position = await trainInContainer(new ContainerPaths({ SAGEMAKER_BASE_DIR: folder.base }), {
        optionsOf: async (given, data) => {
          const { checkpointSeconds, ...options } = trainOptionsOf(given);
          return { ...(await newRun({ ...options, data })), checkpointSeconds };
        },
        log: () => {},
        onProgress: ({ what }) => {
          if (!what.startsWith(phase)) return;
          stopped = true;
          throw new Error('abandoned');
        },
        interrupted: () => stopped,
      });
      vi.unstubAllEnvs();
      expect(position?.epoch).toBe(phase === 'evaluating' ? 2 : 0);
      const model = decodeModel(await readFile(folder.path('model/model.onnx')));
      expect(model.metadata['harrier.stopped']).toBe(`after ${position!.epoch} of 2 epochs`);
    },
  );

  it('killed without a word, goes on by itself and ends like one that never stopped', async () => {
    const epochs = '6';
    const whole = await train({ hyperparameters: { ...quick, epochs }, channels: { train: images } });
    const folder = await folderFor({ hyperparameters: { ...quick, epochs }, channels: { train: images } });
    const running = startContainer('train', folder.base);
    await running.says('epoch=2;');
    running.process.kill('SIGKILL');
    await running.finished;
    // A new machine has checkpoints/ alone, lock and all.
    await writeFile(
      folder.path('checkpoints/.lock'),
      JSON.stringify({ pid: process.pid, host: 'algo-1', token: '' }),
    );
    await rm(folder.path('model'), { recursive: true });
    const again = await startContainer('train', folder.base).finished;
    expect(again.code).toBe(0);
    expect(again.stdout).not.toContain('epoch=1;');
    const bytes = (of: typeof folder) => readFile(of.path('model/model.onnx'));
    expect((await bytes(folder)).equals(await bytes(whole.folder))).toBe(true);
  });

  it.each(['run.json', 'checkpoints/best.safetensors'])(
    'begins again where its checkpoints came back without %s',
    async (missing) => {
      const channels = { train: images, validation: images, test: images };
      const folder = await folderFor({ hyperparameters: { ...quick, epochs: '40' }, channels });
      const running = startContainer('train', folder.base);
      await running.says('epoch=2;');
      running.process.kill('SIGKILL');
      await running.finished;
      const { position } = (await readCheckpoint(new RunFolder(folder.path('checkpoints')), 'last'))!;
      await rm(folder.path('checkpoints', missing));
      await writeFile(
        folder.path('input/config/hyperparameters.json'),
        JSON.stringify({ ...quick, epochs: missing === 'run.json' ? '2' : '40' }),
      );
      const again = startContainer('train', folder.base);
      await again.says('epoch=');
      again.process.kill('SIGTERM');
      const { stdout, stderr } = await again.finished;
      expect(withoutProgress({ stderr })).toBe('');
      // Right after its best epoch a run stands at it, and goes on without the other checkpoint.
      const standsAtBest = position.best?.epoch === position.epoch && position.stepInEpoch === 0;
      const begins = `came back without ${missing.split('/').at(-1)}: training begins again.`;
      if (missing === 'run.json' || !standsAtBest) expect(stdout).toContain(begins);
      else expect(stdout).not.toContain(begins);
    },
  );

  it('suits few images as train does, and hands the results over again when it had finished', async () => {
    const hyperparameters = { recipe: 'quick', epochs: '1', 'image-size': '32' };
    const { folder } = await train({ hyperparameters, channels: { train: images } });
    const { options } = await new RunFolder(folder.path('checkpoints')).record();
    const recipe = recipeNamed('quick');
    expect(options.batchSize).toBeLessThan(recipe.batchSize);
    expect(options.epochs).toBe(1);
    expect(options.optimizer).not.toEqual(optimizerFrom(recipe.optimizer).config);
    await rm(folder.path('model'), { recursive: true });
    const again = await trainToTheEnd(folder.base);
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('finished already')]);
    expect(await readdir(folder.path('model'))).toContain('model.onnx');
  });

  it.each([['model.onnx'], ['history.csv'], ['report.html', 'checkpoints']])(
    'makes its results again where it had finished and came back without %s',
    async (...missing) => {
      const { folder } = await train({ hyperparameters: quick, channels: { train: images } });
      const results = () =>
        Promise.all(
          ['model/model.onnx', 'output/data/history.csv'].map((name) => readFile(folder.path(name))),
        );
      const [model, history] = await results();
      for (const name of missing) await rm(folder.path('checkpoints', name), { recursive: true });
      for (const name of ['model', 'output/data']) await rm(folder.path(name), { recursive: true });
      const again = await trainToTheEnd(folder.base);
      expect(again.code, again.stderr).toBe(0);
      expect(again.stdout).toContain(`came back without ${missing[0]}: they are made again.`);
      // Trained anew only without checkpoints.
      expect(again.stdout.includes('epoch=1;')).toBe(missing.includes('checkpoints'));
      const [sameModel, sameHistory] = await results();
      expect(sameModel.equals(model)).toBe(true);
      // Another training takes another time.
      if (!missing.includes('checkpoints')) expect(sameHistory).toEqual(history);
      expect(await readdir(folder.path('output/data'))).toContain('report.html');
    },
  );

  it('goes on with the images that it had set aside by itself', async () => {
    const network = new Network({
      name: 'for photos',
      inputShape: [72, 72, 3],
      layers: [new GlobalAveragePooling2D(), new Dense({ units: 2 })],
    });
    const source = join(place.path, 'for-photos');
    await mkdir(source, { recursive: true });
    const bytes = encodeModel(exportModel(network, initialWeights(network.parameters, 1)));
    await writeFile(join(source, 'model.onnx'), bytes);
    const many = await writeImages(join(place.path, 'many'), { perClass: 67 });
    const folder = await folderFor({
      hyperparameters: { epochs: '2', trainable: 'all' },
      channels: { train: many, test: images, model: source },
    });
    vi.stubEnv('HARRIER_CACHE', join(place.path, 'cache'));
    const lines: string[] = [];
    const train = (interrupted: () => boolean) =>
      trainInContainer(new ContainerPaths({ SAGEMAKER_BASE_DIR: folder.base }), {
        optionsOf: async (given, data, from) => newRun({ ...trainOptionsOf(given), data, from }),
        log: (line) => lines.push(line),
        interrupted,
      });
    const epochs = () => lines.filter((line) => line.includes('epoch=')).length;
    expect((await train(() => epochs() === 1))?.epoch).toBe(1);
    const { options } = await new RunFolder(folder.path('checkpoints')).record();
    expect(options.validationSplit).toBe(0.1);
    expect(await train(() => false)).toBeUndefined();
    expect(epochs()).toBe(2);
    expect(await train(() => false)).toBeUndefined();
    expect(lines.at(-1)).toContain('finished already');
    vi.unstubAllEnvs();
  });

  it('does not mix with a run of other settings', async () => {
    const { folder } = await train({ hyperparameters: quick, channels: { train: images } });
    const config = folder.path('input/config/hyperparameters.json');
    await writeFile(config, JSON.stringify({ ...quick, seed: '7' }));
    const again = await trainToTheEnd(folder.base);
    expect(again.code).toBe(1);
    expect(sentenceOf(again)).toMatch(
      /checkpoints belong to a run with other settings: received other seed\./,
    );
  });
});
