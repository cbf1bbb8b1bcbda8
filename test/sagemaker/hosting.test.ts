import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { harrier, sentenceOf, start, workplace, writeImages } from '../cli/harrier.ts';
import { PROGRAM } from '../program.ts';
import { policyOf, runAllowed } from './allowed.ts';
import { botocore } from './botocore.ts';
import { FakeAws, ROLE } from './fake/fake.ts';

// Endpoints in their further forms, the registry and transform jobs on lines, on the fake SageMaker with our containers.

let fake: FakeAws;
let place: { path: string; remove: () => Promise<void> };
const at = (...parts: string[]) => join(place.path, ...parts);
const sagemaker = (...args: string[]) => runAllowed(fake, place.path, args);
const deploy = (...args: string[]) => sagemaker('deploy', 'run', '--role', ROLE, ...args);
const alarms = () => [...fake.monitoring.alarms.keys()];
const lastSent = (operation: string) =>
  fake.captured.findLast((each) => each.operation === operation)?.request ?? {};

/** One red pixel as a bitmap of 24 bits. */
function redBmp(): Uint8Array {
  const bytes = new Uint8Array(58);
  bytes.set([0x42, 0x4d, 58], 0);
  bytes.set([54, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24], 10);
  bytes.set([0, 0, 255], 54);
  return bytes;
}

beforeAll(async () => {
  place = await workplace();
  fake = await FakeAws.start();
  await writeImages(at('images'), { perClass: 6 });
  await harrier(['train', '--data', 'images', '--epochs', '1', '--out', 'run'], { cwd: place.path });
});
afterAll(async () => {
  await fake.close();
  await place.remove();
});

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd';
const NETWORK = ['--subnets', 'subnet-0a1,subnet-0b2', '--security-groups', 'sg-0c3', '--network-isolation'];
const VPC = { VpcConfig: { SecurityGroupIds: ['sg-0c3'], Subnets: ['subnet-0a1', 'subnet-0b2'] } };

