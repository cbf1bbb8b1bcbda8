import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluatePredictions } from '../../src/evaluation/index.ts';
import { Dense, Flatten } from '../../src/layers/index.ts';
import { CLASS_NAMES_KEY, Classifier, exportModel, initialWeights, Network } from '../../src/models/index.ts';
import { decodeModel, encodeModel } from '../../src/onnx/index.ts';
import { CIFAR10_CLASSES } from '../../src/platform/node/datasets/cifar10-files.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { type Finished, harrier, sentenceOf, start, workplace, writeImages } from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });
const path = (...parts: string[]) => join(place.path, ...parts);
const json = async (...parts: string[]) => JSON.parse(await readFile(path(...parts), 'utf8'));
const modelMetadata = async (file: string) => decodeModel(await readFile(path(file)), file).metadata;
const training = ['--data', 'images', '--epochs', '2', '--batch-size', '8'];
const split = ['--validation-split', '0.3'];

beforeAll(async () => {
  place = await workplace();
  // So noisy that it cannot be learned by heart in two epochs: probabilities then tell models apart.
  await writeImages(path('images'), { perClass: 12, noise: 200 });
  await run('train', ...training, '--out', 'plain');
  await run('train', ...training, ...split, '--out', 'calibrated');
});
afterAll(() => place.remove());

