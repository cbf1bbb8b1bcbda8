/** Data of training jobs that is more than class folders: images of several labels, label corrections. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { trainOptionsOf } from '../../src/cli/sagemaker/hyperparameters.ts';
import { decodeModel } from '../../src/onnx/index.ts';
import { newRun } from '../../src/platform/node/runs/new-run.ts';
import { ContainerPaths } from '../../src/sagemaker/container/paths.ts';
import { trainInContainer } from '../../src/sagemaker/container/train.ts';
import { workplace, writeImage, writeImages } from '../cli/harrier.ts';
import { type ContainerJob, containerFolder } from './container.ts';

let place: { path: string; remove: () => Promise<void> };
const folders: { remove: () => Promise<void> }[] = [];

beforeAll(async () => {
  place = await workplace();
  vi.stubEnv('HARRIER_CACHE', join(place.path, 'cache'));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await Promise.all(folders.map((folder) => folder.remove()));
  await place.remove();
});

/** @param epochs after which the job is stopped */
async function train(job: ContainerJob, epochs?: number) {
  const folder = await containerFolder(job);
  folders.push(folder);
  let done = 0;
  const position = await trainInContainer(new ContainerPaths({ SAGEMAKER_BASE_DIR: folder.base }), {
    optionsOf: async (given, data) => newRun({ ...trainOptionsOf(given), data }),
    log: (line) => {
      done += Number(line.includes('epoch='));
    },
    interrupted: () => done === epochs,
  });
  return { folder, position };
}

describe('images of several labels', () => {
  it('a stopped job leaves a model that gives an image several of them', async () => {
    const images = join(place.path, 'several');
    const lines: string[] = [];
    for (let i = 0; i < 36; i++) {
      await writeImage(join(images, `${i}.png`), 8, i % 3, i);
      lines.push(`${i}.png,${['a;b', 'b', ''][i % 3]}`);
    }
    await writeFile(join(images, 'labels.csv'), `file,tags\n${lines.join('\n')}\n`);
    const hyperparameters = { 'multi-label': 'true', epochs: '9', 'batch-size': '8' };
    const { folder, position } = await train({ hyperparameters, channels: { train: images } }, 1);
    expect(position?.epoch).toBe(1);
    const { graph, metadata } = decodeModel(await readFile(folder.path('model/model.onnx')));
    expect(metadata).toMatchObject({
      'harrier.stopped': 'after 1 of 9 epochs',
      'harrier.labelThresholds': '[0.5,0.5]',
    });
    const last = graph.nodes.find(({ outputs }) => outputs.includes('probabilities'));
    expect(last?.opType).toBe('Sigmoid');
  });
});

describe('label corrections', () => {
  it('count in the channels beside others too', async () => {
    const [images, others] = await Promise.all(
      ['corrected', 'others'].map((name) => writeImages(join(place.path, name), { perClass: 6 })),
    );
    const mark = (folder: string, marks: object) =>
      writeFile(join(folder, 'harrier-marks.json'), JSON.stringify({ format: 1, images: marks }));
    await mark(images, { 'cat/0.png': { label: 'dog' }, 'ship/1.png': { excluded: true } });
    await mark(others, { 'dog/2.png': { label: 'ship' } });
    const job = { hyperparameters: { epochs: '1', 'batch-size': '8' } };
    const { folder } = await train({ ...job, channels: { training: images, val: others } });
    const recordIn = async (path: string) => JSON.parse(await readFile(path, 'utf8'));
    const { data } = await recordIn(folder.path('checkpoints/run.json'));
    expect(data.marks).toEqual({
      train: { relabelled: 1, excluded: 1 },
      test: { relabelled: 1, excluded: 0 },
      images: {
        'training/cat/0.png': { label: 'dog' },
        'training/ship/1.png': { excluded: true },
        'val/dog/2.png': { label: 'ship' },
      },
    });
    const hyperparameters = { ...job.hyperparameters, marks: 'none' };
    const without = await train({ hyperparameters, channels: { training: images, val: others } });
    const { data: uncorrected } = await recordIn(without.folder.path('checkpoints/run.json'));
    expect([uncorrected.train.images, uncorrected.marks]).toEqual([data.train.images + 1, undefined]);
  });
});