describe('an asynchronous endpoint', () => {
  const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:answers';

  it('scales to zero, is in a VPC, and encrypts', async () => {
    const { code, stdout, stderr } = await deploy(
      ...['--name', 'bulk', '--async', '--concurrency', '8', '--notify', TOPIC, '--autoscale', '0..4'],
      ...[...NETWORK, '--kms-key', KEY, '--tag', 'team=vision', '--tag', 'cost=a b'],
    );
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('bulk: 0 to 4 × ml.m7i.large');
    const folder = 's3://sagemaker-eu-west-1-123456789012/harrier/async/bulk';
    expect(lastSent('CreateEndpointConfig')).toMatchObject({
      KmsKeyId: KEY,
      AsyncInferenceConfig: {
        ClientConfig: { MaxConcurrentInvocationsPerInstance: 8 },
        OutputConfig: {
          S3OutputPath: `${folder}/output`,
          S3FailurePath: `${folder}/failures`,
          KmsKeyId: KEY,
          NotificationConfig: { SuccessTopic: TOPIC, ErrorTopic: TOPIC },
        },
      },
    });
    expect(lastSent('CreateModel')).toMatchObject({
      ...VPC,
      EnableNetworkIsolation: true,
      Tags: [{ Key: 'harrier' }, { Key: 'team', Value: 'vision' }, { Key: 'cost', Value: 'a b' }],
    });
    const archive = lastSent('CreateModel').PrimaryContainer.ModelDataUrl.replace('s3://', '');
    expect(fake.world.s3.keysOf.get(archive)).toBe(KEY);
    expect([...fake.world.policies.values()].map(({ PolicyType: type }) => type)).toEqual([
      'TargetTrackingScaling',
      'StepScaling',
    ]);
    expect(alarms()).toEqual(['harrier-bulk-from-zero']);
  });

  it('starts a machine for a request, answers as the model does here, and leaves nothing in S3', async () => {
    await fake.hosting.scaleToZero('bulk');
    await writeFile(at('notes.txt'), 'no image');
    const before = fake.world.s3.keys('');
    const asked = await sagemaker('predict', 'bulk', 'images/cat/0.png', 'notes.txt', '--json');
    const here = await harrier(['predict', 'run', 'images/cat/0.png', '--json'], { cwd: place.path });
    expect(asked.code).toBe(1);
    expect(sentenceOf(asked)).toMatch(/notes\.txt: the endpoint answered 400: .*not an image/);
    const [answer, refused] = JSON.parse(asked.stdout);
    const [local] = JSON.parse(here.stdout);
    expect(answer.predictions[0].label).toBe(local.predictions[0].label);
    expect(answer.predictions[0].probability).toBeCloseTo(local.predictions[0].probability, 6);
    expect(refused.error).toContain('not an image');
    expect(fake.world.s3.keys('')).toEqual(before);
  });

  it('says when no answer comes in time', async () => {
    await fake.hosting.scaleToZero('bulk');
    const alarm = fake.monitoring.alarms.get('harrier-bulk-from-zero')!;
    fake.monitoring.alarms.clear();
    const asked = await sagemaker('predict', 'bulk', 'images/cat/0.png', '--timeout', '0.2s');
    fake.monitoring.alarms.set('harrier-bulk-from-zero', alarm);
    expect(asked.code).toBe(1);
    expect(sentenceOf(asked)).toMatch(/0\.png: the endpoint has not answered: .*wait longer with --timeout/);
  });

  it('still has its request when nobody waits any longer', async () => {
    const alarm = fake.monitoring.alarms.get('harrier-bulk-from-zero')!;
    fake.monitoring.alarms.clear();
    const before = fake.world.s3.keys('').length;
    const asking = start(['sagemaker', 'predict', 'bulk', 'images/cat/0.png'], {
      cwd: place.path,
      environment: fake.environment,
    });
    await expect.poll(() => fake.world.s3.keys('').length, { timeout: 60_000 }).toBe(before + 1);
    asking.process.kill('SIGINT');
    const { code, stderr } = await asking.finished;
    fake.monitoring.alarms.set('harrier-bulk-from-zero', alarm);
    expect([code, stderr]).toEqual([130, expect.stringContaining('bulk still answers what it was asked')]);
    expect(fake.world.s3.keys('')).toHaveLength(before + 1);
  });

  it('goes away with its alarm and its policies', async () => {
    const { code, stderr } = await sagemaker('delete', 'bulk');
    expect(code, stderr).toBe(0);
    expect([alarms(), fake.world.policies.size, fake.hosting.models.size]).toEqual([[], 0, 0]);
  });
});