describe('test-time augmentation', () => {
  beforeAll(async () => {
    await run('train', ...training, '--tta', 'flip', '--out', 'flipped');
    await copyFile(path('plain', 'model.onnx'), path('bare.onnx'));
    await copyFile(path('flipped', 'model.onnx'), path('bare-flipped.onnx'));
  });
  const evaluate = async (...args: string[]) => JSON.parse((await run('evaluate', ...args, '--json')).stdout);

  it('is part of the model that a run ends with, and of what is said about it', async () => {
    const evaluation = await json('flipped', 'evaluation.json');
    expect(evaluation.testTimeAugmentation).toBe('flip');
    expect((await json('plain', 'evaluation.json')).testTimeAugmentation).toBe('none');
    expect(await readFile(path('flipped', 'report.html'), 'utf8')).toContain('and its mirror image');
    expect(await readFile(path('flipped', 'README.md'), 'utf8')).toContain('and its mirror image');
    const again = await evaluate('flipped');
    expect([again.loss, again.testTimeAugmentation]).toEqual([evaluation.loss, 'flip']);
    expect((await run('evaluate', 'flipped')).stdout).toContain(
      'Test-time augmentation: the image and its mirror image, averaged.',
    );
  });

  it('changes no step and no judgement of an epoch', async () => {
    const withoutTime = async (name: string) =>
      (await readFile(path(name, 'history.csv'), 'utf8')).replace(/[^,]*$/gm, '');
    expect(await withoutTime('flipped')).toBe(await withoutTime('plain'));
  });

  it('can be another for a run folder', async () => {
    const plain = await json('plain', 'evaluation.json');
    const flipped = await json('flipped', 'evaluation.json');
    expect(plain.loss).not.toBe(flipped.loss);
    expect((await evaluate('plain', '--tta', 'flip')).loss).toBe(flipped.loss);
    expect((await evaluate('flipped', '--tta', 'none')).loss).toBe(plain.loss);
    const shifted = await evaluate('plain', '--tta', 'flip-shift');
    expect(shifted.testTimeAugmentation).toBe('flip-shift');
    expect([plain.loss, flipped.loss]).not.toContain(shifted.loss);
  });

  it('can be another for a model file, which says what it is made of', async () => {
    const of = async (file: string, ...args: string[]) => {
      const { loss, testTimeAugmentation } = await evaluate(file, '--data', 'images', ...args);
      return [loss, testTimeAugmentation];
    };
    const [plain, flipped] = [await of('bare.onnx'), await of('bare-flipped.onnx')];
    expect(plain).not.toEqual(flipped);
    expect(await of('bare.onnx', '--tta', 'flip')).toEqual(flipped);
    expect(await of('bare-flipped.onnx', '--tta', 'none')).toEqual(plain);
  });

  it('can be adaptive: for images that the model is unsure of, by a threshold of its validation images', async () => {
    await run('train', ...training, '--tta', 'flip', '--validation-split', '0.3', '--out', 'held');
    const { adaptiveViews, accuracy, viewsBelow } = await evaluate('held', '--tta', 'adaptive');
    const { ways, validation, below, against } = adaptiveViews;
    expect(viewsBelow).toBe(below);
    expect(validation.images).toBe((await json('held', 'run.json')).data.validation.images);
    expect(ways.map(({ views }: { views: string }) => views)).toEqual(['none', 'adaptive', 'flip']);
    const [none, adaptive, flip] = ways;
    expect([none.again, flip.again]).toEqual([0, 1]);
    expect(adaptive.accuracy).toBe(accuracy);
    expect(none.accuracy).toBe((await evaluate('held', '--tta', 'none')).accuracy);
    expect(flip.accuracy).toBe((await evaluate('held')).accuracy);
    const { images } = (await json('held', 'run.json')).data.test;
    expect(against[0].points).toBeCloseTo((100 * (against[0].gained - against[0].lost)) / images, 10);

    const exported = await run(
      'export',
      'held',
      '--format',
      'onnx',
      '--tta',
      'adaptive',
      '--out',
      'unsure.onnx',
    );
    expect(exported.stderr).toContain(
      `Views flip where the largest probability is below ${below.toFixed(3)}`,
    );
    // Sets are calibrated for these views; with others that nothing calibrated, the file has none.
    const setsOf = async (file: string) => (await modelMetadata(file))['harrier.conformal'];
    const [own, unsure] = [await setsOf('held/model.onnx'), await setsOf('unsure.onnx')];
    expect(JSON.parse(unsure).scores.flat()).toHaveLength(JSON.parse(own).scores.flat().length);
    expect(unsure).not.toBe(own);
    const once = await run('export', 'held', '--format', 'onnx', '--tta', 'none', '--out', 'once.onnx');
    expect(once.stderr).toContain('with these views, the export promises no prediction sets');
    expect(await setsOf('once.onnx')).toBeUndefined();
    // The file keeps the threshold, and needs no run.
    const file = await evaluate('unsure.onnx', '--data', 'images', '--tta', 'adaptive');
    expect([file.viewsBelow, file.adaptiveViews.validation]).toEqual([below, undefined]);
    expect((await run('predict', 'unsure.onnx', 'images/cat/0.png')).stdout).toMatch(/cat|dog|ship/);

    expect(sentenceOf(await run('evaluate', 'plain', '--tta', 'adaptive'))).toMatch(
      /plain: this run set no validation images aside.* Train with --validation-split 0\.1, or use --tta flip\.$/,
    );
    expect(sentenceOf(await run('evaluate', 'bare.onnx', '--data', 'images', '--tta', 'adaptive'))).toMatch(
      /bare\.onnx: a model file has no validation images/,
    );
    const packed = await run('export', 'held', '--format', 'npm', '--name', 'x', '--tta', 'adaptive');
    expect(sentenceOf(packed)).toMatch(
      /^--format npm: this format has no adaptive views\. Use --format onnx/,
    );
  });

  it('can be adaptive from the training on, by a threshold of the validation images', async () => {
    const adaptive = [...training, '--tta', 'adaptive'];
    const said = await run('train', ...adaptive, '--validation-split', '0.3', '--out', 'unsure');
    const [{ data, options }, evaluation] = [
      await json('unsure', 'run.json'),
      await json('unsure', 'evaluation.json'),
    ];
    expect([options.testTimeAugmentation, options.adaptiveViews]).toEqual(['flip', true]);
    const { adaptiveViews, viewsBelow, predictionSets } = evaluation;
    expect(adaptiveViews.validation.images).toBe(data.validation.images);
    expect(predictionSets.calibrationImages).toBe(data.validation.images);
    expect(adaptiveViews.ways[1]).toMatchObject({ views: 'adaptive', accuracy: evaluation.accuracy });
    expect(adaptiveViews.ways[1].viewsPerImage).toBe(1 + adaptiveViews.ways[1].again);
    expect(said.stdout).toContain('Adaptive views: ');
    const again = await evaluate('unsure');
    expect([again.loss, again.viewsBelow]).toEqual([evaluation.loss, viewsBelow]);
    expect(await modelMetadata('unsure/model.onnx')).toMatchObject({ 'harrier.viewsBelow': `${viewsBelow}` });

    // With the same views for every image it is another model, of which nothing is known.
    const readme = async (name: string, ...views: string[]) => {
      const words = ['--format', 'npm', '--name', name, '--out', name, ...views];
      expect((await run('export', 'unsure', ...words)).code).toBe(0);
      return readFile(path(name, 'README.md'), 'utf8');
    };
    const [own, flipped] = [await readme('as-trained'), await readme('flipped-all', '--tta', 'flip')];
    expect(own).toMatch(/\d% interval|% correct/);
    expect(flipped).not.toMatch(/\d% interval|% correct|Accuracy/);

    const refusal = async (...args: string[]) => sentenceOf(await run('train', ...adaptive, ...args));
    expect(await refusal()).toMatch(
      /^--tta adaptive: its threshold is chosen on validation images: .* Add --validation-split 0\.1/,
    );
    const held = ['--validation-split', '0.3'];
    expect(await refusal('--reject', '0.9', ...held)).toMatch(
      /^--tta adaptive and --reject cannot be combined/,
    );
    expect(await refusal('--folds', '2')).toMatch(/^--tta adaptive and --folds cannot be combined/);
  });

  it('that there is not', async () => {
    const finished = await run('evaluate', 'plain', '--tta', 'flop');
    expect(finished.code).toBe(2);
    expect(sentenceOf(finished)).toMatch(
      /unknown value of --tta "flop"\. Did you mean "flip"\? There are: none/,
    );
  });
});

