import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeImage, writeImages } from '../../../../test/cli/harrier.ts';
import { resumedFineTuning } from '../../../runs/fine-tuning-after.ts';
import { newRun } from './new-run.ts';
import { newRecord, prepareAgain, prepareRun } from './prepare-run.ts';

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'harrier-prepare-'));
  await writeImages(join(place, 'images', 'train'), { perClass: 10, side: 12 });
});
afterAll(() => rm(place, { recursive: true, force: true }));

describe('a cross-validation of images in a training part alone', () => {
  const fold = async (held: number) => {
    const { options } = await newRun({ data: join(place, 'images'), epochs: 1, fold: { count: 3, held } });
    return options;
  };

  it('divides all images, and goes on with those that it began with', async () => {
    const options = await fold(1);
    const run = await prepareRun(options);
    expect(run.data.pool!.images).toBe(30);
    const again = await prepareAgain(newRecord(run, 'train'), options, {});
    expect(again.run.data).toEqual(run.data);
  });

  it('goes on as it began where it set a test part aside', async () => {
    const options = await fold(1);
    const before = await prepareRun(options, { rules: 2 });
    expect(before.data.pool!.images).toBeLessThan(30);
    const again = await prepareAgain(newRecord(before, 'train'), options, {});
    expect(again.run.data).toEqual(before.data);
    const second = await prepareRun(await fold(2), { rules: before.data.rules });
    expect(second.data.pool).toEqual(before.data.pool);
  });
});

describe('validation images of a run on images in groups', () => {
  it('are about the fraction asked for; runs of before go on with theirs', async () => {
    const data = join(place, 'grouped');
    for (const [label, name] of ['cat', 'dog'].entries()) {
      for (let i = 0; i < 20; i++)
        await writeImage(join(data, 'train', name, `${name}${Number(i < 18)}-${i}.png`), 12, label, i);
      await writeImage(join(data, 'test', name, 'x.png'), 12, label, 20);
    }
    const { options: whole } = await newRun({ data, epochs: 1, seed: 1, groupBy: '([a-z]+\\d)-' });
    const options = { ...whole, validationSplit: 0.1 };
    const run = await prepareRun(options);
    expect([run.data.rules, run.data.validation!.images]).toEqual([4, 4]);
    const before = await prepareRun(options, { rules: 3 });
    expect(before.data.validation!.images).toBeGreaterThan(18);
    const again = await prepareAgain(newRecord(before, 'train'), options, {});
    expect(again.run.data).toEqual(before.data);
    // So does the fine-tuning after a head that was fitted before.
    const head = await prepareRun(whole, { rules: 3 });
    const record = { options, network: head.network.config() };
    const tuned = await resumedFineTuning(head, record, undefined);
    expect(tuned.data.validation).toEqual(before.data.validation);
  });
});

describe('a fraction of the images that is kept for testing', () => {
  it("is the run's, which goes on with it; a run that names none has a fifth", async () => {
    const data = join(place, 'images');
    const { options } = await newRun({ data, epochs: 1, testSplit: 0.4 });
    expect(options.testSplit).toBe(0.4);
    const run = await prepareRun(options);
    const usual = await prepareRun({ ...options, testSplit: undefined });
    expect(run.test.size).toBeGreaterThan(usual.test.size);
    const again = await prepareAgain(newRecord(run, 'train'), options, {});
    expect(again.run.data).toEqual(run.data);
    const { options: old } = await newRun({ data, epochs: 1 });
    expect(old).not.toHaveProperty('testSplit');
    expect((await prepareRun(old)).data).toEqual(usual.data);
    // Data that has got a test part since has changed: the option is not to blame.
    const record = newRecord(run, 'train');
    await writeImages(join(data, 'test'), { perClass: 1, side: 12 });
    await expect(prepareAgain(record, options, {})).rejects.toThrow(
      /the data has changed since the run began/,
    );
    await expect(prepareRun(options)).rejects.toThrow(/this data has test images of its own/);
    await rm(join(data, 'test'), { recursive: true });
  });
});
