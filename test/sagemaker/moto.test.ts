import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { harrier, workplace, writeImages } from '../cli/harrier.ts';
import { freePort } from './fake/container.ts';
import { FakeAws, ROLE } from './fake/fake.ts';

// A second opinion on our requests, from moto, which knows all of these services. Its jobs are done at once and run
// nothing: test/sagemaker/fake is where the containers run.

const hasMoto = spawnSync('python3', ['-c', 'import moto.server, flask'], { stdio: 'ignore' }).status === 0;

describe.skipIf(!hasMoto)('moto takes our requests (pip install -r test/sagemaker/requirements.txt)', () => {
  let place: { path: string; remove: () => Promise<void> };
  let moto: ChildProcess;
  let environment: Record<string, string>;
  const run = (...args: string[]) =>
    harrier(['sagemaker', ...args, '--poll', '0.1'], { cwd: place.path, environment });

  beforeAll(async () => {
    place = await workplace();
    await writeImages(join(place.path, 'images'), { perClass: 4 });
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    moto = spawn('python3', ['-m', 'moto.server', '-p', `${port}`], { stdio: 'ignore' });
    for (let i = 0; i < 200; i++) {
      if (await fetch(url).catch(() => undefined)) break;
      await sleep(100);
    }
    const fake = await FakeAws.start();
    environment = { ...fake.environment, AWS_ENDPOINT_URL: url };
    await fake.close();
  });
  afterAll(async () => {
    moto.kill();
    await place.remove();
  });

  const OPTIONS = ['--role', ROLE, '--image', 'registry.example/harrier:1'];

  it('train', async () => {
    const { code, stdout, stderr } = await run(
      'train',
      ...OPTIONS,
      '--data',
      'images',
      '--name',
      'one',
      '--wait',
    );
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(
      'The model: s3://sagemaker-eu-west-1-123456789012/harrier/jobs/one/output/model.tar.gz',
    );
  });

  it('tune', async () => {
    const tune = ['--tune', 'learning-rate=0.001..0.1:log', '--jobs', '2'];
    const { code, stderr } = await run('tune', ...OPTIONS, '--data', 'images', ...tune);
    expect(code, stderr).toBe(0);
  });

  it('deploy, list and delete', async () => {
    const { code, stderr } = await run(
      'deploy',
      'one',
      ...OPTIONS,
      '--name',
      'cats',
      '--expires',
      '4h',
      '--instance-type',
      'ml.m5.large',
      '--autoscale',
      '1..2',
    );
    expect(code, stderr).toBe(0);
    expect((await run('list')).stdout).toMatch(/^endpoint +cats +InService/m);
    const removed = await run('delete', 'cats');
    expect(removed.stdout, removed.stderr).toContain('1 configurations and 1 models are gone');
  });

  it('an asynchronous endpoint in a VPC, to zero, with a key and alarms', async () => {
    const { code, stderr } = await run(
      ...[
        'deploy',
        'one',
        ...OPTIONS,
        '--name',
        'bulk',
        '--async',
        '--autoscale',
        '0..2',
        '--max-errors',
        '5',
      ],
      ...[
        '--subnets',
        'subnet-0a1',
        '--security-groups',
        'sg-0b2',
        '--network-isolation',
        '--tag',
        'team=vision',
      ],
      ...['--kms-key', 'arn:aws:kms:eu-west-1:123456789012:key/1', '--capture', '20'],
      ...['--instance-type', 'ml.m5.large'],
    );
    expect(code, stderr).toBe(0);
    const removed = await run('delete', 'bulk');
    expect(removed.code, removed.stderr).toBe(0);
  });

  // Moto does not know the newer machines.
  const SMALL = ['--instance-type', 'ml.m5.large'];

  it('the registry', async () => {
    const added = await run(
      ...['registry', 'add', 'one', '--group', 'parts', '--image', 'registry.example/harrier:1'],
    );
    expect(added.code, added.stderr).toBe(0);
    expect((await run('registry', 'approve', 'parts/1')).stdout).toContain('parts/1 is approved.');
    expect((await run('registry', 'list', 'parts')).stdout).toMatch(/^parts\/1 {2}approved /);
    const { code, stderr } = await run('deploy', 'registry:parts', ...OPTIONS, '--name', 'line', ...SMALL);
    expect(code, stderr).toBe(0);
  });
});