describe('temperature scaling', () => {
  beforeAll(() => run('train', ...training, ...split, '--no-calibrate', '--out', 'raw'));

  it('is fitted on validation images, kept in the model, and told with what it changed', async () => {
    const { temperatureScaling: scaling, ...evaluation } = await json('calibrated', 'evaluation.json');
    const raw = await json('raw', 'evaluation.json');
    expect(scaling.temperature).toBeGreaterThan(0);
    expect(scaling.temperature).not.toBe(1);
    const { data } = await json('calibrated', 'run.json');
    expect(scaling.validation.images).toBe(data.validation.images);
    expect(scaling.validation.after.loss).toBeLessThan(scaling.validation.before.loss);
    expect(scaling.judged.before.loss).toBeCloseTo(raw.loss, 5);
    expect(scaling.judged.after.loss).toBe(evaluation.loss);
    expect(evaluation.matrix).toEqual(raw.matrix);
    const model = decodeModel(await readFile(path('calibrated', 'model.onnx')));
    expect(Number(model.metadata['harrier.temperature'])).toBe(scaling.temperature);
  });

  it('stays in force when the model is evaluated again, also with other views', async () => {
    const { temperatureScaling: own, loss } = await json('calibrated', 'evaluation.json');
    const again = JSON.parse((await run('evaluate', 'calibrated', '--json')).stdout);
    expect([again.loss, again.temperatureScaling]).toEqual([loss, own]);
    const flipped = JSON.parse((await run('evaluate', 'calibrated', '--tta', 'flip', '--json')).stdout);
    expect(flipped.temperatureScaling.temperature).toBe(own.temperature);
    expect((await run('evaluate', 'calibrated')).stdout).toMatch(
      /^Calibration error [\d.]+% \([\d.]+% before the temperature [\d.]+ was fitted on \d+ held-out images\)\.$/m,
    );
  });

  it.each([
    ['raw', 'calibration was turned off with --no-calibrate'],
    [
      'plain',
      'no validation images were set aside (--validation-split), and test images are not used for this',
    ],
  ])('of %s was not fitted, and the report says why', async (name, reason) => {
    expect((await json(name, 'evaluation.json')).temperatureScaling).toEqual({ temperature: 1, reason });
    expect(await readFile(path(name, 'report.html'), 'utf8')).toContain(
      `No temperature was fitted: ${reason}.`,
    );
  });
});

describe('decisions', () => {
  it('get thresholds that keep a precision, and a price', async () => {
    const costs = path('costs.csv');
    await writeFile(costs, ',cat,dog,ship\ncat,0,1,1\ndog,1,0,1\nship,9,9,0\n');
    const asked = ['evaluate', 'calibrated', '--precision', '0.6', '--cost', costs];
    const { thresholds, costs: found, total } = JSON.parse((await run(...asked, '--json')).stdout);
    expect(thresholds.map((each: { class: string }) => each.class)).toEqual(['cat', 'dog', 'ship']);
    for (const { at, averagePrecision } of thresholds) {
      expect(averagePrecision).toBeGreaterThan(0);
      if (at) expect(at.precision).toBeGreaterThanOrEqual(0.6);
    }
    expect(found.images).toBe(total);
    const { stdout } = await run(...asked);
    expect(stdout).toContain('Thresholds for a precision of 60.0%');
    expect(stdout).toMatch(/with the most probable class, .* with the class of least expected cost/);
  });

  it('have a sentence for costs of other classes, and for no precision', async () => {
    const costs = path('other.csv');
    await writeFile(costs, ',cat\ncat,0\n');
    const other = await run('evaluate', 'calibrated', '--cost', costs);
    expect([other.code, sentenceOf(other)]).toEqual([1, expect.stringContaining('the class "dog" must be')]);
    expect((await run('evaluate', 'calibrated', '--precision', '95')).code).toBe(2);
  });
});

