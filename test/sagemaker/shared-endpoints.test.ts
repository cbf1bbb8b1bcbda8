import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sentenceOf, workplace } from '../cli/harrier.ts';
import { encode, modelBytes, noise, unrunnable } from '../server/serving.ts';
import { runAllowed } from './allowed.ts';
import { botocore } from './botocore.ts';
import { AwsFailure } from './fake/api.ts';
import { FakeAws, IMAGE, ROLE } from './fake/fake.ts';

// Several models on one endpoint, on the fake SageMaker with our containers: inference components, multi-model endpoints.

let fake: FakeAws;
let place: { path: string; remove: () => Promise<void> };
const at = (...parts: string[]) => join(place.path, ...parts);
const sagemaker = (...args: string[]) => runAllowed(fake, place.path, args);
const deploy = (model: string, ...args: string[]) => sagemaker('deploy', model, '--role', ROLE, ...args);
const lastSent = (operation: string) =>
  fake.captured.findLast((each) => each.operation === operation)?.request ?? {};
const labelsOf = (stdout: string): string[] =>
  JSON.parse(stdout)[0]
    .predictions.map(({ label }: { label: string }) => label)
    .sort();
const SIGNS = ['left', 'right'];

beforeAll(async () => {
  place = await workplace();
  fake = await FakeAws.start();
  await mkdir(at('broken'));
  await writeFile(at('pets.onnx'), modelBytes());
  await writeFile(at('signs.onnx'), modelBytes({ classes: SIGNS, seed: 2 }));
  await writeFile(at('bad.onnx'), unrunnable(modelBytes()));
  await writeFile(at('photo.png'), await encode(noise(1)));
});
afterAll(async () => {
  await fake.close();
  await place.remove();
});