describe('an update', () => {
  const SAFE = ['--name', 'safe', '--instances', '2', '--max-errors', '5', '--max-latency', '800'];

  it('of a new endpoint has no traffic to move, but its alarms are there', async () => {
    const { code, stderr } = await deploy(...SAFE, '--canary', '50%:10m', '--capture', '100%');
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('safe is new, so there is no traffic to move in parts.');
    expect(alarms()).toEqual(['harrier-safe-errors', 'harrier-safe-latency']);
    expect(fake.monitoring.alarms.get('harrier-safe-latency')!.request).toMatchObject({
      ExtendedStatistic: 'p95',
      Threshold: 800_000,
      Dimensions: [
        { Name: 'EndpointName', Value: 'safe' },
        { Name: 'VariantName', Value: 'all' },
      ],
    });
  });

  it('gives a part of the traffic first, and says so', async () => {
    const { code, stdout, stderr } = await deploy(...SAFE, '--canary', '50%:10m', '--capture', '100%');
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('The new model serves on 50% of the machines for 10 min');
    expect(stdout).toContain('alarms goes off: harrier-safe-errors, harrier-safe-latency');
    expect(stderr).toMatch(/safe: Updating, moving traffic to the new model\nsafe: Updating, watching/);
    expect(lastSent('UpdateEndpoint').DeploymentConfig).toEqual({
      BlueGreenUpdatePolicy: {
        TrafficRoutingConfiguration: {
          Type: 'CANARY',
          WaitIntervalInSeconds: 600,
          CanarySize: { Type: 'CAPACITY_PERCENT', Value: 50 },
        },
        TerminationWaitInSeconds: 0,
        MaximumExecutionTimeoutInSeconds: 4800,
      },
      AutoRollbackConfiguration: {
        Alarms: [{ AlarmName: 'harrier-safe-errors' }, { AlarmName: 'harrier-safe-latency' }],
      },
    });
  });

  it('keeps the machines that there are where nobody names a number', async () => {
    const [name, safe, , , ...alarms] = SAFE;
    const { code, stdout, stderr } = await deploy(
      name,
      safe,
      ...alarms,
      '--canary',
      '50%:10m',
      '--capture',
      '100%',
    );
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^safe: 2 × ml\./m);
    expect(lastSent('CreateEndpointConfig').ProductionVariants[0].InitialInstanceCount).toBe(2);
  });

  it('in parts needs several machines, which is said before anything is made', async () => {
    const before = fake.captured.length;
    const finished = await deploy('--name', 'odd', '--canary', '10%:5m');
    expect([finished.code, sentenceOf(finished)]).toEqual([
      2,
      expect.stringMatching(/^--canary: .*on so few machines: expected two machines or more: --instances 2/),
    ]);
    const asked = fake.captured.slice(before).map(({ operation }) => operation);
    expect(asked.filter((operation) => !/^(Describe|List|Get)/.test(operation))).toEqual([]);
  });

  it('is rolled back by an alarm, which is named', async () => {
    const before = fake.hosting.endpoints.get('safe')!.EndpointConfigName;
    const tags = () => fake.world.tags.get(fake.hosting.endpoints.get('safe')!.EndpointArn);
    const expiry = tags()?.find(({ Key }) => Key === 'harrier:expires');
    fake.hosting.tripped.add('harrier-safe-errors');
    const limits = () =>
      [...fake.monitoring.alarms.values()].map(({ request }) => [request.AlarmName, request.Threshold]);
    const limitsBefore = limits();
    const failed = await deploy(...SAFE, '--max-errors', '500', '--linear', '50%:1m', '--expires', '1h');
    fake.hosting.tripped.clear();
    // The model of before stays for as long as it was to.
    expect(tags()?.find(({ Key }) => Key === 'harrier:expires')).toEqual(expiry);
    expect(limits()).toEqual(limitsBefore);
    expect(failed.code).toBe(1);
    expect(sentenceOf(failed)).toMatch(
      /^safe: the update was rolled back to the previous model: One or more .* \(on: harrier-safe-errors\)/,
    );
    expect(fake.hosting.endpoints.get('safe')!.EndpointConfigName).toBe(before);
    expect([fake.hosting.configs.size, fake.hosting.models.size]).toEqual([1, 1]);
  });

  it('keeps what it was asked, for watch; the same command again keeps nothing twice', async () => {
    await writeFile(at('red.bmp'), redBmp());
    const asked = ['images/cat/0.png', 'images/dog/1.png', 'red.bmp'];
    expect((await sagemaker('predict', 'safe', ...asked)).code).toBe(0);
    const { code, stdout, stderr } = await sagemaker('captured', 'safe', 'seen', '--since', '1h');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(
      /^3 images in seen\.\n {2}npx harrier watch MODEL --data .\/photos --against seen\n$/,
    );
    const files = await readdir(at('seen'));
    const kept = files.filter((name) => /\.(png|bmp)$/.test(name)).map((name) => readFile(at('seen', name)));
    const sent = asked.map((path) => readFile(at(path)));
    expect((await Promise.all(kept)).sort(Buffer.compare)).toEqual(
      (await Promise.all(sent)).sort(Buffer.compare),
    );
    const [line] = (await readFile(at('seen', 'captured.jsonl'), 'utf8')).split('\n');
    expect(JSON.parse(line)).toMatchObject({ answer: { predicted_label: expect.any(String) } });
    const again = await sagemaker('captured', 'safe', 'seen', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ images: 0, known: 3, others: 0 });
  });

  it('gets an image again whose line could not be written', async () => {
    // A folder takes no line, whoever runs this.
    const list = at('later', 'captured.jsonl');
    await mkdir(list, { recursive: true });
    const failed = await sagemaker('captured', 'safe', 'later');
    expect([failed.code, await readdir(at('later'))], failed.stderr).toEqual([1, ['captured.jsonl']]);
    await rm(list, { recursive: true });
    const { code, stdout, stderr } = await sagemaker('captured', 'safe', 'later', '--json');
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ images: 3, known: 0 });
    const lines = (await readFile(list, 'utf8')).trim().split('\n');
    const files = lines.map((line) => JSON.parse(line).file);
    expect((await readdir(at('later'))).sort()).toEqual(['captured.jsonl', ...files].sort());
  });

  it('is not begun while its alarm is on, or with one that is not there', async () => {
    const loud = await deploy(...SAFE);
    expect(sentenceOf(loud)).toMatch(/^harrier-safe-errors: this alarm is on already/);
    const missing = await deploy('--name', 'safe', '--alarm', 'my alarm');
    expect(sentenceOf(missing)).toMatch(/^my alarm: there is no such CloudWatch alarm/);
    expect([loud.code, missing.code, fake.hosting.models.size]).toEqual([1, 1, 1]);
  });

  it('that is refused leaves no alarm that was not there before', async () => {
    const before = alarms();
    const bare = ['--name', 'bare', '--instances', '1'];
    expect((await deploy(...bare)).code).toBe(0);
    fake.denied.set('UpdateEndpoint', 'not authorized to perform: sagemaker:UpdateEndpoint');
    const refused = await deploy(...bare, '--max-errors', '500');
    fake.denied.clear();
    expect([refused.code, lastSent('PutMetricAlarm').AlarmName]).toEqual([1, 'harrier-bare-errors']);
    expect(alarms()).toEqual(before);
    expect((await sagemaker('delete', 'bare')).code).toBe(0);
  });

  it.each(['CreateEndpoint', 'UpdateEndpoint', 'CreateModel', 'CreateEndpointConfig'])(
    'goes on where the answer to %s is lost',
    async (operation) => {
      fake.lost.add(operation);
      const before = fake.captured.length;
      const { code, stderr } = await deploy('--name', 'lost', '--instances', '1');
      expect(code, stderr).toBe(0);
      expect(fake.lost.has(operation)).toBe(false);
      const asked = fake.captured.slice(before).filter((each) => each.operation === operation);
      expect(asked).toHaveLength(2);
      const config = lastSent('CreateEndpointConfig').EndpointConfigName;
      expect(
        fake.captured.some(
          (each) => each.operation === 'DeleteEndpointConfig' && each.request.EndpointConfigName === config,
        ),
      ).toBe(false);
    },
  );
});