describe('accuracy by something else than the class', () => {
  it('is told for each value that an expression finds in paths, and refused for a column of no list', async () => {
    const asked = ['evaluate', 'plain', '--by', '^(cat|dog)/'];
    const { slices, total, perClass } = JSON.parse((await run(...asked, '--json')).stdout);
    expect(slices.by).toBe('^(cat|dog)/');
    const images = new Map(
      slices.values.map(({ value, images }: { value?: string; images: number }) => [value, images]),
    );
    const [cat, dog, ship] = perClass.map(({ support }: { support: number }) => support);
    expect([images.get('cat'), images.get('dog'), images.get(undefined)]).toEqual([cat, dog, ship]);
    expect(cat + dog + ship).toBe(total);
    expect((await run(...asked)).stdout).toMatch(/Accuracy by \^\(cat\|dog\)\/\n.*by its classes\n/);
    const refused = await run('evaluate', 'plain', '--by', 'camera');
    expect([refused.code, sentenceOf(refused)]).toEqual([
      2,
      expect.stringMatching(/there is no list with a column "camera".*--by "_\(cam\\d\+\)_"/),
    ]);
  });
});

describe('sets with a promise', () => {
  it('are calibrated on validation images, measured on the test images, and kept in the model', async () => {
    const { predictionSets: sets, total } = await json('calibrated', 'evaluation.json');
    const { data } = await json('calibrated', 'run.json');
    expect(sets.calibrationImages).toBe(data.validation.images);
    const most = sets.calibrationImages / (sets.calibrationImages + 1);
    const promised = sets.coverages.map(({ coverage }: { coverage: number }) => coverage);
    expect(promised).toEqual([0.9, 0.95, 0.99].filter((coverage) => coverage <= most));
    for (const { images, covered, meanSize, sizes } of sets.coverages) {
      expect([images, sizes.reduce((a: number, b: number) => a + b)]).toEqual([total, total]);
      expect(covered).toBeGreaterThan(0);
      expect(meanSize).toBeGreaterThanOrEqual(1);
    }
    const again = await run('evaluate', 'calibrated', '--json');
    expect(JSON.parse(again.stdout).predictionSets).toEqual(sets);
    expect((await run('evaluate', 'calibrated')).stdout).toMatch(
      /^Sets with 90% coverage contain the class of [\d.]+% of the images \([\d.]+–[\d.]+%\), with [\d.]+ class(es)? on average\.$/m,
    );
  });

  it('are named by predict', async () => {
    const image = path('images', 'cat', '0.png');
    const asked = ['predict', 'calibrated', image, '--sets', '0.9'];
    const [{ set, predictions }] = JSON.parse((await run(...asked, '--json')).stdout);
    expect(set[0]).toBe(predictions[0].label);
    expect((await run(...asked)).stdout).toMatch(/^ {2}set: (cat|dog|ship)/m);
    const [header, row] = (await run(...asked, '--csv')).stdout.split('\n');
    expect(header).toMatch(/,set,error$/);
    expect(row.split(',').at(-2)).toBe(set.join(';'));
    const more = await run('predict', 'calibrated', image, '--sets', '0.9999', '--json');
    expect(JSON.parse(more.stdout)[0].set.toSorted()).toEqual(['cat', 'dog', 'ship']);
    expect(more.stderr).toMatch(/Note: \d+ held-out images can promise [\d.]+% at most/);
  });

  it('keep it for each class where that is asked for, and only together with --sets', async () => {
    const image = path('images', 'cat', '0.png');
    const both = await run('predict', 'calibrated', image, '--sets', '0.5', '--per-class', '--json');
    const [{ set, predictions }] = JSON.parse(both.stdout);
    expect(set[0]).toBe(predictions[0].label);
    const alone = await run('predict', 'calibrated', image, '--per-class');
    expect([alone.code, sentenceOf(alone)]).toEqual([
      2,
      '--per-class: this option needs --sets. Add --sets 0.95.',
    ]);
  });

  it('are refused where nothing calibrated the model, and for what is no fraction', async () => {
    const none = await run('predict', 'plain', path('images', 'cat', '0.png'), '--sets', '0.9');
    expect([none.code, sentenceOf(none)]).toEqual([
      1,
      expect.stringMatching(/this model can promise no sets: .* Train it with --validation-split 0\.1/),
    ]);
    const percent = await run('predict', 'calibrated', path('images', 'cat', '0.png'), '--sets', '95');
    expect([percent.code, sentenceOf(percent)]).toEqual([2, expect.stringMatching(/^--sets: /)]);
  });
});

