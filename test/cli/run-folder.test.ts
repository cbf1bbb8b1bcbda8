import { execFileSync, spawnSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/index.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/models/index.ts';
import { PROGRAM } from '../program.ts';
import { harrier, sentenceOf, start, workplace, writeImages } from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });
const path = (...parts: string[]) => join(place.path, ...parts);
const last = (name: string) => path(name, 'checkpoints', 'last.safetensors');

beforeAll(async () => {
  place = await workplace();
  await writeImages(path('images'), { perClass: 12 });
  await run('train', '--data', 'images', '--epochs', '2', '--batch-size', '8', '--out', 'run');
});
afterAll(() => place.remove());

/** A copy of the finished run, which `--epochs 4` makes go on. */
async function copyOfRun(name: string): Promise<void> {
  await cp(path('run'), path(name), { recursive: true });
}
const resume = (name: string) => run('train', '--resume', name, '--epochs', '4');

describe('a checkpoint', () => {
  it('of another model', async () => {
    await copyOfRun('other');
    await run('train', '--data', 'images', '--image-size', '16', '--epochs', '1', '--out', 'larger');
    await cp(last('larger'), last('other'));
    const finished = await resume('other');
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(/last\.safetensors: this checkpoint belongs to another run/);
  });

  it('of another run of the same model', async () => {
    await copyOfRun('same-model');
    await run('train', '--data', 'images', '--epochs', '1', '--seed', '2', '--out', 'seed-2');
    await cp(last('seed-2'), last('same-model'));
    const finished = await resume('same-model');
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(
      /belongs to another run: expected [\w-]+, received [\w-]+\. Restore this/,
    );
  });

  it('with one bit changed', async () => {
    await copyOfRun('flipped');
    const bytes = await readFile(last('flipped'));
    bytes[bytes.length - 1000] ^= 4;
    await writeFile(last('flipped'), bytes);
    const finished = await resume('flipped');
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(/its content does not fit its checksum\. The file is damaged/);
  });

  it('of an older version goes on, with a note', async () => {
    await copyOfRun('older');
    const { tensors, metadata } = decodeSafetensors(await readFile(last('older')), 'test');
    const { 'harrier.sha256': _, 'harrier.run': __, ...others } = metadata;
    const old = { tensors, metadata: { ...others, 'harrier.format': '1' } };
    await writeFile(last('older'), encodeSafetensors(old));
    const record = JSON.parse(await readFile(path('older', 'run.json'), 'utf8'));
    await writeFile(path('older', 'run.json'), JSON.stringify({ ...record, id: undefined }));
    const finished = await resume('older');
    expect([finished.code, finished.stderr]).toEqual([
      0,
      expect.stringMatching(
        /^Note: an older version of Harrier began this run: its checkpoints have no checksum/,
      ),
    ]);
    expect(decodeCheckpoint(await readFile(last('older')), 'last').position.epoch).toBe(4);
  });

  it.each([4, 2_000, 100_000])('cut off after %i bytes', async (bytes) => {
    const name = `cut-${bytes}`;
    await copyOfRun(name);
    await truncate(last(name), bytes);
    const finished = await resume(name);
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(
      /last\.safetensors: .*(cut off|less than a header).*take another checkpoint\.$/,
    );
  });

  it('from a newer version', async () => {
    await copyOfRun('newer');
    const { tensors, metadata } = decodeSafetensors(await readFile(last('newer')), 'test');
    await writeFile(
      last('newer'),
      encodeSafetensors({ tensors, metadata: { ...metadata, 'harrier.format': '99' } }),
    );
    const finished = await resume('newer');
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(
      /newer version of Harrier: expected format 2 or older, received format 99\. Update/,
    );
  });
});

