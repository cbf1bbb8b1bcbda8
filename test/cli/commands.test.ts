import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Finished,
  harrier,
  sentenceOf,
  start,
  withoutProgress,
  workplace,
  writeImage,
  writeImages,
} from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
let trained: Finished;
const run = (...args: string[]) => harrier(args, { cwd: place.path });
/** In a process of its own, which each command must end: one call of each. */
const runAlone = (...args: string[]) => start(args, { cwd: place.path }).finished;

beforeAll(async () => {
  place = await workplace();
  await writeImages(join(place.path, 'images'));
  await writeImage(join(place.path, 'one.png'), 8, 1, 999);
  trained = await runAlone(
    'train',
    '--data',
    'images',
    '--epochs',
    '3',
    '--batch-size',
    '8',
    '--json',
    '--out',
    'run',
  );
});
afterAll(() => place.remove());

describe('help', () => {
  it.each([
    [],
    ['train'],
    ['evaluate'],
    ['predict'],
    ['explain'],
    ['export'],
    ['summary'],
    ['recipes'],
    ['recipes', 'show'],
    ['sweep'],
    ['lr-find'],
    ['compare'],
    ['data'],
    ['bench'],
  ])('harrier %s --help says what it does, its options, and examples', async (...command) => {
    const { code, stdout, stderr } = await run(...command, '--help');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^Usage: harrier/);
    expect(stdout).toMatch(/Options:/);
    expect(stdout).toMatch(/Examples:\n {2}\$ npx harrier /);
  });

  it('comes too when there is no command, which is wrong usage', async () => {
    const { code, stdout, stderr } = await runAlone();
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^Usage: harrier/);
  });

  it('names the version of the package', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    expect((await runAlone('--version')).stdout).toBe(`${version}\n`);
  });
});

