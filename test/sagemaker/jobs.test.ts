import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { create } from 'tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { harrier, sentenceOf, start, workplace, writeImages } from '../cli/harrier.ts';
import { botocore } from './botocore.ts';
import { FakeAws, ROLE } from './fake/fake.ts';

// Jobs on the fake SageMaker that do not go the straight way, and requests that AWS or we refuse.

let fake: FakeAws;
let place: { path: string; remove: () => Promise<void> };
const environment = () => fake.environment;
const sagemaker = (args: readonly string[], changed: Record<string, string> = {}) =>
  harrier(['sagemaker', ...args, '--poll', '0.1'], {
    cwd: place.path,
    environment: { ...environment(), ...changed },
  });
const TRAIN = ['train', '--role', ROLE, '--data', 'images', '--batch-size', '8'];

beforeAll(async () => {
  place = await workplace();
  fake = await FakeAws.start();
  await writeImages(join(place.path, 'images'), { perClass: 10 });
});
afterAll(async () => {
  await fake.close();
  await place.remove();
});

describe('a job under way', () => {
  it('goes on when the user stops waiting, and is told how to follow and stop it', async () => {
    const args = ['sagemaker', ...TRAIN, '--epochs', '5000', '--name', 'patience', '--wait', '--poll', '0.1'];
    const running = start(args, { cwd: place.path, environment: environment() });
    await running.says('epoch=2;');
    running.process.kill('SIGINT');
    const { code, stderr } = await running.finished;
    expect(code).toBe(130);
    expect(stderr).toMatch(
      /The job continues\. Follow it: npx harrier sagemaker logs patience --follow\nStop it: npx harrier sagemaker stop patience\n$/,
    );
    expect(fake.training.jobs.get('patience')!.TrainingJobStatus).toBe('InProgress');
  });

  it('is stopped, and leaves a model; who waits does not take that for success', async () => {
    const waiting = sagemaker(['logs', 'patience', '--follow']);
    expect((await sagemaker(['stop', 'patience'])).stdout).toContain('patience is stopping');
    const { code, stderr } = await waiting;
    expect([code, stderr]).toEqual([1, expect.stringContaining('patience was stopped (Stopped)')]);
    const job = fake.training.jobs.get('patience')!;
    const archive = fake.world.s3.objects.get(job.ModelArtifacts.S3ModelArtifacts.replace('s3://', ''))!;
    expect(archive.length).toBeGreaterThan(1000);
    const again = await sagemaker(['stop', 'patience']);
    expect(sentenceOf(again)).toMatch(/rejected because the training job is in status Stopped/);
  });

  it('whose spot machine is taken away goes on where it was', async () => {
    const args = [...TRAIN, '--epochs', '30', '--name', 'spot', '--spot', '--max-wait', '2h', '--wait'];
    fake.training.interrupt('spot', 'epoch=3;');
    const { code, stdout, stderr } = await sagemaker(args);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/Interrupted: .*\nRestarting: /);
    expect(stdout.match(/^epoch=1;/gm)).toHaveLength(1);
    expect(stdout).toContain('epoch=30;');
    // It may run no longer than it may wait, and costs no more than that.
    const limits = { MaxRuntimeInSeconds: 7200, MaxWaitTimeInSeconds: 7200 };
    expect(fake.training.jobs.get('spot')!.StoppingCondition).toEqual(limits);
    expect(stdout).toContain('at most 2 h 00 min each');
  });

  it('that fails shows the sentence of its container', async () => {
    fake.world.s3.buckets.set('mine', 'eu-west-1');
    fake.world.s3.objects.set('mine/train/only/a.txt', Buffer.from('no image'));
    const { code, ...finished } = await sagemaker([
      ...['train', '--role', ROLE, '--data', 's3://mine/train', '--name', 'hopeless', '--wait'],
    ]);
    expect(code).toBe(1);
    expect(sentenceOf(finished)).toMatch(
      /^hopeless: the job failed: AlgorithmError: .*the folder has one class/,
    );
  });

  it('is begun once where the answer to its request is lost, and a name of another job is still refused', async () => {
    fake.lost.add('CreateTrainingJob');
    const { code, stdout, stderr } = await sagemaker([...TRAIN, '--epochs', '1', '--wait', '--json']);
    expect(code, stderr).toBe(0);
    expect(fake.lost.size).toBe(0);
    expect(stdout).toContain('"Completed"');

    fake.lost.add('CreateTrainingJob');
    const named = await sagemaker([...TRAIN, '--name', 'hopeless']);
    expect(sentenceOf(named)).toContain('this name is taken');
    fake.lost.clear();
  });

  it('of many settings finds the best of them', async () => {
    const { code, stdout, stderr } = await sagemaker([
      ...['tune', ...TRAIN.slice(1), '--epochs', '2', '--tune', 'learning-rate=0.00001..0.05:log'],
      ...['--tune', 'seed=1..9', '--jobs', '2', '--wait', '--json'],
    ]);
    expect(code, stderr).toBe(0);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ status: 'Completed', MetricName: 'validation:accuracy' });
    const { tuningJob } = result;
    expect(tuningJob.length).toBeLessThanOrEqual(32);
    const { ParameterRanges: ranges } = fake.training.tuning.get(tuningJob)!.HyperParameterTuningJobConfig;
    expect(ranges.ContinuousParameterRanges).toEqual([
      { Name: 'learning-rate', MinValue: '0.00001', MaxValue: '0.05', ScalingType: 'Logarithmic' },
    ]);
    expect(ranges.IntegerParameterRanges).toMatchObject([{ Name: 'seed', MinValue: '1', MaxValue: '9' }]);
  });
});