describe('data', () => {
  it('that has moved is found where --data says', async () => {
    await cp(path('images'), path('moved-images'), { recursive: true });
    const options = ['--data', 'moved-images', '--epochs', '1', '--batch-size', '8', '--out', 'moved'];
    expect((await run('train', ...options)).code).toBe(0);
    await rename(path('moved-images'), path('here-now'));
    const lost = await run('train', '--resume', 'moved', '--epochs', '2');
    expect(sentenceOf(lost)).toContain('there is no such data set or folder');
    const found = await run('train', '--resume', 'moved', '--epochs', '2', '--data', 'here-now');
    expect(found.code).toBe(0);
    const record = JSON.parse(await readFile(path('moved', 'run.json'), 'utf8'));
    expect([record.options.data, record.data.path]).toEqual(['here-now', path('here-now')]);
    expect(record.result.epochs).toBe(2);
    expect((await run('train', '--resume', 'moved', '--epochs', '3')).code).toBe(0);
  });

  it('that is other data is refused', async () => {
    await writeImages(path('others'), { perClass: 12, noise: 40 });
    await copyOfRun('elsewhere');
    const finished = await run('train', '--resume', 'elsewhere', '--epochs', '3', '--data', 'others');
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(
      /others\/train.*: this is not the data that the run began with: expected SHA-256 [0-9a-f]{64}, received [0-9a-f]{64}/,
    );
  });

  it('that has changed since training is noted when the model is evaluated', async () => {
    await cp(path('images'), path('growing'), { recursive: true });
    const options = ['--data', 'growing', '--epochs', '1', '--batch-size', '8', '--out', 'grown'];
    expect((await run('train', ...options)).code).toBe(0);
    const note = 'Note: the images that the model was trained on have changed since';
    expect((await run('evaluate', 'grown')).stderr).not.toContain(note);
    await rm(path('growing'), { recursive: true });
    await writeImages(path('growing'), { perClass: 14 });
    expect((await run('evaluate', 'grown')).stderr).toContain(note);
  });
});

describe('the fraction of the images that is kept for testing', () => {
  it('is chosen with --test-split, and stays that of the run', async () => {
    const words = ['--data', 'images', '--epochs', '1', '--batch-size', '8', '--test-split', '0.4'];
    expect((await run('train', ...words, '--out', 'tested')).code).toBe(0);
    const record = async () => JSON.parse(await readFile(path('tested', 'run.json'), 'utf8'));
    const { options, data } = await record();
    expect(options.testSplit).toBe(0.4);
    const usual = JSON.parse(await readFile(path('run', 'run.json'), 'utf8')).data;
    expect(data.test.images).toBeGreaterThan(usual.test.images);
    const described = await run('data', 'images', '--test-split', '0.4', '--json');
    expect(JSON.parse(described.stdout).test.hash).toBe(data.test.hash);
    expect((await run('train', '--resume', 'tested', '--epochs', '2')).code).toBe(0);
    expect((await record()).data).toEqual(data);
    await cp(path('images'), path('moved-images'), { recursive: true });
    for (const at of [[], ['--data', 'moved-images']]) {
      const evaluated = await run('evaluate', 'tested', ...at, '--json');
      expect([evaluated.code, evaluated.stderr]).toEqual([0, expect.not.stringContaining('changed')]);
      expect(JSON.parse(evaluated.stdout).total).toBe(data.test.images);
    }
    const other = await run('train', '--resume', 'tested', '--epochs', '3', '--test-split', '0.1');
    expect([other.code, sentenceOf(other)]).toEqual([
      2,
      expect.stringContaining('--test-split cannot change'),
    ]);
  });

  it.each<[string[], string]>([
    [['--data', 'images', '--test-split', '0.6'], 'a number above 0 and of at most 0.5, received "0.6"'],
    [['--data', 'parts', '--test-split', '0.1'], 'this data has test images of its own: no others are kept'],
    [
      ['--data', 'images', '--test-split', '0.1', '--folds', '3'],
      '--folds and --test-split cannot be combined',
    ],
  ])('is refused: %j', async (words, sentence) => {
    for (const part of ['train', 'test']) await cp(path('images'), path('parts', part), { recursive: true });
    const finished = await run('train', '--epochs', '1', '--out', 'refused', ...words);
    expect(sentenceOf(finished)).toContain(sentence);
    expect(await readdir(place.path)).not.toContain('refused');
  });
});

describe('a start that is refused for memory', () => {
  it.each([[[] as string[]], [['--seeds', '2']]])('leaves nothing behind (train %j)', async (options) => {
    const args = ['train', '--data', 'images', '--image-size', '1024', ...options, '--out', 'too-large'];
    for (const _ of ['first', 'again']) {
      const finished = await run(...args);
      expect(sentenceOf(finished)).toContain('do not fit into one block of memory');
      expect(await readdir(place.path)).not.toContain('too-large');
    }
  });
});

describe('a checkpoint of the best epoch that is missing', () => {
  it('is made good by the last one where that is the same, and else named', async () => {
    const options = ['--data', 'images', '--epochs', '1', '--batch-size', '8', '--validation-split', '0.2'];
    expect((await run('train', ...options, '--out', 'bestless')).code).toBe(0);
    await rm(path('bestless', 'checkpoints', 'best.safetensors'));
    expect((await run('train', '--resume', 'bestless', '--epochs', '2')).code).toBe(0);
    const bytes = await readFile(last('bestless'));
    const checkpoint = decodeCheckpoint(bytes, 'last');
    const before = { ...checkpoint.position, best: { epoch: 1, validationLoss: 1 } };
    await writeFile(last('bestless'), encodeCheckpoint({ ...checkpoint, position: before }));
    await rm(path('bestless', 'checkpoints', 'best.safetensors'));
    const finished = await run('train', '--resume', 'bestless', '--epochs', '3');
    expect(sentenceOf(finished)).toMatch(
      /best\.safetensors: the checkpoint of the best epoch \(1\) is missing\. Restore it, or remove .*last\.safetensors too/,
    );
  });
});