describe('the registry', () => {
  it('takes a model with its accuracy, which must be approved before it is deployed', async () => {
    const added = await sagemaker('registry', 'add', 'run', '--group', 'parts', '--description', 'first');
    expect(added.code, added.stderr).toBe(0);
    expect(added.stdout).toContain('Registered as parts/1, waiting for approval.');
    const { ModelMetrics: metrics, CustomerMetadataProperties: notes } = lastSent('CreateModelPackage');
    const report = fake.world.s3.objects.get(metrics.ModelQuality.Statistics.S3Uri.replace('s3://', ''))!;
    const { accuracy } = JSON.parse(report.toString()).multiclass_classification_metrics;
    expect(notes).toMatchObject({ source: 'run', accuracy: accuracy.value.toFixed(4) });
    const early = await sagemaker('deploy', 'registry:parts/1', '--role', ROLE, '--name', 'line');
    expect(sentenceOf(early)).toMatch(/^parts\/1: this version of the model is not approved/);
    const none = await sagemaker('deploy', 'registry:parts', '--role', ROLE, '--name', 'line');
    expect(sentenceOf(none)).toMatch(/^parts: no version of this model is approved/);
    await sagemaker('registry', 'add', 'run', '--group', 'parts', '--approve');
    await sagemaker('registry', 'approve', 'parts/1');
    expect((await sagemaker('registry', 'reject', 'parts/2')).stdout).toContain('parts/2 is rejected.');
    const { stdout } = await sagemaker('registry', 'list', 'parts');
    expect(stdout).toMatch(
      /^parts\/2 {2}rejected {2}.*\nparts\/1 {2}approved {2}.* UTC {2}accuracy [\d.]+%, run, first\n$/,
    );
  });

  it('deploys the newest approved version', async () => {
    const { code, stderr } = await sagemaker('deploy', 'registry:parts', '--role', ROLE, '--name', 'line');
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('registry:parts is version 1.');
    expect(lastSent('CreateModel').PrimaryContainer).toEqual({
      ModelPackageName: fake.world.arn('model-package', 'parts/1'),
    });
    expect((await sagemaker('predict', 'line', 'images/dog/1.png')).code).toBe(0);
  });

  it('removes versions, then the model', async () => {
    const busy = await sagemaker('registry', 'remove', 'parts');
    expect(sentenceOf(busy)).toMatch(/^parts: this model has versions\. Remove them first: .* parts\/2$/);
    const { code, stderr } = await sagemaker('registry', 'remove', 'parts/1', 'parts/2', 'parts');
    expect(code, stderr).toBe(0);
    expect([fake.registry.groups.size, fake.registry.packages.size]).toEqual([0, 0]);
    const gone = await sagemaker('registry', 'list', 'parts');
    expect(sentenceOf(gone)).toMatch(/^parts: there is no such model in the registry/);
  });
});