describe('train', () => {
  it('prints one JSON object on standard output, everything else on standard error', () => {
    expect(trained.code).toBe(0);
    const result = JSON.parse(trained.stdout);
    expect(result).toMatchObject({ ended: 'finished', epochs: 3, run: join(place.path, 'run') });
    expect(result.evaluation.total).toBeGreaterThan(5);
    expect(trained.stderr).toMatch(/^epoch 1\/3 {2}loss \d+\.\d{4} {2}accuracy \d+\.\d{2}% {2}[\d.]+ s/m);
    expect(trained.stderr).toContain('npx harrier predict run photo.jpg');
  });

  it('writes the whole run folder, and nothing besides', async () => {
    const files = await readdir(join(place.path, 'run'), { recursive: true });
    expect(files.sort()).toEqual([
      'README.md',
      'checkpoints',
      join('checkpoints', 'last.safetensors'),
      'evaluation.json',
      'history.csv',
      'images.jsonl',
      'model.onnx',
      'predictions.csv',
      'report.html',
      'run.json',
    ]);
  });

  it('lists the images of the run, so that those of two runs can be compared', async () => {
    const { stdout } = await runAlone('data', 'diff', 'run', 'run');
    expect(stdout).toMatch(/^run → run\n\d+ images are the same in both\n$/);
    const lines = (await readFile(join(place.path, 'run', 'images.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(Number(/\d+/.exec(stdout)![0]));
    expect(JSON.parse(lines[0])).toMatchObject({ label: 'cat', split: 'train' });
  });

  it('records every option after defaults, the data, the network, versions and hardware', async () => {
    const record = JSON.parse(await readFile(join(place.path, 'run', 'run.json'), 'utf8'));
    expect(record).toMatchObject({
      format: 1,
      command: 'npx harrier train --data images --epochs 3 --batch-size 8 --json --out run',
      options: {
        recipe: 'keras-cnn',
        data: 'images',
        epochs: 3,
        batchSize: 8,
        seed: 1,
        optimizer: { name: 'SGD', learningRate: 0.01 },
        validationSplit: 0,
        skipBad: false,
      },
      data: { classNames: ['cat', 'dog', 'ship'], imageShape: { height: 8, width: 8, channels: 3 } },
      network: { name: 'keras-cnn', inputShape: [8, 8, 3] },
      versions: { node: process.versions.node },
      result: { ended: 'finished', epochs: 3 },
    });
    expect(record.data.train.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(record.hardware.cores).toBeGreaterThan(0);
  });

  it('keeps the best checkpoint and its weights where there is validation', async () => {
    const options = ['--validation-split', '0.25', '--early-stopping', '2', '--optimizer', 'adam'];
    const { code, stdout, stderr } = await run(
      ...['train', '--data', 'images', '--epochs', '4', '--batch-size', '8', '--out', 'validated'],
      ...options,
    );
    expect(withoutProgress({ stderr })).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/validation loss \d/);
    expect(await readdir(join(place.path, 'validated', 'checkpoints'))).toContain('best.safetensors');
  });

  it('says of a finished run that it is finished, and how to give it more', async () => {
    const { code, stdout } = await runAlone('train', '--resume', 'run');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^run is finished: it has had its 3 epochs/);
    expect(stdout).toContain('npx harrier train --resume run --epochs 6');
  });
});

describe('a run that early stopping ended', () => {
  beforeAll(async () => {
    await cp(join(place.path, 'run'), join(place.path, 'early'), { recursive: true });
    const path = join(place.path, 'early', 'run.json');
    const record = JSON.parse(await readFile(path, 'utf8'));
    Object.assign(record.options, { earlyStopping: 2 });
    Object.assign(record.result, { ended: 'early', bestEpoch: 1 });
    await writeFile(path, JSON.stringify(record));
  });

  it('says that it is finished, and what to do for more', async () => {
    const { code, stdout, stderr } = await run('train', '--resume', 'early', '--json');
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^early is finished: early stopping ended it after 3 epochs with [\d.]+% of the test images correct/,
    );
    expect(stderr).toMatch(
      /^More epochs would not change it: .*start a new run with a larger --early-stopping/m,
    );
    expect(JSON.parse(stdout)).toMatchObject({
      ended: 'early',
      epochs: 3,
      evaluation: JSON.parse(trained.stdout).evaluation,
    });
  });

  it('refuses more epochs, and says why', async () => {
    const finished = await run('train', '--resume', 'early', '--epochs', '9');
    expect([finished.code, finished.stdout]).toEqual([2, '']);
    expect(sentenceOf(finished)).toBe(
      'this run cannot have more epochs: early stopping ended it after epoch 3, 2 epochs after the best validation ' +
        'loss (epoch 1). Start a new run with more patience, or without early stopping (--early-stopping).',
    );
  });
});

describe('evaluate', () => {
  it('evaluates a run on its own test images, with the JSON that scripts rely on', async () => {
    const { code, stdout } = await runAlone('evaluate', 'run', '--json');
    expect(code).toBe(0);
    const written = JSON.parse(await readFile(join(place.path, 'run', 'evaluation.json'), 'utf8'));
    expect(JSON.parse(stdout)).toEqual(written);
    const { correct, total, accuracy, interval95, loss, confusions, perClass } = written;
    expect(accuracy).toBe(correct / total);
    expect(interval95).toHaveLength(2);
    expect(loss).toBeGreaterThan(0);
    for (const { classes, count } of confusions) expect([classes.length, count > 0]).toEqual([2, true]);
    expect(perClass.map((row: { class: string }) => row.class)).toEqual(['cat', 'dog', 'ship']);
  });

  it('evaluates a model file on other data, which may have fewer classes', async () => {
    await writeImages(join(place.path, 'other'), { classes: ['ship', 'dog'].sort(), perClass: 12 });
    const { code, stdout } = await run(
      'evaluate',
      join('run', 'model.onnx'),
      '--data',
      'other',
      '--split',
      'train',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/\d+ of \d+ right: [\d.]+%/);
  });

  it('finds the newest run below ./runs', async () => {
    const options = ['--data', 'images', '--epochs', '1'];
    const first = await run('train', ...options);
    expect(first.stdout).toMatch(/Everything is in runs\/keras-cnn-\d{8}-\d{6}/);
    expect((await run('evaluate', 'latest')).stdout).toMatch(/right:/);
  });
});

describe('a list of images', () => {
  it('is trained on and evaluated like a folder', async () => {
    const lines = ['cat', 'dog', 'ship'].flatMap((label) =>
      Array.from({ length: 8 }, (_, i) => `images/${label}/${i}.png,${label},person ${i}`),
    );
    await writeFile(join(place.path, 'list.csv'), ['file,label,group', ...lines].join('\n'));
    const { code, stderr } = await run('train', '--data', 'list.csv', '--epochs', '1', '--out', 'listed');
    expect(code, stderr).toBe(0);
    const { data } = JSON.parse(await readFile(join(place.path, 'listed', 'run.json'), 'utf8'));
    expect([data.path, data.train.images + data.test.images]).toEqual([join(place.path, 'list.csv'), 24]);
    const again = await run('evaluate', 'listed', '--json');
    expect(JSON.parse(again.stdout).total).toBe(data.test.images);
    const other = await run('evaluate', 'run', '--data', 'list.csv', '--json');
    expect(JSON.parse(other.stdout).evaluatedOn).toMatchObject({ part: 'all', images: 24 });
  });

  it('may have other names of columns, and classes that are merged or left out', async () => {
    const lines = ['cat', 'dog', 'ship'].flatMap((label) =>
      Array.from({ length: 8 }, (_, i) => `images/${label}/${i},${label}`),
    );
    await writeFile(join(place.path, 'kinds.csv'), ['shot,kind', ...lines].join('\n'));
    const asked = await run('data', 'kinds.csv');
    expect([asked.code, asked.stderr]).toEqual([
      1,
      expect.stringContaining('add --columns image=shot,label=kind, or rename "shot" to "file"'),
    ]);
    const columns = ['--columns', 'image=shot,label=kind'];
    const labels = [...columns, '--merge', 'pet=cat+dog', '--classes', 'pet,ship'];
    const trained = await run('train', '--data', 'kinds.csv', ...labels, '--epochs', '1', '--out', 'pets');
    expect(trained.code, trained.stderr).toBe(0);
    expect(trained.stderr).toContain('cat, dog are the class "pet".');
    const { data, options } = JSON.parse(await readFile(join(place.path, 'pets', 'run.json'), 'utf8'));
    expect([data.classNames, data.train.images + data.test.images]).toEqual([['pet', 'ship'], 24]);
    expect(options).toMatchObject({
      columns: { image: 'shot', label: 'kind' },
      merge: { pet: ['cat', 'dog'] },
      classes: ['pet', 'ship'],
    });
    const described = await run('data', 'kinds.csv', ...labels, '--json');
    expect(JSON.parse(described.stdout).test.hash).toBe(data.test.hash);
    const again = await run('evaluate', 'pets', '--json');
    expect([JSON.parse(again.stdout).total, again.stderr]).toEqual([
      data.test.images,
      expect.not.stringContaining('changed'),
    ]);
    const more = ['train', '--resume', 'pets', '--epochs', '2', '--merge'];
    expect((await run(...more, 'pet=cat+ship')).stderr).toContain(
      'a resumed run keeps its own options: --merge cannot change',
    );
    const resumed = await run(...more, 'pet=cat+dog');
    expect(resumed.code, resumed.stderr).toBe(0);
    const other = await run('evaluate', 'run', '--data', 'kinds.csv', ...columns, '--json');
    expect(JSON.parse(other.stdout).evaluatedOn).toMatchObject({ part: 'all', images: 24 });
    const wrong = await run('train', '--data', 'images', '--classes', 'cat,dgo');
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringContaining(
        'images: there is no class "dgo". Did you mean "dog"? There are: cat, dog, ship (--classes).',
      ),
    ]);
    const found = await run('data', 'images', '--label-by', '(cat|dog|ship)/', '--json');
    expect(JSON.parse(found.stdout).classNames).toEqual(['cat', 'dog', 'ship']);
  });
});