it('sends options of several words as they were typed, and no validation split of its own beside another', async () => {
  const given = ['--augment', 'flip,cutout=2', '--class-weight', 'cat=2', '--resolution', '1:8'];
  const { code, stderr } = await sagemaker([
    ...['tune', ...TRAIN.slice(1), ...given, '--set', 'validationSplit=0.2', '--epochs', '1'],
    ...['--tune', 'seed=1,2', '--jobs', '1', '--name', 'words'],
  ]);
  expect(code, stderr).toBe(0);
  expect(stderr).not.toContain('--validation-split 0.1');
  const { TrainingJobDefinition: definition } = fake.training.tuning.get('words')!;
  // What went up before lies there under another key: it goes up again.
  const grid = await sagemaker([
    ...['tune', ...TRAIN.slice(1, -2), '--epochs', '1', '--strategy', 'Grid', '--name', 'grid'],
    ...['--tune', 'batch-size=8,16', '--tune', 'optimizer=SGD,Adam', '--kms-key', 'mine'],
  ]);
  expect([grid.code, grid.stdout]).toEqual([0, expect.stringContaining('Started grid: 4 jobs, ')]);
  const addressOf = ({ InputDataConfig: [channel] }: typeof definition) =>
    channel.DataSource.S3DataSource.S3Uri;
  const sealed = addressOf(fake.training.tuning.get('grid')!.TrainingJobDefinition);
  expect([sealed, addressOf(definition)]).toEqual([
    expect.stringMatching(/\/harrier\/data\/images-[0-9a-f]{8}\//),
    expect.stringMatching(/\/harrier\/data\/images\//),
  ]);
  expect(definition.StaticHyperParameters).toEqual({
    'batch-size': '8',
    augment: 'flip,cutout=2',
    'class-weight': 'cat=2',
    resolution: '1:8',
    set: 'validationSplit=0.2',
    epochs: '1',
  });
});

describe('an endpoint with autoscaling', () => {
  const steady = (...args: string[]) => ['deploy', 'patience', '--role', ROLE, '--name', 'steady', ...args];
  const scaling = () => {
    const { MinCapacity, MaxCapacity } = fake.world.scaling.get('endpoint/steady/variant/all') ?? {};
    return [MinCapacity, MaxCapacity, fake.world.policies.size];
  };
  const config = () => fake.hosting.endpoints.get('steady')!.EndpointConfigName;

  it('keeps it when an update is refused', async () => {
    const { code, stderr } = await sagemaker(steady('--autoscale', '1..2'));
    expect(code, stderr).toBe(0);
    const before = config();
    fake.denied.set('UpdateEndpoint', 'not authorized to perform: sagemaker:UpdateEndpoint');
    const refused = await sagemaker(steady('--expires', '1h'));
    fake.denied.clear();
    expect([refused.code, sentenceOf(refused)]).toEqual([1, expect.stringContaining('UpdateEndpoint')]);
    expect(scaling()).toEqual([1, 2, 1]);
    expect([config(), fake.hosting.configs.size, fake.hosting.models.size]).toEqual([before, 1, 1]);
    const tags = fake.world.tags.get(fake.world.arn('endpoint', 'steady'))!;
    expect(tags.map(({ Key }) => Key)).toEqual(['harrier']);
  });

  it('is updated and scales even if it cannot be tagged, which is said', async () => {
    const before = config();
    fake.denied.set('AddTags', 'not authorized to perform: sagemaker:AddTags');
    const untagged = await sagemaker(steady('--expires', '1h'));
    fake.denied.clear();
    expect(untagged.code).toBe(1);
    expect(sentenceOf(untagged)).toMatch(
      /^steady: the new model is deployed, but the endpoint could not be tagged: not authorized .*AddTags\. The endpoint has no expiry/,
    );
    expect(scaling()).toEqual([1, 2, 1]);
    expect(fake.hosting.endpoints.get('steady')!.EndpointStatus).toBe('InService');
    expect([...fake.hosting.configs.keys()]).toEqual([config()]);
    expect(config()).not.toBe(before);
  });

  it('serves on for good when an update says nothing of an end', async () => {
    const tags = () => fake.world.tags.get(fake.world.arn('endpoint', 'steady'))!.map(({ Key }) => Key);
    expect((await sagemaker(steady('--expires', '1h'))).code).toBe(0);
    expect(tags()).toEqual(['harrier', 'harrier:expires']);
    const { code, stderr } = await sagemaker(steady());
    expect(code, stderr).toBe(0);
    expect(tags()).toEqual(['harrier']);
  });

  it('is listed when somebody has made its expiry no date', async () => {
    const arn = fake.world.arn('endpoint', 'steady');
    fake.world.tag(arn, [{ Key: 'harrier:expires', Value: 'tomorrow' }]);
    const { code, stdout, stderr } = await sagemaker(['list']);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(
      /^endpoint +steady +InService .* its tag harrier:expires is no date: "tomorrow"$/m,
    );
    expect((await sagemaker(['delete', '--expired'])).stdout).toContain('No endpoint has expired.');
    fake.world.untag(arn, ['harrier:expires']);
  });

  it('has it again when the user stops waiting for an update', async () => {
    const args = ['sagemaker', ...steady(), '--poll', '0.1'];
    const running = start(args, { cwd: place.path, environment: environment() });
    await running.says('steady: Updating');
    running.process.kill('SIGINT');
    const { code, stderr } = await running.finished;
    expect(code).toBe(130);
    expect(stderr).toContain('steady is still being updated');
    expect(scaling()).toEqual([1, 2, 1]);
    while (fake.world.work.size > 0) await sleep(20);
    expect((await sagemaker(['delete', 'steady'])).code).toBe(0);
  });
});

it('deletes what has expired although one of it cannot be deleted', async () => {
  for (const name of ['first', 'second']) {
    const deployed = await sagemaker([
      'deploy',
      'patience',
      '--role',
      ROLE,
      '--name',
      name,
      '--expires',
      '1s',
    ]);
    expect(deployed.code, deployed.stderr).toBe(0);
  }
  // Both are over, whatever the clock says.
  for (const name of ['first', 'second']) {
    fake.world.tag(fake.world.arn('endpoint', name), [
      { Key: 'harrier:expires', Value: '2026-01-01T00:00:00Z' },
    ]);
  }
  fake.hosting.kept.add('second');
  const { code, stdout, stderr } = await sagemaker(['delete', '--expired', '--json']);
  fake.hosting.kept.clear();
  expect(code).toBe(1);
  expect(stderr).toMatch(/error: .*Cannot delete second/);
  expect(JSON.parse(stdout)).toMatchObject({
    first: { endpoint: true },
    second: { error: expect.any(String) },
  });
  expect([...fake.hosting.endpoints.keys()]).toEqual(['second']);
  expect((await sagemaker(['delete', 'second'])).code).toBe(0);
});

it('sends nothing to a bucket of the default name that is a stranger’s', async () => {
  const bucket = 'sagemaker-eu-west-1-123456789012';
  const before = fake.world.s3.keys('').length;
  fake.world.s3.owners.set(bucket, '999999999999');
  const finished = await sagemaker([...TRAIN, '--name', 'astray']);
  fake.world.s3.owners.clear();
  expect(finished.code).toBe(1);
  expect(sentenceOf(finished)).toMatch(
    /^s3:\/\/sagemaker-.*: this bucket belongs to another account.*--bucket/,
  );
  expect(fake.world.s3.keys('')).toHaveLength(before);
});

it('ends an upload at the first file that cannot go up: no others follow, and no parts are left', async () => {
  const { s3 } = fake.world;
  const folder = join(place.path, 'many');
  await mkdir(join(folder, 'cat'), { recursive: true });
  // Goes up in parts.
  await writeFile(join(folder, 'a.bin'), Buffer.alloc(17 * 2 ** 20));
  for (let i = 0; i < 200; i++) await writeFile(join(folder, 'cat', `${i}.png`), `${i}`);
  const sent = () => s3.keys('').filter((path) => path.includes('/data/many/'));
  s3.refused = /\/data\/many\/.*\/cat\/0\.png$/;
  const args = ['sagemaker', 'train', '--role', ROLE, '--data', 'many'];
  const { code, stderr } = await start(args, { cwd: place.path, environment: environment() }).finished;
  s3.refused = undefined;
  expect([code, sentenceOf({ stderr })]).toEqual([1, expect.stringContaining('Access Denied')]);
  expect(sent().length).toBeLessThan(100);
  expect([s3.aborted, sent().filter((path) => path.endsWith('a.bin'))]).toEqual([1, []]);
});

describe('what AWS refuses, in one sentence', () => {
  it.each<[string, () => Promise<unknown> | unknown, string[], Record<string, string>, RegExp]>([
    [
      'no credentials',
      () => {},
      TRAIN,
      { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' },
      /^no AWS credentials were found\. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or sign in with: aws sso login/,
    ],
    [
      'credentials that are none',
      () => {},
      TRAIN,
      { AWS_ACCESS_KEY_ID: 'AKIAWRONG' },
      /^AWS does not accept these credentials.*Set AWS_ACCESS_KEY_ID/,
    ],
    ['no region', () => {}, ['list'], { AWS_REGION: '' }, /^no AWS region is set\. Give one with --region/],
    [
      'an address where nobody is',
      () => {},
      ['list'],
      { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' },
      /^AWS cannot be reached \(ECONNREFUSED\)/,
    ],
    [
      'no right to start jobs',
      () =>
        fake.denied.set(
          'CreateTrainingJob',
          'User: arn:aws:iam::1:user/me is not authorized to perform: sagemaker:CreateTrainingJob',
        ),
      TRAIN,
      {},
      /^AWS refuses this: User: arn:aws:iam::1:user\/me is not authorized to perform: sagemaker:CreateTrainingJob\. Ask/,
    ],
    [
      'a role that cannot be assumed',
      () => fake.denied.clear(),
      [...TRAIN, '--role', 'NobodysRole'],
      {},
      /^AWS says: Could not assume role arn:aws:iam::123456789012:role\/NobodysRole\./,
    ],
    [
      'a bucket in another region',
      () => fake.world.s3.buckets.set('far-away', 'us-west-2'),
      [...TRAIN, '--test', 's3://far-away/test'],
      {},
      /^s3:\/\/far-away: this bucket and the job are in different regions: expected eu-west-1, received us-west-2\. .*--region us-west-2/,
    ],
    [
      'a bucket that is not there',
      () => {},
      [...TRAIN, '--bucket', 'no-such'],
      {},
      /^s3:\/\/no-such: there is no such bucket\./,
    ],
    [
      'a name that is taken',
      () => {},
      [...TRAIN, '--name', 'patience'],
      {},
      /^this name is taken, or it is busy: Training job names must be unique.*Take another name/,
    ],
    [
      'a machine without quota',
      () => fake.world.withoutQuota.add('ml.c7i.48xlarge'),
      [...TRAIN, '--instance-type', 'ml.c7i.48xlarge'],
      {},
      /^the account has no quota for this: The account-level service limit .*Take another --instance-type/,
    ],
    [
      'an image that nobody pushed',
      () => {},
      [...TRAIN, '--image', 'other:1'],
      {},
      /other:1: this image is not in the registry\. Build and push it/,
    ],
    [
      'an image in OCI format',
      () => fake.world.images.set('oci:1', 'application/vnd.oci.image.manifest.v1+json'),
      [...TRAIN, '--image', 'oci:1'],
      {},
      /oci:1: SageMaker does not accept images in OCI format: expected a Docker image/,
    ],
    [
      'a job that is not there',
      () => {},
      ['deploy', 'nothing', '--role', ROLE],
      {},
      /^nothing: there is neither a run folder nor a SageMaker job/,
    ],
    [
      'an endpoint that is not there',
      () => {},
      ['delete', 'nothing'],
      {},
      /^nothing: there is no such endpoint\./,
    ],
    [
      'nothing to ask',
      () => {},
      ['predict', 'nothing', 'images/cat/0.png'],
      {},
      /Endpoint nothing of account not found/,
    ],
    ['no log', () => {}, ['logs', 'nothing'], {}, /^nothing: there is no such job or endpoint\./],
  ])('%s', async (_, before, args, changed, sentence) => {
    await before();
    const finished = await sagemaker(args, changed);
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(sentence);
  });

  it('an endpoint that does not come into service: nothing of it is left', async () => {
    const { world, hosting } = fake;
    world.s3.buckets.set('mine', 'eu-west-1');
    fake.training.jobs.set('empty', {
      TrainingJobName: 'empty',
      TrainingJobStatus: 'Completed',
      ModelArtifacts: { S3ModelArtifacts: 's3://mine/empty/model.tar.gz' },
    });
    // An archive without a model.
    const archive = join(place.path, 'other.tar.gz');
    await create({ cwd: place.path, file: archive, gzip: true }, ['images/cat/0.png']);
    world.s3.objects.set('mine/empty/model.tar.gz', await readFile(archive));
    const finished = await sagemaker(['deploy', 'empty', '--role', ROLE, '--name', 'void']);
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(
      /^void: the endpoint could not be started \(Failed\): The primary container/,
    );
    while (fake.world.work.size > 0) await sleep(20);
    expect([hosting.endpoints.size, hosting.configs.size, hosting.models.size]).toEqual([0, 0, 0]);
    expect((await sagemaker(['logs', 'void'])).stdout).toContain('the model archive contains no model.onnx');
  });
});

describe('what is wrong before AWS is asked: exit code 2, and no request', () => {
  it.each<[string, string[], RegExp]>([
    [
      'no role',
      ['train', '--data', 'images'],
      /^--role: SageMaker needs a role: expected its ARN or its name/,
    ],
    ['no data', ['train', '--role', ROLE], /^--data: there is no training data: expected cifar10, a folder/],
    [
      'an unknown recipe',
      [...TRAIN, '--recipe', 'keras-cn'],
      /^unknown recipe "keras-cn"\. Did you mean "keras-cnn"/,
    ],
    [
      'a name with a line under it',
      [...TRAIN, '--name', 'my_job'],
      /TrainingJobName: .*single hyphens.*received "my_job"/,
    ],
    [
      'a duration without a unit',
      [...TRAIN, '--max-run', '3600'],
      /^--max-run: .*expected a time, such as 90s, 1h30m or 2d, received "3600"/,
    ],
    [
      'waiting for a job that does not wait',
      [...TRAIN, '--max-wait', '2h'],
      /^--max-wait needs --spot\. Limit the time of other jobs with --max-run/,
    ],
    [
      'a job that may wait for a shorter time than it may run',
      [...TRAIN, '--spot', '--max-run', '3h', '--max-wait', '2h'],
      /^--max-wait: this is shorter than --max-run, which it includes: expected at least 3 h 00 min, received 2 h 00 min/,
    ],
    [
      'many such jobs',
      ['tune', ...TRAIN.slice(1), '--tune', 'epochs=1..3', '--max-wait', '2h'],
      /^--max-wait needs --spot/,
    ],
    ['a folder for a job in AWS', [...TRAIN, '--out', 'here'], /^--out needs --local\. .* S3/],
    ['nothing to tune', ['tune', ...TRAIN.slice(1)], /^--tune: there is nothing to tune/],
    [
      'an unknown setting to tune',
      ['tune', ...TRAIN.slice(1), '--tune', 'learning-rat=1..2'],
      /^unknown hyperparameter "learning-rat"\. Did you mean "learning-rate"/,
    ],
    [
      'a range the wrong way round',
      ['tune', ...TRAIN.slice(1), '--tune', 'epochs=9..3'],
      /^--tune: this names no setting to tune/,
    ],
    [
      'tuned and fixed, under other names',
      ['tune', ...TRAIN.slice(1), '--learning-rate', '0.1', '--tune', 'learningRate=0.1..0.2'],
      /^--learning-rate: this is fixed and tuned at once\. Leave out one/,
    ],
    [
      'tuned, and fixed as a setting',
      ['tune', ...TRAIN.slice(1), '--set', 'learningRate=0.1', '--tune', 'learning-rate=0.1..0.2'],
      /^--learning-rate: this is fixed and tuned at once\. Leave out one/,
    ],
    [
      'tuned twice',
      ['tune', ...TRAIN.slice(1), '--tune', 'seed=1..9', '--tune', 'seed=10,11'],
      /^--seed: this is tuned twice\. Leave out one/,
    ],
    [
      'several seeds',
      [...TRAIN, '--seeds', '3'],
      /^--seeds: a job trains one model, with one seed\. Start a job/,
    ],
    ['a value of several words', [...TRAIN, '--augment', 'flip,nonsense'], /nonsense/],
    [
      'serverless machines',
      ['deploy', 'x', '--role', ROLE, '--serverless', '--autoscale', '1..4'],
      /^--serverless and --autoscale cannot be combined/,
    ],
    [
      'a number of serverless machines',
      ['deploy', 'x', '--role', ROLE, '--serverless', '--instances', '4'],
      /^--serverless and --instances cannot be combined/,
    ],
    [
      'requests at once that nothing counts',
      ['deploy', 'x', '--role', ROLE, '--concurrency', '4'],
      /^--concurrency needs --serverless or --async/,
    ],
    [
      'a range of machines',
      ['deploy', 'x', '--autoscale', '4..1'],
      /^--autoscale: this is not a range of machines/,
    ],
    [
      'a local job on S3',
      [...TRAIN.slice(0, 3), '--data', 's3://mine/train', '--local'],
      /^with --local, the data must be on this machine/,
    ],
    [
      'Hyperband without epochs',
      ['tune', ...TRAIN.slice(1), '--tune', 'learning-rate=0.001..0.1', '--strategy', 'Hyperband'],
      /Strategy: .*expected --epochs for Hyperband/,
    ],
    [
      'Grid over a range',
      ['tune', ...TRAIN.slice(1), '--tune', 'learning-rate=0.001..0.1', '--strategy', 'Grid'],
      /Strategy: .*expected lists of values only for Grid/,
    ],
    [
      'a reverse logarithmic scale above one',
      ['tune', ...TRAIN.slice(1), '--tune', 'learning-rate=0.001..1.5:reverse-log'],
      /ScalingType: .*below 1 for ReverseLogarithmic, received "learning-rate from 0\.001 to 1\.5"/,
    ],
    [
      'a logarithmic scale from zero',
      ['tune', ...TRAIN.slice(1), '--tune', 'validation-split=0..0.5:log'],
      /ScalingType: .*above 0 for Logarithmic/,
    ],
    [
      'a reverse logarithmic scale of whole numbers',
      ['tune', ...TRAIN.slice(1), '--tune', 'epochs=4..64:reverse-log'],
      /IntegerParameterRanges\[0\]\.ScalingType: .*expected Auto, Linear, Logarithmic/,
    ],
    [
      'a job of more than 28 days',
      [...TRAIN, '--max-run', '60d'],
      /MaxRuntimeInSeconds: .*at most 2419200, received 5184000/,
    ],
    ['a name of two words', [...TRAIN, '--name', 'a b'], /TrainingJobName: .*received "a b"/],
    [
      'a serverless endpoint of a gigabyte and a half',
      ['deploy', 'x', '--role', ROLE, '--serverless', '--memory', '1500', '--name', 'odd'],
      /MemorySizeInMB: .*expected 1024, 2048, .* megabytes, received 1500/,
    ],
    ['a name that no job can have', ['stop', 'a b'], /^name: .*received "a b"/],
    [
      'nothing to delete',
      ['delete'],
      /^there is nothing to delete: expected names of endpoints, or --expired/,
    ],
  ])('%s', async (_, args, sentence) => {
    const sent = () => [fake.captured.length, fake.world.s3.keys('').length];
    const before = sent();
    const finished = await sagemaker(args);
    expect(finished.code).toBe(2);
    expect(sentenceOf(finished)).toMatch(sentence);
    expect(sent()).toEqual(before);
  });

  it.each([
    ['the first of harrier.config.ts', 'mine', []],
    ['one of harrier.config.ts that hides one of Harrier', 'keras-cnn', ['--recipe', 'keras-cnn']],
    ['one in a file', 'mine', ['--recipe', './harrier.config.ts']],
  ])('a recipe that the image lacks: %s', async (which, name, args) => {
    const cwd = join(place.path, which.replaceAll(' ', '-'));
    await mkdir(cwd, { recursive: true });
    await writeFile(
      join(cwd, 'harrier.config.ts'),
      `import { defineRecipe, kerasCnn } from 'harrier';\nexport default defineRecipe({ ...kerasCnn, name: '${name}' });\n`,
    );
    const given = ['sagemaker', 'train', '--data', '../images', '--local', ...args];
    const finished = await harrier(given, { cwd });
    expect(finished.code).toBe(2);
    expect(sentenceOf(finished)).toMatch(
      new RegExp(
        `^harrier\\.config\\.ts: a job cannot train "${name}" of this file, .* with --recipe: .*quick`,
      ),
    );
  });

  it('a processor that the image is not for', async () => {
    const finished = await sagemaker([...TRAIN, '--instance-type', 'ml.c7g.xlarge']);
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(
      /^ml\.c7g\.xlarge: the container image is for x86-64.* ml\.c7i\.xlarge/,
    );
  });
});

it('trains in the same container without AWS', async () => {
  const { code, stdout, stderr } = await sagemaker(
    ['train', '--data', 'images', '--epochs', '1', '--local', '--out', 'here', '--json'],
    { AWS_ACCESS_KEY_ID: '', AWS_ENDPOINT_URL: 'http://127.0.0.1:9' },
  );
  expect(code, stderr).toBe(0);
  expect(stderr).toContain('epoch=1; train:loss=');
  const answer = await harrier(['predict', JSON.parse(stdout).model, 'images/cat/0.png'], {
    cwd: place.path,
  });
  expect(answer.code).toBe(0);
});

it('saves when Ctrl-C ends a job without AWS', async () => {
  const args = ['sagemaker', 'train', '--data', 'images', '--epochs', '400', '--batch-size', '8', '--local'];
  const running = start([...args, '--out', 'halted'], { cwd: place.path, ownGroup: true });
  await running.says('epoch=1;');
  // A terminal sends it to the whole group.
  process.kill(-running.process.pid!, 'SIGINT');
  const { code, stderr } = await running.finished;
  expect([code, stderr]).toEqual([130, expect.stringMatching(/Stopped and saved after step \d+/)]);
  const answer = await harrier(['predict', 'halted/model/model.onnx', 'images/cat/0.png'], {
    cwd: place.path,
  });
  expect(answer.code).toBe(0);
});

it('sent nothing but what botocore would send', (context) => {
  const wrong = botocore(fake.captured);
  if (wrong === undefined)
    return context.skip('python3 with botocore is not here: test/sagemaker/requirements.txt');
  expect(wrong).toEqual([]);
});
