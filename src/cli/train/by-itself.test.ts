import { mkdtemp, rm, writeFile } from 'node:fs/promises';
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
  it('takes a pretrained network for photos, and says so', async () => {
    const cache = { HARRIER_CACHE: at('cache') };
    const folder = join(modelCache(cache), 'one');
    const [source] = catalogueEntry(DEFAULT_BACKBONE)!.sources;
    if (source.kind !== 'hub') throw new Error('the first source is the hub');
    await writeImages(folder, { perClass: 1, side: 4 });
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
    const typed = ['train', '--data', at('photos')];
    const { given, sentence } = await chooseByItself({ data: at('photos') }, typed, {
      environment: { ...cache, HF_HUB_OFFLINE: '1' },
    });
    expect(given.from).toBe(DEFAULT_BACKBONE);
    expect(given.words).toEqual([...typed, '--from', DEFAULT_BACKBONE]);
    expect(sentence).toMatch(
      /^Photos of 90 pixels .*: taking --from .* Choose otherwise with --from MODEL, or --recipe/,
    );
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
    const head = chooseByItself({ data: at('photos'), head: 'centroid' }, ['train'], offline());
    await expect(head).rejects.toThrow(DEFAULT_BACKBONE);
  });

  it.each([
    ['small images', { data: 'small' }],
    ['CIFAR-10', {}],
    ['CIFAR-10 by name', { data: 'cifar10' }],
    ['a recipe', { data: 'photos', recipe: 'standard' }],
    ['options of training by steps', { data: 'photos', epochs: 3 }],
    ['a size of its own', { data: 'photos', imageSize: 48 }],
    ['a run that is resumed', { data: 'photos', resume: 'latest' }],
    ['a folder that there is not', { data: 'nothing' }],
  ])('leaves %s alone', async (_, { data, ...others }: { data?: string; [option: string]: unknown }) => {
    const given = { ...others, ...(data && { data: data === 'cifar10' ? data : at(data) }) };
    expect(await chooseByItself(given, ['train'], offline())).toEqual({ given });
  });
});