describe('predict', () => {
  it('gives the JSON that scripts rely on', async () => {
    const { code, stdout } = await runAlone('predict', 'run', 'one.png', '--top', '2', '--json');
    expect(code).toBe(0);
    const [{ file, predictions }, ...others] = JSON.parse(stdout);
    expect(others).toEqual([]);
    expect(file).toBe('one.png');
    expect(predictions).toHaveLength(2);
    expect(Object.keys(predictions[0])).toEqual(['label', 'probability']);
    expect(predictions[0].probability).toBeGreaterThanOrEqual(predictions[1].probability);
  });

  it('gives a table for spreadsheets', async () => {
    const { stdout } = await run('predict', 'run', 'one.png', '--csv', '--top', '9');
    const [header, row] = stdout.split('\n');
    expect(header).toBe('file,label1,probability1,label2,probability2,label3,probability3,error');
    expect(row).toMatch(/^one\.png,(cat|dog|ship),0\.\d+,.*,$/);
  });

  it('draws bars for people, without colours in a file', async () => {
    const { stdout } = await run('predict', join('run', 'model.onnx'), 'one.png');
    expect(stdout).toMatch(/^one\.png\n {2}(cat|dog|ship) +\d+\.\d{2}% {2}█/);
    expect(stdout).not.toContain('\x1b');
  });
});

