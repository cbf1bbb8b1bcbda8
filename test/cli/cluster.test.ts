import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { PROGRAM } from '../program.ts';
import { harrier, sentenceOf, workplace, writeImages } from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });
const path = (...parts: string[]) => join(place.path, ...parts);
const INIT = ['--image', 'registry.example.org/harrier:1'];
/** Programs of others: bench/peers/README.md says how they are installed. */
const checks = (name: string) =>
  fileURLToPath(new URL(`../../bench/peers/checks/.venv/bin/${name}`, import.meta.url));
const VALIDATE = checks('kubernetes-validate');
const missing = (name: string) => `${name} is not here: bench/peers/README.md`;

beforeAll(async () => {
  place = await workplace();
  await writeImages(path('images'), { perClass: 6 });
  const training = ['--data', 'images', '--epochs', '1', '--batch-size', '8'];
  await run('train', ...training, '--out', 'run');
  await run('sweep', ...training, '--vary', 'dropout=0,0.5', '--plan', 'trials.jsonl');
  const names = ['cat', 'dog', 'ship'].flatMap((name) => [0, 1, 2].map((i) => `images/${name}/${i}.png`));
  await writeFile(path('images.txt'), `${names.join('\n')}\n`);
  // The command of the image.
  await mkdir(path('bin'));
  await writeFile(path('bin', 'harrier'), `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`);
  await chmod(path('bin', 'harrier'), 0o755);
});
afterAll(() => place.remove());

/** Runs a job's command as a pod would. @returns its exit code */
function pod(command: readonly string[], index: Record<string, string>): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const [shell, ...args] = command;
    const PATH = `${path('bin')}${delimiter}${process.env.PATH}`;
    const env = { ...process.env, PATH, HARRIER_CACHE: path('cache'), ...index };
    spawn(shell, args, { cwd: place.path, env }).on('error', reject).on('close', resolve);
  });
}

describe('cluster init', () => {
  it('kubernetes: an Indexed Job whose every index does its part', async () => {
    const { stdout } = await run(
      ...['cluster', 'init', 'kubernetes', ...INIT, '--list', 'images.txt', '--jobs', '2', '--model', 'run'],
    );
    expect(stdout).toMatch(/^harrier\.kubernetes\.yaml: 2 jobs\n/);
    const text = await readFile(path('harrier.kubernetes.yaml'), 'utf8');
    const [claim, job] = parseAllDocuments(text).map((document) => document.toJS());
    expect(claim.spec.accessModes).toEqual(['ReadWriteMany']);
    expect(job.spec).toMatchObject({ completionMode: 'Indexed', completions: 2, parallelism: 2 });
    const pods = job.spec.template.spec;
    expect(pods.securityContext.runAsNonRoot).toBe(true);
    const [container] = pods.containers;
    expect(container.securityContext.readOnlyRootFilesystem).toBe(true);
    for (const index of ['0', '1'])
      expect(await pod(container.command, { JOB_COMPLETION_INDEX: index })).toBe(0);
    const parts = await Promise.all([1, 2].map((n) => readFile(path(`answers-${n}.jsonl`), 'utf8')));
    const files = parts.flatMap((part) =>
      part
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).file),
    );
    expect(files.sort()).toEqual((await readFile(path('images.txt'), 'utf8')).trim().split('\n').sort());
  });

  it('skypilot: a task whose every index trains its trial', async () => {
    await run('cluster', 'init', 'skypilot', ...INIT, '--plan', 'trials.jsonl', '--out', 'sky.yaml');
    const text = await readFile(path('sky.yaml'), 'utf8');
    expect(text).toContain('for i in $(seq 0 1)');
    const task = parse(text);
    expect(task.resources).toMatchObject({
      image_id: 'docker:registry.example.org/harrier:1',
      use_spot: true,
    });
    const command = ['sh', '-c', task.run.replace('cd /work && ', '')];
    for (const index of ['0', '1']) expect(await pod(command, { HARRIER_INDEX: index })).toBe(0);
    const collected = await run('sweep', '--plan', 'trials.jsonl', '--collect', 'runs');
    expect([collected.code, collected.stderr]).toEqual([0, '']);
  });

  it('kubernetes: a file that kubernetes-validate finds right', async (context) => {
    if (!existsSync(VALIDATE)) return context.skip(missing('kubernetes-validate'));
    const work = ['--list', 'images.txt', '--jobs', '2', '--model', 'run', '--out', 'checked.yaml'];
    expect((await run('cluster', 'init', 'kubernetes', ...INIT, ...work)).code).toBe(0);
    execFileSync(VALIDATE, ['--strict', path('checked.yaml')], { stdio: 'pipe' });
  });

  it('skypilot: a file that SkyPilot reads', async (context) => {
    if (!existsSync(checks('sky'))) return context.skip(missing('sky'));
    await run('cluster', 'init', 'skypilot', ...INIT, '--plan', 'trials.jsonl', '--out', 'checked-sky.yaml');
    const read = 'import sky, sys; print(sky.Task.from_yaml(sys.argv[1]).name)';
    const file = path('checked-sky.yaml');
    const name = execFileSync(checks('python'), ['-c', read, file], { encoding: 'utf8' });
    expect(name.trim()).toBe(parse(await readFile(file, 'utf8')).name);
  });

  it('refuses what it cannot start', async () => {
    const wrong: readonly (readonly [string[], string])[] = [
      [['kubernetes', ...INIT], 'a cluster needs one kind of work: expected --plan trials.jsonl, or --list'],
      [
        ['kubernetes', ...INIT, '--list', 'images.txt'],
        'a list is divided into parts. Say how many: --jobs 16.',
      ],
      [['kubernetes', ...INIT, '--plan', 'gone.jsonl'], 'gone.jsonl'],
      [
        ['kubernetes', ...INIT, '--plan', 'trials.jsonl', '--model', 'big.onnx'],
        '--model: the trials of a plan make models of their own',
      ],
      [
        ['skypilot', ...INIT, '--plan', 'trials.jsonl', '--at-once', '4'],
        '--at-once: the loop that starts jobs of SkyPilot starts all of them',
      ],
      [['slurm', ...INIT], 'slurm'],
      [['kubernetes', '--image', 'a b', '--plan', 'trials.jsonl'], 'this is no name of an image'],
    ];
    for (const [args, sentence] of wrong) {
      expect(sentenceOf(await run('cluster', 'init', ...args))).toContain(sentence);
    }
  });
});