describe('inference components', () => {
  const NETWORK = ['--subnets', 'subnet-0a1', '--security-groups', 'sg-0c3'];

  it('make an endpoint without a model, then a model on it', async () => {
    const { code, stdout, stderr } = await deploy(
      ...['pets.onnx', '--name', 'zoo', '--component', 'pets', '--copies', '1..3', '--cores', '0.5'],
      ...['--autoscale', '1..2', '--expires', '4h', ...NETWORK],
    );
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('zoo: 1 to 2 × ml.m7i.large');
    expect(stdout).toContain('pets is in service on zoo.');
    const config = lastSent('CreateEndpointConfig');
    expect(config).toMatchObject({
      ExecutionRoleArn: ROLE,
      VpcConfig: { Subnets: ['subnet-0a1'], SecurityGroupIds: ['sg-0c3'] },
      ProductionVariants: [
        {
          RoutingConfig: { RoutingStrategy: 'LEAST_OUTSTANDING_REQUESTS' },
          ManagedInstanceScaling: { Status: 'ENABLED', MinInstanceCount: 1, MaxInstanceCount: 2 },
        },
      ],
    });
    expect(config.ProductionVariants[0]).not.toHaveProperty('ModelName');
    expect(lastSent('CreateInferenceComponent')).toMatchObject({
      InferenceComponentName: 'pets',
      EndpointName: 'zoo',
      VariantName: 'all',
      Specification: {
        Container: { Image: IMAGE },
        ComputeResourceRequirements: { NumberOfCpuCoresRequired: 0.5, MinMemoryRequiredInMb: 1024 },
      },
      RuntimeConfig: { CopyCount: 1 },
    });
    expect(fake.hosting.models.size).toBe(0);
    expect(fake.world.scaling.get('inference-component/pets')).toMatchObject({
      MinCapacity: 1,
      MaxCapacity: 3,
    });
  });

  it('share it, and each answers for itself', async () => {
    const { code, stderr } = await deploy('signs.onnx', '--name', 'zoo', '--component', 'signs');
    expect(code, stderr).toBe(0);
    const ask = (...args: string[]) => sagemaker('predict', 'zoo', 'photo.png', '--json', ...args);
    expect(labelsOf((await ask('--component', 'pets')).stdout)).toEqual(['cat', 'dog', 'ship']);
    expect(labelsOf((await ask('--component', 'signs')).stdout)).toEqual(SIGNS);
    expect(sentenceOf(await ask())).toMatch(
      /^zoo: this endpoint has several models, and the request names none: expected --component NAME/,
    );
    expect(sentenceOf(await ask('--component', 'birds'))).toMatch(
      /Component birds not found on endpoint zoo/,
    );
    expect((await sagemaker('list')).stdout).toMatch(/^component +signs +InService .*on zoo$/m);
    expect((await sagemaker('logs', 'signs')).stdout).toContain('"ready"');
    const log = JSON.parse((await sagemaker('logs', 'signs', '--json')).stdout);
    expect(log).toMatchObject({ name: 'signs', kind: 'component' });
    expect(log.lines.join('\n')).toContain('"ready"');
  });

  it('keep the answers that came when another request is refused', async () => {
    const { hosting } = fake;
    const invoke = hosting.invoke.bind(hosting);
    let asked = 0;
    hosting.invoke = async (...request) => {
      if (++asked === 2) throw new AwsFailure('AccessDeniedException', 'not authorized any more');
      return invoke(...request);
    };
    const photos = ['photo.png', 'photo.png', 'photo.png'];
    const finished = await sagemaker('predict', 'zoo', ...photos, '--component', 'signs', '--json');
    hosting.invoke = invoke;
    expect(finished.code).toBe(1);
    expect(finished.stderr).toContain('not authorized any more');
    expect(JSON.parse(finished.stdout)).toHaveLength(2);
  });

  it('get more copies without a restart, or another model, whose failure changes nothing', async () => {
    const again = ['--name', 'zoo', '--component', 'pets'];
    expect((await deploy('pets.onnx', ...again, '--copies', '2')).code).toBe(0);
    expect(lastSent('UpdateInferenceComponentRuntimeConfig')).toEqual({
      InferenceComponentName: 'pets',
      DesiredRuntimeConfig: { CopyCount: 2 },
    });
    expect(fake.world.scaling.has('inference-component/pets')).toBe(false);
    const failed = await deploy('bad.onnx', ...again);
    expect(failed.code).toBe(1);
    expect(sentenceOf(failed)).toMatch(
      /^pets: the update was rolled back to the previous model: The container/,
    );
    const large = await deploy('pets.onnx', ...again, '--cores', '640');
    expect([large.code, sentenceOf(large)]).toEqual([
      1,
      expect.stringMatching(/^pets: the update was rolled back to the previous model: There is not enough/),
    ]);
    // Copies that came and went do so again, whether the new model fails or is refused.
    expect((await deploy('pets.onnx', ...again, '--copies', '1..3')).code).toBe(0);
    expect((await deploy('bad.onnx', ...again, '--copies', '1..4')).code).toBe(1);
    expect(fake.world.scaling.get('inference-component/pets')).toMatchObject({
      MinCapacity: 1,
      MaxCapacity: 3,
    });
    fake.denied.set('UpdateInferenceComponent', 'not today');
    expect((await deploy('bad.onnx', ...again, '--copies', '1..4')).code).toBe(1);
    fake.denied.delete('UpdateInferenceComponent');
    expect(fake.world.scaling.get('inference-component/pets')).toMatchObject({
      MinCapacity: 1,
      MaxCapacity: 3,
    });
    expect((await deploy('pets.onnx', ...again, '--copies', '2')).code).toBe(0);
    await deploy('bad.onnx', ...again);
    const update = lastSent('UpdateInferenceComponent');
    // Resources stay as they were.
    expect(update.Specification.ComputeResourceRequirements.NumberOfCpuCoresRequired).toBe(0.5);
    expect(update).not.toHaveProperty('RuntimeConfig');
    const asked = await sagemaker('predict', 'zoo', 'photo.png', '--component', 'pets', '--json');
    expect(labelsOf(asked.stdout)).toEqual(['cat', 'dog', 'ship']);
  });

  it.each<[string, string[], RegExp]>([
    [
      'a single model in their place',
      ['deploy', 'pets.onnx', '--role', ROLE, '--name', 'zoo'],
      /^zoo: this endpoint has inference components, and this would replace all its models\. --component NAME/,
    ],
    [
      'a target model',
      ['deploy', 'pets.onnx', '--name', 'zoo', '--target-model', 'x'],
      /^zoo: this endpoint has inference components, and --target-model is for an endpoint that is a multi-model/,
    ],
    [
      'other machines',
      ['deploy', 'pets.onnx', '--name', 'zoo', '--component', 'x', '--instance-type', 'ml.m7i.xlarge'],
      /^zoo: this endpoint exists, and --instance-type is for a new one/,
    ],
    ['a batch of them', ['transform', 'zoo', 's3://mine/a', 's3://mine/b'], /^zoo: .*inference components/],
    [
      'one that is not there',
      ['delete', 'zoo', '--component', 'x'],
      /^x: the endpoint has no inference component/,
    ],
  ])('do not take %s', async (_, args, sentence) => {
    fake.world.s3.buckets.set('mine', 'eu-west-1');
    const finished = await sagemaker(...args);
    expect(finished.code).toBeGreaterThan(0);
    expect(sentenceOf(finished)).toMatch(sentence);
    expect(fake.hosting.components.all.size).toBe(2);
  });

  it('go one by one, or all with their endpoint', async () => {
    const one = await sagemaker('delete', 'zoo', '--component', 'signs');
    expect([one.code, one.stdout], one.stderr).toEqual([
      0,
      expect.stringMatching(/^signs is gone\. zoo bills on/),
    ]);
    const all = await sagemaker('delete', 'zoo');
    expect(all.code, all.stderr).toBe(0);
    const { components, endpoints, configs } = fake.hosting;
    expect([components.all.size, endpoints.size, configs.size]).toEqual([0, 0, 0]);
  });

  it('that may not scale stay on their new endpoint', async () => {
    fake.denied.set('RegisterScalableTarget', 'not today');
    const args = ['--name', 'fixed', '--component', 'still', '--copies', '1..2'];
    const { code, ...said } = await deploy('pets.onnx', ...args);
    fake.denied.delete('RegisterScalableTarget');
    expect([code, sentenceOf(said)]).toEqual([1, expect.stringContaining('not today')]);
    expect((await sagemaker('list')).stdout).toMatch(/^component +still +InService .*on fixed$/m);
    expect((await sagemaker('delete', 'fixed')).code).toBe(0);
  });

  it('come up, change and scale where the answer to a request is lost', async () => {
    const mist = ['--name', 'misty', '--component', 'mist'];
    const scale = () => fake.world.scaling.get('inference-component/mist');
    for (const [operation, model, most] of [
      ['CreateInferenceComponent', 'pets.onnx', 4],
      ['UpdateInferenceComponent', 'signs.onnx', 3],
    ] as const) {
      fake.lost.add(operation);
      const before = fake.captured.length;
      const { code, stdout, stderr } = await deploy(model, ...mist, '--copies', `1..${most}`);
      expect(code, stderr).toBe(0);
      expect(stdout).toContain('mist is in service on misty');
      expect(scale()).toMatchObject({ MinCapacity: 1, MaxCapacity: most });
      const asked = fake.captured.slice(before).filter((each) => each.operation === operation);
      expect([fake.lost.size, asked.length]).toEqual([0, 2]);
    }
    const asked = await sagemaker('predict', 'misty', 'photo.png', '--component', 'mist', '--json');
    expect(labelsOf(asked.stdout)).toEqual(SIGNS);
    expect((await sagemaker('delete', 'misty')).code).toBe(0);
  });

  it('that cannot start on a new endpoint leave nothing that bills', async () => {
    const failed = await deploy('bad.onnx', '--name', 'void', '--component', 'bad');
    expect(failed.code).toBe(1);
    expect(sentenceOf(failed)).toMatch(
      /^bad: the inference component could not be started \(Failed\): The container/,
    );
    const { components, endpoints, configs } = fake.hosting;
    expect([components.all.size, endpoints.size, configs.size]).toEqual([0, 0, 0]);
  });
});

