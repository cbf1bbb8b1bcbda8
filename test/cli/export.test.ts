import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { decodeSafetensors, Network, weightsOf } from '../../src/models/index.ts';
import { decodeModel } from '../../src/onnx/index.ts';
import { harrier, sentenceOf, workplace, writeImages } from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });
const path = (...parts: string[]) => join(place.path, ...parts);
const size = async (file: string) => (await stat(path(file))).size;

beforeAll(async () => {
  place = await workplace();
  await writeImages(path('images'), { perClass: 12, noise: 200 });
  const training = ['--data', 'images', '--epochs', '2', '--batch-size', '8', '--tta', 'flip'];
  await run('train', ...training, '--validation-split', '0.3', '--out', 'run');
  await run('train', ...training, '--out', 'whole');
  await copyFile(path('run', 'model.onnx'), path('bare.onnx'));
});
afterAll(() => place.remove());

/** What a bare ONNX Runtime says of images that are darker on the left. */
async function probabilitiesOf(file: string): Promise<number[]> {
  const session = await ort.InferenceSession.create(path(file));
  const pixels = Uint8Array.from({ length: 3 * 192 }, (_, i) => 60 * Math.floor(i / 192) + (i % 24));
  const { probabilities } = await session.run({ image: new ort.Tensor('uint8', pixels, [3, 8, 8, 3]) });
  expect(probabilities.type).toBe('float32');
  await session.release();
  return Array.from(probabilities.data as Float32Array);
}

