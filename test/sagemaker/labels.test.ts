/** A model that gives images any number of labels, in SageMaker: on the fake one, with our containers. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { harrier, succeeded, workplace, writeImages } from '../cli/harrier.ts';
import { runAllowed } from './allowed.ts';
import { FakeAws, ROLE } from './fake/fake.ts';

let fake: FakeAws;
let place: { path: string; remove: () => Promise<void> };
const sagemaker = (...args: string[]) => runAllowed(fake, place.path, args);

beforeAll(async () => {
  place = await workplace();
  fake = await FakeAws.start();
  const images = await writeImages(join(place.path, 'images'), { perClass: 12 });
  const lines = ['cat', 'dog', 'ship'].flatMap((name) =>
    Array.from({ length: 12 }, (_, i) => `${name}/${i}.png,a;b;c;d;${name === 'ship' ? 'f' : 'e'}`),
  );
  await writeFile(join(images, 'labels.csv'), `file,tags\n${lines.join('\n')}\n`);
  const words = ['--data', 'images/labels.csv', '--multi-label', '--epochs', '6', '--out', 'run'];
  succeeded(await harrier(['train', ...words, '--validation-split', '0'], { cwd: place.path }));
});
afterAll(async () => {
  await fake.close();
  await place.remove();
});

describe('an endpoint', () => {
  it('tells all labels that an image is given, as predict does here', async () => {
    expect((await sagemaker('deploy', 'run', '--role', ROLE, '--name', 'labels')).code).toBe(0);
    const image = 'images/cat/0.png';
    const asked = (...words: string[]) => sagemaker('predict', 'labels', image, ...words);
    const here = (...words: string[]) => harrier(['predict', 'run', image, ...words], { cwd: place.path });
    const [answer] = JSON.parse((await asked('--json')).stdout);
    const [own] = JSON.parse((await here('--json')).stdout);
    expect(answer.labels.length).toBeGreaterThan(3);
    expect([answer.labels, answer.predictions.length]).toEqual([own.labels, 6]);
    expect((await asked()).stdout).toBe((await here()).stdout);
  });
});

describe('the registry', () => {
  it('takes a model with its mean average precision, which is no accuracy', async () => {
    succeeded(await sagemaker('registry', 'add', 'run', '--group', 'labels'));
    const { request } = fake.captured.findLast(({ operation }) => operation === 'CreateModelPackage')!;
    const { result } = JSON.parse(await readFile(join(place.path, 'run/run.json'), 'utf8'));
    expect(request.ModelMetrics).toBeUndefined();
    const { CustomerMetadataProperties: notes } = request;
    expect([notes.mAP, notes.accuracy]).toEqual([result.meanAveragePrecision.toFixed(4), undefined]);
    const { stdout } = await sagemaker('registry', 'list', 'labels');
    expect(stdout).toMatch(/^labels\/1 {2}pending {3}.* UTC {2}mAP [\d.]+%, run\n$/);
  });
});