describe('a multi-model endpoint', () => {
  const SHELF = ['--name', 'shelf', '--target-model'];

  it('takes models, and loads the one that is asked for', async () => {
    const { code, stdout, stderr } = await deploy('pets.onnx', ...SHELF, 'pets');
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('pets is a model of shelf: its first request loads it.');
    const folder = lastSent('CreateModel').PrimaryContainer.ModelDataUrl;
    expect(lastSent('CreateModel').PrimaryContainer).toMatchObject({ Mode: 'MultiModel', Image: IMAGE });
    expect(folder).toMatch(/^s3:\/\/sagemaker-.*\/harrier\/multi-model\/shelf-\d{8}-\d{6}-\w{6}\/$/);
    const before = fake.captured.length;
    const added = await deploy('signs.onnx', ...SHELF, 'signs');
    expect(added.code, added.stderr).toBe(0);
    // Nothing is created for it: its archive is all.
    const made = fake.captured.slice(before).map(({ operation }) => operation);
    expect(made.filter((name) => !name.startsWith('Describe') && !name.startsWith('List'))).toEqual([]);
    const ask = (...args: string[]) => sagemaker('predict', 'shelf', 'photo.png', '--json', ...args);
    for (const [name, labels] of [
      ['pets', ['cat', 'dog', 'ship']],
      // The container has room for one.
      ['signs', SIGNS],
      ['pets.tar.gz', ['cat', 'dog', 'ship']],
    ] as const) {
      const asked = await ask('--target-model', name);
      expect(asked.code, asked.stderr).toBe(0);
      expect(labelsOf(asked.stdout)).toEqual(labels);
    }
    expect(sentenceOf(await ask())).toMatch(
      /^shelf: this endpoint has several models.*expected --target-model NAME/,
    );
    expect(sentenceOf(await ask('--target-model', 'birds'))).toMatch(/Failed to download model data/);
  });

  it.each<[string, string[], RegExp]>([
    [
      'a name twice',
      ['deploy', 'signs.onnx', ...SHELF, 'pets'],
      /^pets: the endpoint has a model of this name already/,
    ],
    [
      'an end',
      ['deploy', 'pets.onnx', ...SHELF, 'x', '--expires', '1h'],
      /^shelf: this endpoint exists, and --expires/,
    ],
    [
      'a component',
      ['deploy', 'pets.onnx', '--name', 'shelf', '--component', 'x'],
      /^shelf: this endpoint is a multi/,
    ],
    [
      'another instead',
      ['deploy', 'pets.onnx', '--role', ROLE, '--name', 'shelf'],
      /^shelf: .*replace all its models/,
    ],
    [
      'a batch',
      ['transform', 'shelf', 's3://mine/a', 's3://mine/b'],
      /^shelf: this endpoint has several models/,
    ],
    [
      'what it has not',
      ['delete', 'shelf', '--target-model', 'x'],
      /^x: .*It has pets\.tar\.gz, signs\.tar\.gz/,
    ],
  ])('does not take %s', async (_, args, sentence) => {
    const finished = await sagemaker(...args);
    expect(finished.code).toBeGreaterThan(0);
    expect(sentenceOf(finished)).toMatch(sentence);
  });

  it('loses a model, and goes as a whole', async () => {
    const one = await sagemaker('delete', 'shelf', '--target-model', 'signs');
    expect([one.code, one.stdout], one.stderr).toEqual([
      0,
      expect.stringMatching(/^signs\.tar\.gz is gone from shelf/),
    ]);
    expect(fake.world.s3.keys('').filter((key) => key.includes('multi-model'))).toHaveLength(1);
    const all = await sagemaker('delete', 'shelf');
    expect(all.code, all.stderr).toBe(0);
    expect([fake.hosting.endpoints.size, fake.hosting.models.size]).toEqual([0, 0]);
  });
});