describe('summary', () => {
  it('prints layers, shapes and parameters as Keras does', async () => {
    const { stdout } = await runAlone('summary', 'keras-cnn');
    expect(stdout).toContain('Total params: 4,200,842 (16.02 MB)');
    expect(stdout).toContain('(None, 16, 16, 32)');
  });

  it('describes a recipe for other images, and a run, as JSON', async () => {
    const recipe = JSON.parse(
      (await run('summary', 'keras-cnn', '--classes', '3', '--image-size', '8', '--json')).stdout,
    );
    const ofRun = JSON.parse((await run('summary', 'run', '--json')).stdout);
    const { settings, ...network } = recipe;
    expect(ofRun).toEqual(network);
    expect(settings).toMatchObject({ activation: 'relu', filters: 32, epochs: 30, learningRate: 0.01 });
    expect(recipe).toMatchObject({ classes: 3, inputShape: [8, 8, 3], nonTrainableParameters: 0 });
  });

  it('describes the operations of a model file', async () => {
    const file = join('run', 'model.onnx');
    const { stdout } = await run('summary', file);
    expect(stdout).toContain(' Input:  image: uint8(N, 8, 8, 3)\n Output: probabilities: float32(N, 3)\n');
    expect(stdout).toMatch(/│ conv2d\/\w+ \(Conv\) +│ \(N, 32, 8, 8\) +│ +896 │/);
    const { parameters, nodes } = JSON.parse((await run('summary', file, '--json')).stdout);
    const layers = JSON.parse((await run('summary', 'run', '--json')).stdout).parameters;
    // Besides the weights, the scale of the pixels.
    expect(parameters - layers).toBeLessThanOrEqual(6);
    expect(nodes.at(-1)).toMatchObject({ type: 'Softmax', outputShape: ['N', 3] });
    const missing = await run('summary', 'nowhere.onnx');
    expect([missing.code, sentenceOf(missing)]).toEqual([
      1,
      'nowhere.onnx: there is no such file. Check the path.',
    ]);
  });

  it('lists the recipes', async () => {
    expect((await run('summary')).stdout).toContain('keras-cnn\n');
  });
});

describe('data', () => {
  it('describes a folder, and draws it', async () => {
    const { code, stdout } = await runAlone('data', 'images', '--preview', 'sheet.png', '--json');
    expect(code).toBe(0);
    const { classNames, train, test, mean } = JSON.parse(stdout);
    expect(classNames).toEqual(['cat', 'dog', 'ship']);
    expect(train.images + test.images).toBe(60);
    expect(mean).toHaveLength(3);
    expect((await readFile(join(place.path, 'sheet.png'))).subarray(1, 4).toString()).toBe('PNG');
  });

  it('prints a table for people', async () => {
    const { stdout } = await run('data', 'images');
    expect(stdout).toMatch(/^images: 3 classes, images of 8 × 8\n/);
    expect(stdout).toMatch(/^dog +\d+ +\d+$/m);
  });

  it('says how large photos are, and to what size it scales them', async () => {
    await writeImages(join(place.path, 'photos'), { perClass: 6, side: 100 });
    const { stdout } = await run('data', 'photos');
    expect(stdout).toMatch(/^photos: 3 classes, photos of 100 pixels or so, scaled to 64 × 64 here\n/);
    const { typicalSide, imageShape } = JSON.parse((await run('data', 'photos', '--json')).stdout);
    expect([typicalSide, imageShape.width]).toEqual([100, 64]);
    const asTheyAre = await run('data', 'photos', '--image-size', '100');
    expect(asTheyAre.stdout).toMatch(/^photos: 3 classes, images of 100 × 100\n/);
  });
});
