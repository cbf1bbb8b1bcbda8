import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { list } from 'tar';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cifar10 } from '../../src/platform/node/datasets/cifar10.ts';
import { cacheDirectory } from '../../src/platform/node/files/cache.ts';
import { harrier, sentenceOf, workplace } from '../cli/harrier.ts';
import { unrunnable } from '../server/serving.ts';
import { runAllowed } from './allowed.ts';
import { botocore } from './botocore.ts';
import { FakeAws } from './fake/fake.ts';

// The whole path on the fake SageMaker, with our containers as processes: train on CIFAR-10, an endpoint, the same
// answers as here, another model, one that cannot be served, and nothing left in the end.

let fake: FakeAws;
let place: { path: string; remove: () => Promise<void> };
let job: string;
const run = (...args: string[]) => runAllowed(fake, place.path, args);
/** A hidden layer of 16 units in place of 512: such models are packed, sent and started sooner. */
const SMALL = ['--set', 'units=16'];
const at = (...parts: string[]) => join(place.path, ...parts);
const probabilitiesOf = (stdout: string): Record<string, number>[] =>
  JSON.parse(stdout).map(({ predictions }: { predictions: { label: string; probability: number }[] }) =>
    Object.fromEntries(predictions.map(({ label, probability }) => [label, probability])),
  );

beforeAll(async () => {
  place = await workplace();
  fake = await FakeAws.start();
  const { train, test } = await cifar10({ cacheDirectory: cacheDirectory() });
  for (const [part, dataset, count] of [['train', train, 320] as const, ['test', test, 60] as const]) {
    const records = Buffer.alloc(count * 3073);
    const pixels = new Uint8Array(3072);
    for (let i = 0; i < count; i++) {
      dataset.gather([i], pixels);
      records[i * 3073] = dataset.labels[i];
      for (let p = 0; p < 1024; p++) {
        for (let c = 0; c < 3; c++) records[i * 3073 + 1 + c * 1024 + p] = pixels[p * 3 + c];
      }
      if (part === 'test' && i < 3) {
        await sharp(pixels, { raw: { width: 32, height: 32, channels: 3 } }).toFile(at(`${i}.png`));
      }
    }
    await mkdir(at('cifar', part), { recursive: true });
    await writeFile(at('cifar', part, 'batch.bin'), records);
  }
  await writeFile(at('harrier.sagemaker.mjs'), `export default { role: 'SageMakerRole' };`);
});
afterAll(async () => {
  await fake.close();
  await place.remove();
});

it('trains on CIFAR-10: states, log, cost and an artefact in S3', async () => {
  const data = ['--data', 'cifar/train', '--test', 'cifar/test', '--epochs', '2', '--batch-size', '32'];
  const { code, stdout, stderr } = await run('train', ...data, ...SMALL, '--spot', '--wait', '--json');
  expect(code, stderr).toBe(0);
  const result = JSON.parse(stdout);
  job = result.job;
  expect(result).toMatchObject({ status: 'Completed', billableSeconds: expect.any(Number) });
  expect(stderr).toMatch(
    /Downloading: .*\n(.*\n)*Training: .*\n(.*\n)*epoch=2; train:loss=.*\n(.*\n)*Uploading/,
  );
  expect(stderr).toMatch(/Training \d+ s, billed \d+ s, [\d.]+% saved by spot capacity\./);
  const archive = fake.world.s3.objects.get(result.model.replace('s3://', ''))!;
  await writeFile(at('model.tar.gz'), archive);
  const names: string[] = [];
  await list({ file: at('model.tar.gz'), onReadEntry: ({ path }) => names.push(path) });
  expect(names.sort()).toEqual(['README.md', 'evaluation.json', 'model.onnx']);
  expect(Object.keys(result.metrics)).toEqual(['train:loss', 'train:accuracy', 'test:loss', 'test:accuracy']);
});

it('uploads the same folder once', async () => {
  const before = fake.world.s3.objects.size;
  const { stdout } = await run('train', '--data', 'cifar/train', '--test', 'cifar/test', '--epochs', '1');
  expect(stdout).toMatch(/Started harrier-train-\d{8}-\d{6}-[0-9a-f]{6}\./);
  expect(fake.world.s3.objects.size).toBe(before);
});

it('deploys the job, and the endpoint answers as the same model does here', async () => {
  const { code, stdout, stderr } = await run(
    'deploy',
    job,
    '--name',
    'birds',
    '--autoscale',
    '1..4',
    '--expires',
    '4h',
  );
  expect(code, stderr).toBe(0);
  expect(
    stdout.indexOf('1 to 4 × ml.m7i.large (general purpose), billed by the second'),
  ).toBeGreaterThanOrEqual(0);
  expect(stdout).toContain('birds is in service.');
  expect(fake.world.scaling.get('endpoint/birds/variant/all')).toMatchObject({
    MinCapacity: 1,
    MaxCapacity: 4,
  });
  const files = [0, 1, 2].map((i) => at(`${i}.png`));
  const there = await run('predict', 'birds', ...files, '--json', '--top', '10');
  expect(there.code, there.stderr).toBe(0);
  await (await import('tar')).extract({ file: at('model.tar.gz'), cwd: place.path });
  const here = await harrier(['predict', 'model.onnx', ...files, '--json', '--top', '10'], {
    cwd: place.path,
  });
  const [local, remote] = [here, there].map(({ stdout: answer }) => probabilitiesOf(answer));
  for (const [i, probabilities] of local.entries()) {
    for (const [label, probability] of Object.entries(probabilities)) {
      expect(remote[i][label]).toBeCloseTo(probability, 6);
    }
  }
});