const ZOO = ['deploy', 'pets.onnx', '--role', ROLE, '--name', 'zoo'];
it.each<[string, string[], RegExp]>([
  [
    'two kinds',
    [...ZOO, '--component', 'a', '--target-model', 'b'],
    /^--component and --target-model cannot be/,
  ],
  [
    'serverless',
    [...ZOO, '--component', 'a', '--serverless'],
    /^--component and --serverless cannot be combined/,
  ],
  [
    'capture',
    [...ZOO, '--target-model', 'a', '--capture', '5'],
    /^--target-model and --capture cannot be combined/,
  ],
  ['no endpoint', ['deploy', 'x', '--component', 'a'], /^--component needs --name/],
  ['copies of nothing', [...ZOO, '--copies', '2'], /^--copies needs --component/],
  ['memory of nothing', [...ZOO, '--memory', '2048'], /^--memory needs --serverless or --component/],
  ['no copies', [...ZOO, '--component', 'a', '--copies', '0..2'], /^--copies: .*expected at least 1/],
  [
    'a tenth of a core',
    [...ZOO, '--component', 'a', '--cores', '0.1'],
    /NumberOfCpuCoresRequired: .*at least 0\.25/,
  ],
  ['a name of two words', [...ZOO, '--target-model', 'a b'], /^--target-model: this cannot be the name/],
  [
    'a component of no endpoint',
    ['delete', '--component', 'a'],
    /^--component needs the name of one endpoint/,
  ],
  ['both at once', ['predict', 'zoo', 'x', '--component', 'a', '--target-model', 'b'], /cannot be combined/],
])('refuses %s before anything is made', async (_, args, sentence) => {
  const made = () => fake.captured.filter(({ operation }) => !operation.startsWith('Describe')).length;
  const before = [made(), fake.world.s3.keys('').length];
  const finished = await sagemaker(...args);
  expect([finished.code, made(), fake.world.s3.keys('').length]).toEqual([2, ...before]);
  expect(sentenceOf(finished)).toMatch(sentence);
});

it('sent nothing but what botocore would send', (context) => {
  const wrong = botocore(fake.captured);
  if (wrong === undefined)
    return context.skip('python3 with botocore is not here: test/sagemaker/requirements.txt');
  expect(wrong).toEqual([]);
});