describe('CIFAR-10.1', () => {
  /** An array as numpy.save writes it. */
  const npy = (descr: string, shape: readonly number[], values: NodeJS.TypedArray): Buffer => {
    const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
    const padded = `${header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11)}\n`;
    const prefix = Buffer.from([
      0x93,
      ...Buffer.from('NUMPY'),
      1,
      0,
      padded.length & 255,
      padded.length >> 8,
    ]);
    const content = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    return Buffer.concat([prefix, Buffer.from(padded, 'latin1'), content]);
  };
  const IMAGES = 30;
  const pixels = Uint8Array.from(
    { length: IMAGES * 3072 },
    (_, i) => (i * 31 + Math.floor(i / 3072) * 57) % 256,
  );
  const labels = Array.from({ length: IMAGES }, (_, i) => i % 10);
  const write = async (folder: string, version: string, images: Buffer, truth: Buffer) => {
    await mkdir(path(folder), { recursive: true });
    await writeFile(path(folder, `cifar10.1_${version}_data.npy`), images);
    await writeFile(path(folder, `cifar10.1_${version}_labels.npy`), truth);
  };
  const images = npy('|u1', [IMAGES, 32, 32, 3], pixels);

  beforeAll(async () => {
    await write('points', 'v6', images, npy('<i4', [IMAGES], Int32Array.from(labels)));
    await write(
      'points',
      'v4',
      npy('|u1', [20, 32, 32, 3], pixels.subarray(0, 20 * 3072)),
      npy('<i8', [20], BigInt64Array.from(labels.slice(0, 20), BigInt)),
    );
    const network = new Network({
      inputShape: [32, 32, 3],
      layers: [new Flatten(), new Dense({ units: 10 })],
    });
    const model = exportModel(network, initialWeights(network.parameters, 1), {
      [CLASS_NAMES_KEY]: JSON.stringify(CIFAR10_CLASSES),
    });
    await writeFile(path('ten.onnx'), encodeModel(model));
  });
  const evaluate = (...args: string[]) => run('evaluate', 'ten.onnx', '--data', 'cifar10.1', ...args);

  it.each([
    ['the folder, behind the name', ['evaluate', 'ten.onnx', '--data', 'cifar10.1', 'points']],
    ['the folder, before the model', ['evaluate', '--data', 'cifar10.1', 'points', 'ten.onnx']],
    ['a file of the pair', ['evaluate', 'ten.onnx', '--data', 'cifar10.1', 'points/cifar10.1_v6_labels.npy']],
    ['one word', ['evaluate', 'ten.onnx', '--data', 'cifar10.1:points']],
  ])('is read from %s', async (_, args) => {
    const { code, stdout } = await run(...args, '--json');
    expect(code).toBe(0);
    const evaluation = JSON.parse(stdout);
    const classifier = await Classifier.load(nodeRuntime(), await readFile(path('ten.onnx')));
    const probabilities = await classifier.predict(pixels);
    await classifier.dispose();
    expect(evaluation).toMatchObject(
      evaluatePredictions({ probabilities, labels, classNames: CIFAR10_CLASSES }),
    );
    expect(evaluation.total).toBe(IMAGES);
    expect(evaluation.humanBaseline.accuracy).toBe(0.9524);
  });

  it('has an older version, whose labels have 8 bytes', async () => {
    const { stdout } = await evaluate('points/cifar10.1_v4_data.npy');
    expect(stdout).toMatch(/^cifar10\.1_v4\n\d+ of 20 right/);
    expect(stdout).toContain('Top-5 accuracy ');
    expect(stdout).toMatch(/People: 95\.24% of single answers are correct, 99\.21% by majority vote/);
    expect(stdout).toMatch(/deer taken for horse +4\.3%/);
  });

  it.each<[string, Buffer, Buffer, RegExp]>([
    [
      'images of another size',
      npy('|u1', [IMAGES, 16, 64, 3], pixels),
      npy('<i4', [IMAGES], Int32Array.from(labels)),
      /does not have the shape of CIFAR-10\.1's: expected uint8 \(images, 32, 32, 3\), received \|u1 \(30, 16, 64, 3\)/,
    ],
    [
      'planes of colours',
      npy('|u1', [IMAGES, 3, 32, 32], pixels),
      npy('<i4', [IMAGES], Int32Array.from(labels)),
      /received \|u1 \(30, 3, 32, 32\)/,
    ],
    [
      'images in floats',
      npy('<f4', [1, 32, 32, 3], new Float32Array(3072)),
      npy('<i4', [1], Int32Array.of(1)),
      /received <f4 \(1, 32, 32, 3\)/,
    ],
    [
      'labels of other images',
      images,
      npy('<i4', [10], Int32Array.from(labels.slice(0, 10))),
      /expected \(30,\), a label for each of the images beside it, received <i4 \(10,\)/,
    ],
    [
      'a label without a class',
      images,
      npy('<i4', [IMAGES], Int32Array.from(labels).fill(10, 29)),
      /image 29 has a label without a class: expected a whole number from 0 to 9, received 10/,
    ],
    [
      'half a file',
      images.subarray(0, 5000),
      npy('<i4', [IMAGES], Int32Array.from(labels)),
      /cut off: expected \d+ bytes, received 5000/,
    ],
  ])('with %s is refused in a sentence', async (name, data, truth, sentence) => {
    await write(name, 'v6', data, truth);
    const finished = await evaluate(name);
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(sentence);
  });

  it.each<[string, string[], number, RegExp]>([
    [
      'no path',
      [],
      2,
      /Harrier does not download CIFAR-10\.1, so its folder must be given: expected as an argument, the folder of .*, received "ten\.onnx"/,
    ],
    ['a path of nothing', ['nowhere'], 1, /nowhere: there is no such folder/],
    ['a folder of something else', ['images'], 1, /images: this is not CIFAR-10\.1: expected a folder with/],
    ['its training part', ['points', '--split', 'train'], 2, /CIFAR-10\.1 has test images only/],
  ])('with %s', async (_, args, code, sentence) => {
    const finished = await evaluate(...args);
    expect(finished.code).toBe(code);
    expect(sentenceOf(finished)).toMatch(sentence);
  });

  it('cannot be trained on', async () => {
    const finished = await run('train', '--data', 'cifar10.1:points', '--epochs', '1');
    expect([finished.code, sentenceOf(finished)]).toEqual([
      1,
      expect.stringMatching(/has test images only\. Evaluate a model/),
    ]);
  });

  it('takes the only word too many', async () => {
    const finished = await run('evaluate', 'ten.onnx', 'points', '--data', 'cifar10');
    expect([finished.code, sentenceOf(finished)]).toEqual([
      2,
      expect.stringMatching(/there are too many arguments: received "points"/),
    ]);
  });
});