it('says which file is no image, and answers for the others', async () => {
  await writeFile(at('notes.txt'), 'no image');
  const { code, stdout, stderr } = await run('predict', 'birds', at('0.png'), at('notes.txt'), '--json');
  expect(code).toBe(1);
  expect(sentenceOf({ stderr })).toMatch(/notes\.txt: the endpoint answered 4\d\d: .*not an image/);
  expect(JSON.parse(stdout).map(({ error }: { error?: string }) => error === undefined)).toEqual([
    true,
    false,
  ]);
});

it('changes over to a model of this machine', async () => {
  const train = ['train', '--data', 'cifar', '--epochs', '1', '--validation-split', '0.3', '--reject', '0.9'];
  await harrier([...train, ...SMALL, '--out', 'mine'], { cwd: place.path });
  const before = fake.hosting.endpoints.get('birds')!.EndpointConfigName;
  const { code, stdout, stderr } = await run('deploy', 'mine', '--name', 'birds');
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('birds exists: its model stays in service until the new one is ready');
  expect(stdout).toContain('birds is in service with the new model.');
  expect(fake.hosting.endpoints.get('birds')!.EndpointConfigName).not.toBe(before);
  expect([fake.hosting.configs.size, fake.hosting.models.size]).toEqual([1, 1]);
  expect(fake.world.scaling.get('endpoint/birds/variant/all')).toMatchObject({
    MinCapacity: 1,
    MaxCapacity: 4,
  });
  const asked = [...[0, 1, 2].map((i) => at(`${i}.png`)), '--sets', '0.9', '--json'];
  const there = await run('predict', 'birds', ...asked);
  const here = await harrier(['predict', 'mine', ...asked], { cwd: place.path });
  const [local, remote] = [here, there].map(({ stdout: text }) => JSON.parse(text));
  const details = ({ set, unknown }: { set: string[]; unknown: boolean }) => ({ set, unknown });
  expect(remote.map(details)).toEqual(local.map(details));
  expect(remote[0]).toMatchObject({ set: expect.any(Array), unknown: expect.any(Boolean) });
});

it('tells an update that was rolled back from one that succeeded', async () => {
  const before = { ...fake.hosting.endpoints.get('birds')! };
  await writeFile(at('broken.onnx'), unrunnable(await readFile(at('model.onnx'))));
  const failed = await run('deploy', 'broken.onnx', '--name', 'birds');
  expect(failed.code).toBe(1);
  expect(sentenceOf(failed)).toMatch(
    /^birds: the update was rolled back to the previous model: .*did not pass the ping health check.* npx harrier sagemaker logs birds$/,
  );
  expect(fake.hosting.endpoints.get('birds')).toMatchObject({
    EndpointStatus: 'InService',
    EndpointConfigName: before.EndpointConfigName,
  });
  expect([fake.hosting.configs.size, fake.hosting.models.size]).toEqual([1, 1]);
  expect(fake.world.scaling.size).toBe(1);
  const { code } = await run('predict', 'birds', at('0.png'));
  expect(code).toBe(0);
});

it('classifies every image below an address', async () => {
  await rename(at('notes.txt'), at('notes'));
  for (const i of [0, 1, 2]) fake.world.s3.objects.set(`mine/in/${i}.png`, await readFile(at(`${i}.png`)));
  fake.world.s3.buckets.set('mine', 'eu-west-1');
  const { code, stderr } = await run(
    'transform',
    'birds',
    's3://mine/in',
    's3://mine/out',
    '--instances',
    '2',
    '--wait',
  );
  expect(code, stderr).toBe(0);
  const answers = fake.world.s3.keys('mine/out');
  expect(answers).toEqual(['mine/out/0.png.out', 'mine/out/1.png.out', 'mine/out/2.png.out']);
  expect(JSON.parse(fake.world.s3.objects.get(answers[0])!.toString())).toHaveProperty('predicted_label');
});

it('lists what there is, and warns of what should be gone', async () => {
  const birds = fake.world.arn('endpoint', 'birds');
  // The updates said nothing of an end, so the one of the first deployment is gone.
  expect(fake.world.tags.get(birds)!.map(({ Key }) => Key)).toEqual(['harrier']);
  fake.world.tag(birds, [{ Key: 'harrier:expires', Value: '2999-01-01T00:00:00Z' }]);
  const { stdout } = await run('list');
  expect(stdout).toMatch(/^endpoint +birds +InService .* expires /m);
  expect(stdout).toContain(job);
  fake.world.tag(birds, [{ Key: 'harrier:expires', Value: '2020-01-01T00:00:00Z' }]);
  const { stderr } = await run('list');
  expect(stderr).toMatch(
    /birds should be gone since 2020-01-01 00:00 UTC, and bills: npx harrier sagemaker delete birds/,
  );
});

it('deletes what has expired, and nothing is left', async () => {
  const { code, stdout, stderr } = await run('delete', '--expired', '--json');
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout).birds.endpoint).toBe(true);
  const { endpoints, configs, models } = fake.hosting;
  expect([endpoints.size, configs.size, models.size, fake.world.scaling.size]).toEqual([0, 0, 0, 0]);
});

it('sent nothing but what botocore would send', (context) => {
  const wrong = botocore(fake.captured);
  if (wrong === undefined)
    return context.skip('python3 with botocore is not here: test/sagemaker/requirements.txt');
  expect(wrong).toEqual([]);
});