describe('harrier export', () => {
  it.each([
    ['onnx-int8', 'run-int8.onnx', 0.3],
    ['onnx-fp16', 'run-fp16.onnx', 0.55],
    ['onnx', 'run.onnx', 1.01],
  ])('--format %s keeps the contract, and states size and accuracy', async (format, file, fraction) => {
    const { code, stdout } = await run('export', 'run', '--format', format, '--json');
    expect(code).toBe(0);
    const stated = JSON.parse(stdout);
    expect(stated).toMatchObject({
      file: path(file),
      format,
      bytes: await size(file),
      bytesBefore: await size('run/model.onnx'),
    });
    expect(stated.bytes).toBeLessThan(fraction * stated.bytesBefore);
    const { data } = JSON.parse(await readFile(path('run', 'run.json'), 'utf8'));
    expect(stated.accuracy).toMatchObject({
      images: data.validation.images,
      data: expect.stringMatching(/validation images/),
    });
    const [before, after] = [await probabilitiesOf('run/model.onnx'), await probabilitiesOf(file)];
    after.forEach((probability, i) => {
      expect(Math.abs(probability - before[i])).toBeLessThan(format === 'onnx' ? 1e-7 : 0.05);
    });
    const evaluate = await run('evaluate', file, '--data', 'images', '--json');
    expect(JSON.parse(evaluate.stdout)).toMatchObject({ testTimeAugmentation: 'flip' });
  });

  it('--format onnx-int8-compute computes in integers, and states what became of it', async () => {
    const { stdout } = await run('export', 'run', '--format', 'onnx-int8-compute', '--json');
    const stated = JSON.parse(stdout);
    expect(stated).toMatchObject({
      file: path('run-int8-compute.onnx'),
      accuracy: {
        interval95: [expect.any(Number), expect.any(Number)],
        data: expect.stringMatching(/validation/),
      },
      imagesPerSecond: { before: expect.any(Number), after: expect.any(Number) },
      integers: { layers: 3, divergence: expect.any(Number) },
    });
    expect(stated.bytes).toBeLessThan(0.3 * stated.bytesBefore);
    const [before, after] = [
      await probabilitiesOf('run/model.onnx'),
      await probabilitiesOf('run-int8-compute.onnx'),
    ];
    after.forEach((probability, i) => {
      expect(Math.abs(probability - before[i])).toBeLessThan(0.05);
    });
    const folder = ['--format', 'transformers.js', '--out', 'integers'];
    expect((await run('export', 'run-int8-compute.onnx', ...folder)).code).toBe(0);
    expect((await stat(path('integers/onnx/model.onnx'))).size).toBeLessThan(1.1 * stated.bytes);
    // Of a file, on images that are named; other methods; and again over its own export.
    const again = await run(
      ...[
        'export',
        'bare.onnx',
        '--format',
        'onnx-int8-compute',
        '--data',
        'images',
        '--calibration',
        'entropy',
      ],
      ...['--out', 'run-int8-compute.onnx'],
    );
    expect(again.stdout).toMatch(/^interval +[\d.]+–[\d.]+% \(95%\); \d+ images? lost, \d+ gained$/m);
    expect(again.stdout).toMatch(/^speed +.* images\/s before, .* images\/s now: [\d.]+ times/m);
    expect(again.stdout).toMatch(/^int8 +.*; ranges by entropy/m);
    const bare = await run('export', 'bare.onnx', '--format', 'onnx-int8-compute', '--force');
    expect(sentenceOf(bare)).toContain(
      '--format onnx-int8-compute needs images to read ranges from. Name the training images with --data',
    );
    const twice = await run(
      ...[
        'export',
        'run-int8-compute.onnx',
        '--format',
        'onnx-int8-compute',
        '--data',
        'images',
        '--out',
        'x.onnx',
      ],
    );
    expect(sentenceOf(twice)).toContain('this model computes in 8 bits already. Export from the run');
    const misuse = await run('export', 'run', '--format', 'onnx', '--calibration', 'entropy');
    expect(sentenceOf(misuse)).toContain('--calibration: only --format onnx-int8-compute calibrates.');
  });

  it('tells people, and which images they were', async () => {
    const { stdout } = await run('export', 'whole', '--format', 'onnx-int8', '--out', 'small.onnx');
    expect(stdout).toMatch(/^small\.onnx\nsize +[\d.]+ MB before, [\d.]+ kB now\n/);
    expect(stdout).toMatch(/^accuracy +[\d.]+% before, [\d.]+% now \([−+][\d.]+ points\)$/m);
    expect(stdout).toMatch(/^evaluated on \d+ test images .*since the run set none aside for validation$/m);
  });

  it('writes the weights of a run as Keras has them', async () => {
    expect((await run('export', 'run', '--format', 'safetensors')).code).toBe(0);
    const { tensors, metadata } = decodeSafetensors(await readFile(path('run.safetensors')), 'it');
    const network = Network.from(JSON.parse(metadata['harrier.network']));
    const weights = weightsOf(network, decodeModel(await readFile(path('run', 'model.onnx'))), 'it');
    expect([...tensors.keys()]).toEqual(network.parameters.map(({ name }) => name));
    for (const { name, shape } of network.parameters) {
      expect(tensors.get(name)).toEqual({ shape, data: weights.get(name) });
    }
    expect(JSON.parse(metadata['harrier.classNames'])).toEqual(['cat', 'dog', 'ship']);
  });

  it('can change the views of a run', async () => {
    await run('export', 'run', '--format', 'onnx', '--tta', 'none', '--out', 'once.onnx');
    const { metadata } = decodeModel(await readFile(path('once.onnx')));
    expect(metadata['harrier.testTimeAugmentation']).toBeUndefined();
    expect(await probabilitiesOf('once.onnx')).not.toEqual(await probabilitiesOf('run/model.onnx'));
  });

  it('of a model file measures accuracy on the data that is named, or says that it did not', async () => {
    const named = await run('export', 'bare.onnx', '--format', 'onnx-fp16', '--data', 'images', '--json');
    expect(JSON.parse(named.stdout)).toMatchObject({
      file: path('bare-fp16.onnx'),
      accuracy: { data: expect.stringMatching(/test images/) },
    });
    const unnamed = await run('export', 'bare.onnx', '--format', 'onnx-fp16', '--json');
    expect(JSON.parse(unnamed.stdout).accuracy).toBeNull();
    expect(unnamed.stderr).toContain('the accuracy was not measured. Set --data');
  });

  it('writes a folder for transformers.js, whose card has the figures of the run', async () => {
    const { code, stdout } = await run('export', 'run', '--format', 'transformers.js', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      folder: path('run-transformers'),
      format: 'transformers.js',
      files: 5,
    });
    const text = (name: string) => readFile(path('run-transformers', name), 'utf8');
    // In pages it would otherwise look for weights in 8 bits.
    expect(JSON.parse(await text('config.json'))).toMatchObject({
      id2label: { 0: 'cat', 1: 'dog', 2: 'ship' },
      'transformers.js_config': { dtype: 'fp32' },
    });
    const evaluation = JSON.parse(await readFile(path('run', 'evaluation.json'), 'utf8'));
    const [, facts] = /^---\n([\s\S]*?)---\n/.exec(await text('README.md'))!;
    expect(parse(facts)).toMatchObject({
      pipeline_tag: 'image-classification',
      'model-index': [
        {
          name: 'run-transformers',
          results: [
            {
              dataset: { name: 'images', split: 'test' },
              metrics: [
                { type: 'accuracy', value: evaluation.accuracy },
                { type: 'f1', value: evaluation.macro.f1 },
              ],
            },
          ],
        },
      ],
    });
    expect(await text('README.md')).not.toContain(place.path);
    // The same answers, by the weights and the files beside them.
    const answers = async (...model: string[]) =>
      JSON.parse((await run('predict', ...model, 'images/cat/0.png', '--json')).stdout)[0].predictions;
    const own = new Map<string, number>(
      (await answers('--model', 'run/model.onnx')).map((each: { label: string; probability: number }) => [
        each.label,
        each.probability,
      ]),
    );
    for (const { label, probability } of await answers('--model', 'run-transformers/onnx/model.onnx')) {
      expect(probability).toBeCloseTo(own.get(label)!, 4);
    }
    const again = await run('export', 'run', '--format', 'transformers.js');
    expect([again.code, again.stdout]).toEqual([
      0,
      expect.stringContaining('npx harrier push run hf:OWNER/NAME'),
    ]);
  });

  it.each<[string, string[], number, RegExp]>([
    [
      'a folder of other files',
      ['run', '--format', 'transformers.js', '--out', 'images'],
      2,
      /images: this folder is not empty, and harrier export did not write it/,
    ],
    ['no format', ['run'], 2, /required option '--format <name>' not specified/],
    [
      'an unknown format',
      ['run', '--format', 'onnx-int4'],
      2,
      /unknown value of --format "onnx-int4"\. Did you mean "onnx-int8"/,
    ],
    [
      'a file onto itself',
      ['bare.onnx', '--format', 'onnx', '--out', 'bare.onnx'],
      2,
      /would overwrite its source/,
    ],
    [
      'a model that was shrunk before',
      ['small.onnx', '--format', 'onnx-fp16'],
      1,
      /weights of this model were stored in int8/,
    ],
    [
      'views of weights',
      ['run', '--format', 'safetensors', '--tta', 'flip'],
      2,
      /a file of weights has no test-time augmentation/,
    ],
    [
      'data of other classes',
      ['bare.onnx', '--format', 'onnx', '--data', 'strange', '--out', 'x.onnx'],
      2,
      /unknown class for this model "bear"/,
    ],
    ['no model', ['text.onnx', '--format', 'onnx-int8'], 1, /text\.onnx: this is not an ONNX model/],
    [
      'a place where nothing can be',
      ['bare.onnx', '--format', 'onnx', '--out', 'text.onnx/x.onnx'],
      1,
      /text\.onnx/,
    ],
  ])('refuses %s', async (_, args, code, sentence) => {
    await writeFile(path('text.onnx'), 'no model');
    await writeImages(path('strange'), { classes: ['bear', 'cat'], perClass: 6 });
    const finished = await run('export', ...args);
    expect(finished.code).toBe(code);
    expect(sentenceOf(finished)).toMatch(sentence);
  });
});