it('classifies a folder by lines, many images in a request; a line that is no image spoils no other', async () => {
  fake.world.s3.buckets.set('mine', 'eu-west-1');
  await mkdir(at('photos', 'a'), { recursive: true });
  await writeFile(at('photos', 'a', '1.png'), await readFile(at('images', 'cat', '0.png')));
  await writeFile(at('photos', '2.png'), await readFile(at('images', 'dog', '0.png')));
  await writeFile(at('photos', 'bad.png'), 'no image');
  const { code, stdout, stderr } = await sagemaker('transform', 'line', 'photos', 's3://mine/out', '--wait');
  expect(code, stderr).toBe(0);
  // AWS ends no transform job by itself.
  expect(stdout).toMatch(/^1 × ml\.\S+ \(.*\), billed by the second until the job ends\. Prices: /m);
  expect(stdout).toContain('a line for each image in the .out files in s3://mine/out');
  expect(lastSent('CreateTransformJob')).toMatchObject({
    BatchStrategy: 'MultiRecord',
    TransformInput: { SplitType: 'Line', ContentType: 'application/jsonlines' },
    TransformOutput: { AssembleWith: 'Line', Accept: 'application/jsonlines;verbose' },
  });
  const [key, ...others] = fake.world.s3.keys('mine/out');
  expect([key, others]).toEqual(['mine/out/part-00000.jsonl.out', []]);
  const lines = fake.world.s3.objects
    .get(key)!
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ id }) => id)).toEqual(['2.png', 'a/1.png', 'bad.png']);
  expect(lines[2].error).toContain('not an image');
  const here = await harrier(['predict', 'run', 'photos/2.png', 'photos/a/1.png', '--json'], {
    cwd: place.path,
  });
  const local = JSON.parse(here.stdout).map(
    ({ predictions }: { predictions: { label: string }[] }) => predictions[0].label,
  );
  expect(lines.slice(0, 2).map(({ predicted_label: label }) => label)).toEqual(local);
});

it.skipIf(process.platform === 'win32')(
  'packs no folder for which there is no room, and says so',
  async () => {
    await mkdir(at('temporary'));
    await mkdir(at('roll'));
    for (let i = 0; i < 60; i++) await writeFile(at('roll', `${i}.png`), Buffer.alloc(10_000));
    const args = ['sagemaker', 'transform', 'line', 'roll', 's3://mine/roll'];
    // No file may grow beyond 512 kB.
    const command = ['-c', 'ulimit -f 1000; exec "$0" "$@"', process.execPath, PROGRAM, ...args];
    const env = { ...process.env, ...fake.environment, TMPDIR: at('temporary'), HARRIER_CACHE: at('cache') };
    const failed = await promisify(execFile)('sh', command, { cwd: place.path, env }).catch((error) => error);
    expect([failed.code, sentenceOf(failed)]).toEqual([
      1,
      expect.stringMatching(
        /part-00000\.jsonl: the file is larger than this process may write .*set TMPDIR to another folder\.$/,
      ),
    ]);
    expect((await readdir(at('temporary'))).filter((name) => name.includes('records'))).toEqual([]);
  },
);