describe('run.json', () => {
  it.each<[string, string, RegExp]>([
    [
      'damaged',
      '{ "format": 1, ',
      /run\.json: the record of this run cannot be read: expected a JSON object\. Restore/,
    ],
    [
      'from a newer version',
      '{ "format": 7 }',
      /run\.json: this run was made by a newer version.*Update Harrier/,
    ],
    ['of something else', '{ "name": "npm" }', /run\.json: this is not the record of a run/],
  ])('%s', async (name, text, sentence) => {
    const folder = name.replaceAll(' ', '-');
    await copyOfRun(folder);
    await writeFile(path(folder, 'run.json'), text);
    const finished = await run('train', '--resume', folder);
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(sentence);
  });

  it.each<[field: string, change: (record: Record<string, Record<string, unknown>>) => void]>([
    ['options.batchSize', ({ options }) => Object.assign(options, { batchSize: '8' })],
    ['options.epochs', ({ options }) => Object.assign(options, { epochs: -2 })],
    ['options.optimizer', ({ options }) => Object.assign(options, { optimizer: { name: 'sdg' } })],
    ['network', ({ network }) => Object.assign(network, { layers: [null] })],
    ['data.classNames', ({ data }) => Object.assign(data, { classNames: 'cat' })],
    ['result.testAccuracy', ({ result }) => Object.assign(result, { testAccuracy: 'good' })],
  ])('with another %s: names the field', async (field, change) => {
    const folder = `field-${field}`;
    await copyOfRun(folder);
    const record = JSON.parse(await readFile(path(folder, 'run.json'), 'utf8'));
    change(record);
    await writeFile(path(folder, 'run.json'), JSON.stringify(record));
    const finished = await resume(folder);
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toContain(`run.json: its field "${field}" cannot be used: `);
  });

  it('in no folder', async () => {
    await mkdir(path('empty'));
    for (const name of ['empty', 'nowhere']) {
      const finished = await run('train', '--resume', name);
      expect(finished.code).toBe(1);
      expect(sentenceOf(finished)).toMatch(/this is not a run folder|there is no such run folder/);
    }
  });

  it('whose data has changed', async () => {
    await copyOfRun('moved');
    await cp(path('images'), path('images-before'), { recursive: true });
    await writeImages(path('images'), { perClass: 13 });
    const finished = await resume('moved');
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(
      /the data has changed since the run began: expected SHA-256 .* Restore the old data/,
    );
  });
});

describe('a run folder', () => {
  const lock = (pid: number) => JSON.stringify({ pid, host: hostname(), token: 'of a test' });

  it('in use by another process', async () => {
    await copyOfRun('busy');
    await writeFile(path('busy', '.lock'), lock(process.pid));
    const finished = await resume('busy');
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(
      new RegExp(`another process \\(${process.pid}\\) is writing to this run folder\\. Wait until it ends`),
    );
    expect(await readFile(path('busy', '.lock'), 'utf8')).toBe(lock(process.pid));
  });

  it('that another machine has taken over meanwhile is not written to any more', async () => {
    const options = ['--data', 'images', '--epochs', '500', '--checkpoint-seconds', '0', '--out', 'shared'];
    const running = start(['train', ...options], { cwd: place.path });
    await running.says('epoch   1/500');
    const owner = JSON.stringify({ pid: 7, host: 'elsewhere', token: 'of a test' });
    await writeFile(path('shared', '.lock'), owner);
    const finished = await running.finished;
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(
      /process 7 on elsewhere has taken over this folder.*This process stops/,
    );
    expect(await readFile(path('shared', '.lock'), 'utf8')).toBe(owner);
    expect((await readdir(path('shared'), { recursive: true })).join()).not.toContain('.tmp');
  });

  it.runIf(process.platform === 'linux')('where nothing can be made', async () => {
    const finished = await run('train', '--data', 'images', '--epochs', '1', '--out', '/proc/x');
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(/^\/proc\/x: this folder does not exist\. Check the path/);
  });

  it('whose lock was left by a process that is gone', async () => {
    await copyOfRun('abandoned');
    const gone = Number(execFileSync(process.execPath, ['-p', 'process.pid']).toString());
    await writeFile(path('abandoned', '.lock'), lock(gone));
    const { code, stdout } = await run('train', '--resume', 'abandoned');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^abandoned is finished/)]);
  });

  it('without permission to write: here a file stands in the way, which stops an administrator too', async () => {
    await writeFile(path('file.txt'), '');
    const finished = await run('train', '--data', 'images', '--epochs', '1', '--out', 'file.txt/x');
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(
      /file\.txt.x: there is a file in the place of a folder\. Move it away, or choose another folder \(--out\)\.$/,
    );
  });

  it('that is not empty is left alone', async () => {
    await mkdir(path('mine'));
    await writeFile(path('mine', 'README.md'), 'mine');
    const finished = await run('train', '--data', 'images', '--epochs', '1', '--out', 'mine');
    expect(finished.code).toBe(2);
    expect(sentenceOf(finished)).toMatch(/this folder is not empty\. Choose another \(--out\)\.$/);
    expect(await readdir(path('mine'))).toEqual(['README.md']);
  });
});

