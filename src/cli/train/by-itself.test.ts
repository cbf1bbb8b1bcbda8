import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeImages } from '../../../test/cli/harrier.ts';
import { catalogueEntry, DEFAULT_BACKBONE } from '../../backbones/index.ts';
import { modelCache, recordModel } from '../../platform/node/backbones/model-cache.ts';
import type { TrainOptions } from '../../platform/node/runs/new-run.ts';
import { chooseByItself } from './by-itself.ts';

let place: string;
const at = (name: string) => join(place, name);

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'by-itself-'));
  await writeImages(at('photos'), { perClass: 3, side: 90 });
  await writeImages(at('small'), { perClass: 3, side: 20 });
});
afterAll(() => rm(place, { recursive: true }));

const offline = () => ({ environment: { HARRIER_CACHE: at('empty'), HF_HUB_OFFLINE: '1' } });

describe('chooseByItself', () => {
  /** A place for models that has the pretrained network. */
  const withNetwork = async () => {
    const cache = { HARRIER_CACHE: at('cache') };
    const folder = join(modelCache(cache), 'one');
    const [source] = catalogueEntry(DEFAULT_BACKBONE)!.sources;
    if (source.kind !== 'hub') throw new Error('the first source is the hub');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'model.onnx'), 'weights');
    await recordModel(folder, {
      address: `hf:${source.repository}`,
      path: source.file,
      revision: source.revision ?? 'main',
      file: 'model.onnx',
      sha256: '00',
      bytes: 7,
      fetched: '2026-01-01T00:00:00.000Z',
    });
    return { environment: { ...cache, HF_HUB_OFFLINE: '1' } };
  };

  it('takes a pretrained network for photos, and says so', async () => {
    const typed = ['train', '--data', at('photos')];
    const { given, sentence } = await chooseByItself({ data: at('photos') }, typed, await withNetwork());
    expect(given).toEqual({
      data: at('photos'),
      from: DEFAULT_BACKBONE,
      words: [...typed, '--from', DEFAULT_BACKBONE],
    });
    expect(sentence).toMatch(
      /^Photos of 90 pixels .*: taking --from \S+\. Choose otherwise with --from MODEL, or --recipe/,
    );
  });

  it('trains all its layers where an option of training by steps is given', async () => {
    const steps: TrainOptions[] = [
      ...([
        { epochs: 3 },
        { batchSize: 8 },
        { learningRate: 0.001 },
        { optimizer: 'Adam' },
      ] as TrainOptions[]),
      ...([{ sampling: 'balanced' }, { earlyStopping: 3 }, { microBatch: 8 }] as TrainOptions[]),
    ];
    for (const option of steps) {
      const own = await chooseByItself({ data: at('photos'), ...option }, ['train'], await withNetwork());
      expect(own.given).toEqual({
        data: at('photos'),
        ...option,
        from: DEFAULT_BACKBONE,
        trainable: 'all',
        words: ['train', '--from', DEFAULT_BACKBONE, '--trainable', 'all'],
      });
    }
    const { sentence } = await chooseByItself(
      { data: at('photos'), batchSize: 8 },
      ['train'],
      await withNetwork(),
    );
    expect(sentence).toContain('and --trainable all for the sake of --batch-size.');
    // Who says which part learns gets that.
    const { given } = await chooseByItself(
      { data: at('photos'), epochs: 3, trainable: 'last:2' },
      ['train'],
      await withNetwork(),
    );
    expect(given).toMatchObject({ from: DEFAULT_BACKBONE, trainable: 'last:2' });
  });

  it('takes it beside a device and a size that is one of photos', async () => {
    for (const option of [{ device: 'gpu' }, { imageSize: 160 }] as TrainOptions[]) {
      const { given } = await chooseByItself(
        { data: at('photos'), ...option },
        ['train'],
        await withNetwork(),
      );
      expect(given).toMatchObject({ ...option, from: DEFAULT_BACKBONE });
      expect(given.trainable).toBeUndefined();
    }
  });

  it('says that options of recipes leave it out', async () => {
    for (const [option, words] of [
      [{ set: ['width=16'] }, '--set is an option of recipes'],
      [{ imageSize: 48 }, 'A pretrained network sees too little in images of 48 pixels'],
    ] as [TrainOptions, string][]) {
      const given = { data: at('photos'), ...option };
      const own = await chooseByItself(given, ['train'], await withNetwork());
      expect(own.given).toEqual(given);
      expect(own.sentence).toMatch(words);
      expect(own.sentence).toContain(`--from ${DEFAULT_BACKBONE}`);
    }
  });

  it('trains from scratch where none can be had, and says what would be better', async () => {
    const { given, sentence } = await chooseByItself({ data: at('photos') }, ['train'], offline());
    expect([given.from, given.recipe, given.words]).toEqual([
      undefined,
      'quick',
      ['train', '--recipe', 'quick'],
    ]);
    expect(sentence).toContain(`npx harrier models fetch ${DEFAULT_BACKBONE}`);
  });

  it('chooses beside options that say nothing of the network', async () => {
    for (const others of [{ augment: [] }, { resize: 'crop' }, { tta: 'flip' }] as TrainOptions[]) {
      const { given } = await chooseByItself({ data: at('photos'), ...others }, ['train'], offline());
      expect(given).toMatchObject({ recipe: 'quick', ...others });
    }
    for (const part of [{ head: 'centroid' }, { trainable: 'all' }] as TrainOptions[]) {
      const own = chooseByItself({ data: at('photos'), ...part }, ['train'], offline());
      await expect(own).rejects.toThrow(DEFAULT_BACKBONE);
    }
  });

  it.each([
    ['small images', { data: 'small' }],
    ['CIFAR-10', {}],
    ['CIFAR-10 by name', { data: 'cifar10' }],
    ['a recipe', { data: 'photos', recipe: 'standard' }],
    ['a run that is resumed', { data: 'photos', resume: 'latest' }],
    ['a folder that there is not', { data: 'nothing' }],
  ])('leaves %s alone', async (_, { data, ...others }: { data?: string; [option: string]: unknown }) => {
    const given = { ...others, ...(data && { data: data === 'cifar10' ? data : at(data) }) };
    expect(await chooseByItself(given, ['train'], offline())).toEqual({ given });
  });
});