describe('train --seeds', () => {
  let two: Finished;
  beforeAll(async () => {
    two = await run('train', ...training, '--seeds', '2', '--seed', '5', '--out', 'two', '--json');
  });

  it('trains with one seed after another, and tells mean and deviation', async () => {
    const { code, stdout } = two;
    expect(code).toBe(0);
    const { testAccuracy, runs } = JSON.parse(stdout);
    expect(runs.map(({ seed, run }: { seed: number; run: string }) => [seed, run])).toEqual([
      [5, path('two', 'seed-5')],
      [6, path('two', 'seed-6')],
    ]);
    const [a, b] = await Promise.all(
      runs.map(async (each: { run: string; testAccuracy: number }) => {
        const { accuracy } = JSON.parse(await readFile(join(each.run, 'evaluation.json'), 'utf8'));
        expect(each.testAccuracy).toBe(accuracy);
        return accuracy;
      }),
    );
    expect(testAccuracy.count).toBe(2);
    expect(testAccuracy.mean).toBeCloseTo((a + b) / 2, 12);
    expect(testAccuracy.standardDeviation).toBeCloseTo(Math.abs(a - b) / Math.SQRT2, 12);
    expect([testAccuracy.minimum, testAccuracy.maximum]).toEqual([Math.min(a, b), Math.max(a, b)]);
    const { command, options } = await json('two', 'seed-6', 'run.json');
    expect(options.seed).toBe(6);
    expect(command).toBe(`npx harrier train ${training.join(' ')} --seed 6`);
  });

  it('goes on after an interruption, to what it would have come to without; and takes more seeds', async () => {
    const begun = start(['train', ...training, '--seeds', '2', '--seed', '5', '--out', 'stopped'], {
      cwd: place.path,
    });
    await begun.says('Seed 6');
    const run6 = join(place.path, 'stopped', 'seed-6', 'run.json');
    await expect
      .poll(() => readFile(run6, 'utf8').catch(() => ''), { timeout: 60_000 })
      .toContain('"seed": 6');
    begun.process.kill('SIGINT');
    const stopped = await begun.finished;
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toContain('Resume with: npx harrier train --resume stopped\n');
    const finished = await run('train', '--resume', 'stopped', '--seeds', '3');
    expect(finished.code).toBe(0);
    expect(finished.stdout).toMatch(
      /mean [\d.]+% ± [\d.]+% \(standard deviation of 3 seeds\), lowest [\d.]+%, highest [\d.]+%/,
    );
    for (const seed of ['seed-5', 'seed-6']) {
      const [one, other] = [
        await json('stopped', seed, 'evaluation.json'),
        await json('two', seed, 'evaluation.json'),
      ];
      expect(one).toEqual(other);
    }
    expect((await json('stopped', 'seed-7', 'run.json')).result.epochs).toBe(2);
  });

  it('averages their models, also those that come later', async () => {
    const words = [...training, '--seeds', '2', '--validation-split', '0.2'];
    const trained = await run('train', ...words, '--ensemble', '--out', 'averaged', '--json');
    expect([trained.code, JSON.parse(trained.stdout).ensemble.run]).toEqual([0, path('averaged')]);
    const { options, data, result, command } = await json('averaged', 'run.json');
    expect([options.seed, options.seeds, options.validationSplit]).toEqual([1, [1, 2], 0]);
    const member = await json('averaged', 'seed-1', 'run.json');
    expect([options.batchSize, result.epochs]).toEqual([member.options.batchSize, member.result.epochs]);
    // It can be typed again.
    expect(member.command).toBe(
      `npx harrier train ${[...training, '--validation-split', '0.2'].join(' ')} --seed 1`,
    );
    // Either seed has set other images aside: together they have seen all.
    expect([data.train.images, data.validation]).toEqual([30, undefined]);
    expect(command).toContain('--ensemble --seeds 2 --seed 1');
    expect(JSON.parse(trained.stdout).ensemble.testAccuracy).toBe(result.testAccuracy);
    expect(await readFile(path('averaged', 'README.md'), 'utf8')).toContain(
      'An average of 2 image classifiers',
    );
    expect((await run('summary', 'averaged')).stdout).toMatch(/\nThe model averages 2 such networks\.\n$/);
    expect(JSON.parse((await run('summary', 'averaged', '--json')).stdout).averaged).toBe(2);

    const [image] = await readdir(path('images', 'cat'));
    const said = async (...model: string[]): Promise<number[]> => {
      const { stdout } = await run('predict', join(...model), path('images', 'cat', image), '--json');
      const { predictions } = JSON.parse(stdout)[0];
      return ['cat', 'dog', 'ship'].map(
        (name) => predictions.find((each: { label: string }) => each.label === name).probability,
      );
    };
    const all = await Promise.all(
      [
        ['averaged', 'seed-1'],
        ['averaged', 'seed-2'],
      ].map((of) => said(...of)),
    );
    (await said('averaged')).forEach((probability, i) => {
      expect(probability).toBeCloseTo((all[0][i] + all[1][i]) / 2, 5);
    });
    const again = JSON.parse((await run('evaluate', 'averaged', '--json')).stdout);
    expect(again).toEqual(await json('averaged', 'evaluation.json'));

    const same = await run('train', '--resume', 'averaged');
    expect(same.stdout).toMatch(/The average of the 2 models is finished: [\d.]+%/);
    const more = await run('train', '--resume', 'averaged', '--seeds', '3');
    expect([more.code, more.stdout]).toEqual([0, expect.stringContaining('the average of 3 models in')]);
    expect((await json('averaged', 'run.json')).options.seeds).toEqual([1, 2, 3]);
    // A seed that was trained further makes another average.
    await run('train', '--resume', 'averaged/seed-1', '--epochs', '4');
    const further = await run('train', '--resume', 'averaged');
    expect(further.stdout).toMatch(/the average of 3 models in/);
    expect((await json('averaged', 'run.json')).result.epochs).toBe(4);
  });

  it('leaves runs, of which predict needs one', async () => {
    expect(sentenceOf(await run('predict', 'two', 'images/cat'))).toMatch(
      /two: these are runs with several seeds: expected one of them, such as two\/seed-5\./,
    );
  });

  describe('an average of models that are trained already', () => {
    let averaged: Finished;
    beforeAll(async () => {
      averaged = await run('train', '--ensemble', '--resume', 'two');
    });

    it('is made of them', async () => {
      expect([averaged.code, averaged.stdout]).toEqual([0, expect.stringContaining('It is finished.')]);
      expect((await json('two', 'run.json')).options.seeds).toEqual([5, 6]);
    });

    it.each<[string, string[], RegExp]>([
      [
        'other views',
        ['evaluate', 'two', '--tta', 'flip'],
        /views of a model that averages others cannot be changed: expected --tta none/,
      ],
      [
        'doubtful views',
        ['export', 'two', '--format', 'onnx', '--tta', 'adaptive', '--out', 'x.onnx'],
        /views of a model that averages others/,
      ],
      [
        'training',
        ['train', '--from', 'two', ...training],
        /averages others is not made of one network\. Name one of its models, such as FOLDER\/seed-1/,
      ],
    ])('has no network for %s', async (_, args, sentence) => {
      const finished = await run(...args);
      expect([finished.code, sentenceOf(finished)]).toEqual([1, expect.stringMatching(sentence)]);
    });

    it('is exported with all its weights', async () => {
      await run('export', 'two', '--format', 'safetensors', '--out', 'two.safetensors');
      await run('export', 'two/seed-5', '--format', 'safetensors', '--out', 'one.safetensors');
      const [two, one] = await Promise.all(
        ['two', 'one'].map(async (name) => (await stat(path(`${name}.safetensors`))).size),
      );
      expect(two / one).toBeGreaterThan(1.9);
    });
  });

  it('leaves runs that "latest" finds', async () => {
    await run('train', ...training, '--seeds', '1');
    // The latest run stands for all of its seeds.
    const further = await run('train', '--resume', 'latest', '--seeds', '2', '--ensemble');
    expect(further.stdout).toContain('the average of 2 models in');
    const { code, stdout } = await run('summary', 'latest');
    expect([code, stdout]).toEqual([0, expect.stringContaining('Dense')]);
    const [name] = await readdir(path('runs'));
    expect(name).toMatch(/^keras-cnn-\d{8}-\d{6}-seeds$/);
    expect(await readdir(path('runs', name))).toEqual(
      expect.arrayContaining(['seed-1', 'seed-2', 'seeds.json']),
    );
  });

  it.each<[string, string[], RegExp]>([
    [
      'no seed',
      ['--seeds', '0'],
      /--seeds: this value cannot be used: expected a whole number of at least 1/,
    ],
    [
      'fewer seeds than before',
      ['--resume', 'two', '--seeds', '1'],
      /more seeds, but not fewer: expected at least 2, received 1/,
    ],
    [
      'another option than before',
      ['--resume', 'two', '--batch-size', '9'],
      /--batch-size: resumed runs keep their own options/,
    ],
    [
      'a single run',
      ['--resume', 'plain', '--seeds', '2'],
      /this is not a folder of train --seeds: expected a folder with seeds\.json/,
    ],
    [
      'one model to average',
      [...training, '--seeds', '1', '--ensemble'],
      /one model has no average: expected --seeds 2/,
    ],
    [
      'an average that rejects',
      [...training, '--seeds', '2', '--ensemble', '--reject', '0.95', '--validation-split', '0.2'],
      /--reject and --ensemble cannot be combined/,
    ],
    [
      'an average of adaptive models',
      [...training, '--seeds', '2', '--ensemble', '--tta', 'adaptive', '--validation-split', '0.2'],
      /--tta adaptive and --ensemble cannot be combined/,
    ],
    [
      'an average of a single run',
      ['--resume', 'plain', '--ensemble'],
      /--ensemble: one model has no average\. Name the folder of runs with several seeds/,
    ],
    [
      'a folder in use',
      [...training, '--seeds', '2', '--out', 'two'],
      /two: this folder already contains a run\. .*--resume/,
    ],
  ])('with %s is refused', async (_, args, sentence) => {
    const finished = await run('train', ...args);
    expect(finished.code).toBe(2);
    expect(sentenceOf(finished)).toMatch(sentence);
  });

  it('whose record is damaged says so', async () => {
    await mkdir(path('broken'));
    await writeFile(path('broken', 'seeds.json'), '{ "format": 1, ');
    const finished = await run('train', '--resume', 'broken');
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(/seeds\.json: this is not a record of runs with several seeds/);
  });
});