it.each<[string, string[], RegExp]>([
  [
    'zero machines that answer at once',
    ['--autoscale', '0..2'],
    /^--autoscale: this endpoint cannot scale to zero.*--async/,
  ],
  [
    'a canary without a time',
    ['--canary', '10%'],
    /^--canary: this says not how the traffic moves: expected .*20%:5m/,
  ],
  ['a canary of nearly all', ['--instances', '4', '--canary', '80%:5m'], /^--canary: .*few machines/],
  [
    'canary and linear',
    ['--canary', '10%:5m', '--linear', '10%:5m'],
    /^--canary and --linear cannot be combined/,
  ],
  [
    'an update that takes all day',
    ['--instances', '10', '--linear', '10%:1h'],
    /^--linear: the update would take longer .*at most 7 hours .*received 10 hours/,
  ],
  [
    'steps that are too small',
    ['--instances', '40', '--linear', '5%:5m'],
    /LinearStepSize\.Value: .*at least 10/,
  ],
  ['subnets alone', ['--subnets', 'subnet-0a1'], /^--subnets needs --security-groups/],
  [
    'a subnet that is none',
    ['--subnets', 'mine', '--security-groups', 'sg-1'],
    /Subnets\[0\]: .*subnet-0123.*received "mine"/,
  ],
  ['a tag that is none', ['--tag', 'team'], /^--tag: this is not a tag: expected key=value/],
  ['a reserved tag', ['--tag', 'harrier:expires=x'], /^--tag: this tag is reserved/],
  ['a topic that is none', ['--async', '--notify', 'answers'], /SuccessTopic: .*arn:aws:sns/],
  [
    'serverless and asynchronous',
    ['--serverless', '--async'],
    /^--serverless and --async cannot be combined/,
  ],
  ['capture of more than all', ['--capture', '120'], /^--capture: /],
])('refuses %s before AWS is asked', async (_, args, sentence) => {
  const sent = fake.captured.length;
  const finished = await deploy('--name', 'odd', ...args);
  expect([finished.code, fake.captured.length]).toEqual([2, sent]);
  expect(sentenceOf(finished)).toMatch(sentence);
});

it('puts no serverless endpoint where the settings demand a network', async () => {
  await mkdir(at('strict'), { recursive: true });
  const settings = { role: ROLE, networkIsolation: true, tags: { team: 'vision' } };
  await writeFile(at('strict', 'harrier.sagemaker.mjs'), `export default ${JSON.stringify(settings)};`);
  const { environment } = fake;
  const refused = await harrier(['sagemaker', 'deploy', '../run', '--serverless'], {
    cwd: at('strict'),
    environment,
  });
  expect(refused.code).toBe(2);
  expect(sentenceOf(refused)).toMatch(
    /^--serverless: .*received networkIsolation in harrier\.sagemaker\.mjs/,
  );
});

it('stops and follows with the rights for that', async () => {
  expect(sentenceOf(await sagemaker('stop', 'nothing'))).toMatch(/^nothing: there is no such job/);
  const { code, stdout, stderr } = await sagemaker('logs', 'line');
  expect([code, stdout], stderr).toEqual([0, expect.stringContaining('"ready"')]);
});

it('is refused what a policy lacks', async () => {
  fake.policy = policyOf('predict');
  const { environment } = fake;
  const refused = await harrier(['sagemaker', 'list'], { cwd: place.path, environment });
  expect(refused.code).toBe(1);
  expect(sentenceOf(refused)).toMatch(/not authorized to perform: sagemaker:List\w+ on resource: \*/);
});

it('sent nothing but what botocore would send', (context) => {
  const wrong = botocore(fake.captured);
  if (wrong === undefined)
    return context.skip('python3 with botocore is not here: test/sagemaker/requirements.txt');
  expect(wrong).toEqual([]);
});