describe('a loss that is not finite', () => {
  it('stops and says which step', async () => {
    const options = ['--learning-rate', '1e9', '--epochs', '3', '--batch-size', '8'];
    const finished = await run('train', '--data', 'images', ...options, '--out', 'wild');
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(
      /^the loss became (NaN|-?Infinity) at step \d+\. Lower the learning rate/,
    );
    expect(finished.stderr).toContain('No checkpoint had been saved yet.');
  });

  it('keeps the last good checkpoint', async () => {
    await cp(path('images'), path('images-2'), { recursive: true });
    await run('train', '--data', 'images-2', '--epochs', '1', '--batch-size', '8', '--out', 'gone-wild');
    const record = JSON.parse(await readFile(path('gone-wild', 'run.json'), 'utf8'));
    record.options.optimizer.learningRate = 1e9;
    await writeFile(path('gone-wild', 'run.json'), JSON.stringify(record));
    const before = await readFile(last('gone-wild'));
    const finished = await resume('gone-wild');
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(/^the loss became .* at step \d+\./);
    expect(finished.stderr).toMatch(
      /The last good checkpoint is kept: gone-wild\/checkpoints\/last\.safetensors \(step \d+\)/,
    );
    expect(await readFile(last('gone-wild'))).toEqual(before);
  });
});

describe.skipIf(process.platform === 'win32')('a write that fails in the middle', () => {
  it('stops in one sentence, keeps the checkpoint before, and can be gone on with', async () => {
    const options = ['--data', 'images', '--epochs', '1', '--batch-size', '8', '--out', 'limited'];
    await run('train', ...options);
    const before = await readFile(last('limited'));
    // No file may grow beyond 512 kB: a checkpoint of 1.1 MB does not fit.
    const command = 'ulimit -f 1000; exec "$0" "$@"';
    const args = ['train', '--resume', 'limited', '--epochs', '3'];
    const failed = spawnSync('sh', ['-c', command, process.execPath, PROGRAM, ...args], {
      cwd: place.path,
      encoding: 'utf8',
      env: { ...process.env, HARRIER_CACHE: path('cache') },
    });
    expect([failed.status, failed.signal]).toEqual([1, null]);
    expect(sentenceOf(failed)).toMatch(/last\.safetensors: the file is larger than this process may write/);
    expect(failed.stderr).toContain('The last good checkpoint is kept');
    expect(await readFile(last('limited'))).toEqual(before);
    expect((await readdir(path('limited'), { recursive: true })).join()).not.toContain('.tmp');
    expect((await run('train', '--resume', 'limited', '--epochs', '3')).code).toBe(0);
  });
});

describe('a full disk', () => {
  const disk = () => path('disk');
  let mounted = false;
  beforeAll(async () => {
    await mkdir(disk());
    try {
      // Room for one checkpoint of 2.4 MB, but not for the next beside it.
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk()], { stdio: 'ignore' });
      mounted = true;
    } catch {
      // Only an administrator may mount, and not in every container.
    }
  });
  afterAll(() => {
    if (mounted) execFileSync('umount', [disk()]);
  });

  it('stops in one sentence, and what was saved before can be used', async (context) => {
    if (!mounted) context.skip('no small file system can be mounted here');
    const options = ['--data', 'images', '--image-size', '12', '--batch-size', '8', '--epochs', '2'];
    const finished = await run('train', ...options, '--out', 'disk/run');
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(
      /: the disk is full\. Free some space, or choose another folder \(--out\)\.$/,
    );
    expect(finished.stderr).toContain('Resume with: npx harrier train --resume disk/run');
    const { position } = decodeCheckpoint(await readFile(last('disk/run')), 'last');
    expect(position.epoch).toBeGreaterThan(0);
    const files = await readdir(path('disk', 'run'), { recursive: true });
    expect(files.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
