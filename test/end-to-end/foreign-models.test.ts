/** Models of other programs in every command: see test/foreign/graphs.ts for what they are. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trainedNetwork } from '../../src/models/index.ts';
import { decodeModel, encodeModel } from '../../src/onnx/index.ts';
import { sameStartingModel, startingModel } from '../../src/platform/node/runs/starting-model.ts';
import { type Finished, harrier, sentenceOf, withoutAdvice, workplace, writeImages } from '../cli/harrier.ts';
import { withExternalWeights } from '../foreign/external-weights.ts';
import { CLASSES, classifier, imageModel } from '../foreign/graphs.ts';

let place: { path: string; remove: () => Promise<void> };

const run = (...args: string[]) => harrier(args, { cwd: place.path });
const file = (...parts: string[]) => join(place.path, ...parts);
const SIDE = 12;
const IMAGE = join('images', 'leaf', '0.png');

function succeeded({ code, stderr }: Finished): void {
  expect([code, withoutAdvice({ stderr }).replace(/^Note: .*\n/gm, '')]).toEqual([0, '']);
}

beforeAll(async () => {
  place = await workplace();
  await writeImages(file('images'), { classes: ['leaf', 'stone'], perClass: 30, side: 20 });
  await writeImages(file('five'), {
    classes: ['leaf', 'stone', 'water', 'sand', 'moss'],
    perClass: 4,
    side: 20,
  });
  await writeFile(file('net.onnx'), encodeModel(classifier('Gemm, transposed', { size: [SIDE, SIDE] })));
  await writeFile(
    file('open.onnx'),
    encodeModel(classifier('MatMul and Add', { size: ['height', 'width'] })),
  );
  await writeFile(file('labels.txt'), 'leaf\r\nstone\r\nwater\r\nsand\r\nmoss\r\n\r\n');
  await writeFile(file('few.txt'), 'leaf\nstone\n');
});
afterAll(() => place.remove());

describe('train --from', () => {
  it('trains a new head, and what it says goes where a run says it', async () => {
    const finished = await run(
      ...['train', '--from', 'net.onnx', '--data', 'images', '--epochs', '12', '--learning-rate', '0.05'],
      ...['--mean', '0.5', '--std', '0.25', '--out', 'head'],
    );
    succeeded(finished);
    expect(finished.stderr).toContain('net.onnx does not say how images come to its size');
    const { options, result, data } = JSON.parse(await readFile(file('head', 'run.json'), 'utf8'));
    expect(options.from).toMatchObject({
      name: 'net.onnx',
      trainable: 'head',
      reading: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25], imageSize: [SIDE, SIDE] },
    });
    expect(data.imageShape).toMatchObject({ height: SIDE, width: SIDE });
    expect(result.testAccuracy).toBeGreaterThan(0.6);
    const before = await startingModel(file('net.onnx'), { mean: [0.5], std: [0.25] });
    const bytes = await readFile(file('head', 'model.onnx'));
    const after = trainedNetwork(decodeModel(bytes), 'head');
    expect(after.weights.get('backbone/pw.weight')).toEqual(before.weights.get('backbone/pw.weight'));
    expect(after.weights.get('head/bias')).toHaveLength(2);
  });

  it('trains all layers, or the last ones, at rates that fall towards the input', async () => {
    const what = ['--from', 'net.onnx', '--data', 'images', '--epochs', '1', '--limit', '16'];
    succeeded(await run('train', ...what, '--trainable', 'last:2', '--out', 'last'));
    const before = await startingModel(file('net.onnx'));
    const after = trainedNetwork(decodeModel(await readFile(file('last', 'model.onnx'))), 'last');
    for (const [name, isTrained] of [
      ['stem.weight', false],
      ['dw.weight', false],
      ['pw.weight', true],
    ] as const) {
      const [own, first] = [after, before].map(({ weights }) => weights.get(`backbone/${name}`));
      if (isTrained) expect(own, name).not.toEqual(first);
      else expect(own, name).toEqual(first);
    }
    succeeded(await run('train', ...what, '--trainable', 'all', '--out', 'all'));
    const { options } = JSON.parse(await readFile(file('all', 'run.json'), 'utf8'));
    const rates = options.optimizer.groups.map(
      (group: {
        parameters: string[];
        optimizer: { learningRate: { schedule: { initialLearningRate: number } } };
      }) => [[group.parameters].flat()[0], group.optimizer.learningRate.schedule.initialLearningRate],
    );
    expect(rates[0][0]).toBe('head/*');
    expect(rates.slice(1).map(([name]: [string]) => name)).toEqual([
      'backbone/stem.weight',
      'backbone/dw.weight',
    ]);
    expect(rates[1][1]).toBeLessThan(rates[2][1]);
  });

  it('refuses more layers than there are, and options that a model of Harrier says itself', async () => {
    const last = await run('train', '--from', 'net.onnx', '--data', 'images', '--trainable', 'last:99');
    expect(sentenceOf(last)).toMatch(
      /the model has fewer layers with weights: expected last:1 to last:4, or all, received last:99/,
    );
    const mean = await run('train', '--from', 'head', '--data', 'images', '--mean', '0.5');
    expect(sentenceOf(mean)).toMatch(/states its own preprocessing and class names: mean cannot be given/);
    const size = await run('train', '--from', 'net.onnx', '--data', 'images', '--image-size', '32');
    expect(sentenceOf(size)).toMatch(
      /this model takes images of one size: expected 12 × 12, received 32 × 32/,
    );
    expect(sentenceOf(await run('train', '--mean', '0.5'))).toMatch(
      /^--mean: it tells how a model of another program/,
    );
  });

  it('a run that is begun again reads the same network, whatever lies beside the file by then', async () => {
    const first = await startingModel(file('open.onnx'), { imageSize: 16, mean: [0.4] });
    await writeFile(
      file('preprocessor_config.json'),
      JSON.stringify({ size: { height: 24, width: 24 }, image_mean: [0.1], image_std: [0.2] }),
    );
    try {
      const { name, hash, reading } = first;
      const again = await sameStartingModel({
        name,
        path: file('open.onnx'),
        hash,
        trainable: 'head',
        reading,
      });
      expect(again.network.config()).toEqual(first.network.config());
      expect(again.weights).toEqual(first.weights);
      expect((await startingModel(file('open.onnx'))).network.inputShape).toEqual([24, 24, 3]);
    } finally {
      await writeFile(file('preprocessor_config.json'), '{}');
    }
  });
});

describe('a classifier of another program', () => {
  it('predicts by its labels, or else by numbers', async () => {
    const named = await run('predict', IMAGE, '--model', 'net.onnx', '--labels', 'labels.txt', '--json');
    succeeded(named);
    const [{ predictions }] = JSON.parse(named.stdout);
    expect(['leaf', 'stone', 'water', 'sand', 'moss']).toContain(predictions[0].label);
    const numbered = await run('predict', 'net.onnx', IMAGE, '--json', '--top', '5');
    const [{ predictions: all }] = JSON.parse(numbered.stdout);
    expect(all.map(({ label }: { label: string }) => label).sort()).toEqual(
      Array.from({ length: CLASSES }, (_, i) => `class ${i}`),
    );
    expect(all[0].probability).toBeCloseTo(predictions[0].probability, 6);
  });

  it('is evaluated, explained, exported in 8 bits and summarized', async () => {
    const model = ['--labels', 'labels.txt'];
    const evaluated = await run('evaluate', 'net.onnx', '--data', 'five', ...model, '--json');
    // Its classes are in another order than a folder's.
    expect(evaluated.code).toBe(0);
    expect(JSON.parse(evaluated.stdout).total).toBe(20);
    const explained = await run('explain', 'net.onnx', IMAGE, '--out', 'why', ...model);
    expect(explained.stdout).toMatch(/^images\/leaf\/0\.png: \w+ [\d.]+% {2}→ {2}why\/0\.png\n$/);
    const small = await run('export', 'net.onnx', '--format', 'onnx-int8', '--out', 'small.onnx', ...model);
    expect(small.code).toBe(0);
    const [own, theirs] = await Promise.all(
      [['small.onnx'], ['net.onnx', ...model]].map(async (words) =>
        JSON.parse((await run('predict', words[0], IMAGE, '--json', ...words.slice(1))).stdout),
      ),
    );
    expect(own[0].predictions[0].label).toBe(theirs[0].predictions[0].label);
    const summary = await run('summary', 'open.onnx', '--image-size', '32');
    succeeded(summary);
    expect(summary.stdout).toMatch(/Conv\) +│ \(N, 8, 16, 16\)/);
    expect(summary.stdout).toContain('Total params:');
  });

  it('is exported without being told where to, beside its source', async () => {
    const said = await run('export', 'net.onnx', '--format', 'onnx', '--labels', 'labels.txt', '--json');
    expect([said.code, JSON.parse(said.stdout).file]).toEqual([0, file('net-harrier.onnx')]);
    const predicted = await run('predict', 'net-harrier.onnx', IMAGE, '--json');
    succeeded(predicted);
    expect(['leaf', 'stone', 'water', 'sand', 'moss']).toContain(
      JSON.parse(predicted.stdout)[0].predictions[0].label,
    );
  });

  it('is published from two files, with views', async () => {
    const whole = encodeModel(classifier('Gemm, transposed', { size: [SIDE, SIDE] }));
    const { model, weights } = withExternalWeights(whole, 'two.onnx.data');
    await writeFile(file('two.onnx'), model);
    await writeFile(file('two.onnx.data'), weights);
    succeeded(
      await run(
        ...['export', 'two.onnx', '--format', 'npm', '--name', 'two', '--tta', 'flip'],
        ...['--labels', 'labels.txt'],
      ),
    );
  });

  it('takes images of the size that is said, where it leaves that open', async () => {
    const size = ['--image-size', '16', '--labels', 'labels.txt'];
    const usual = await run('predict', 'open.onnx', IMAGE, '--json');
    expect(usual.stderr).toContain('224 × 224 is assumed (--image-size)');
    const other = await run('predict', 'open.onnx', IMAGE, '--json', ...size);
    expect([other.code, other.stderr]).toEqual([0, expect.not.stringContaining('any size')]);
    expect(JSON.parse(other.stdout)[0].predictions[0].probability).not.toBe(
      JSON.parse(usual.stdout)[0].predictions[0].probability,
    );
    expect((await run('export', 'open.onnx', '--format', 'onnx', '--out', 'sized.onnx', ...size)).code).toBe(
      0,
    );
    const { graph } = decodeModel(await readFile(file('sized.onnx')));
    expect(graph.inputs[0].shape.slice(1)).toEqual([16, 16, 3]);
    const evaluated = await run('evaluate', 'open.onnx', '--data', 'five', '--json', ...size);
    expect([evaluated.code, JSON.parse(evaluated.stdout).total]).toEqual([0, 20]);
    const watched = await run(
      'watch',
      'open.onnx',
      '--data',
      'five',
      '--against',
      'images',
      '--json',
      ...size,
    );
    expect([watched.code, JSON.parse(watched.stdout).images]).toEqual([0, 60]);
    expect(watched.stderr).toContain('open.onnx does not say how its pixels are scaled');
    expect(sentenceOf(await run('predict', 'head', IMAGE, '--image-size', '64'))).toMatch(
      /a model of Harrier takes images of one size, .*: expected 12 × 12, received 64 × 64\. .* \(--image-size\)\.$/,
    );
  });

  it('is refused in one sentence where it does not fit', async () => {
    const labels = await run('predict', IMAGE, '--model', 'net.onnx', '--labels', 'few.txt');
    expect(sentenceOf(labels)).toBe(
      'net.onnx: these are labels for another number of classes: expected 5, received 2. Give a file with one name a line, in the order of the scores.',
    );
    const own = await run('predict', 'head', IMAGE, '--labels', 'few.txt');
    expect(sentenceOf(own)).toMatch(
      /a model of Harrier states its own .*: labels cannot be given\. Leave it out\.$/,
    );
    const rows = imageModel((graph, image) => graph.op('GlobalAveragePool', [image]));
    const [input] = rows.graph.inputs;
    const text = { ...rows, graph: { ...rows.graph, inputs: [{ ...input, shape: ['N', 77] }] } };
    await writeFile(file('text.onnx'), encodeModel(text));
    expect(sentenceOf(await run('predict', 'text.onnx', IMAGE))).toMatch(
      /^text\.onnx: this is no model of images/,
    );
  });
});
