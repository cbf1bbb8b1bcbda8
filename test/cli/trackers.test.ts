import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { harrier, sentenceOf, workplace, writeImages } from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const path = (...parts: string[]) => join(place.path, ...parts);
const TRAIN = ['train', '--data', 'images', '--epochs', '2', '--batch-size', '8'];

/** Programs of others: bench/peers/README.md says how they are installed. */
const PYTHON = fileURLToPath(new URL('../../bench/peers/checks/.venv/bin/python', import.meta.url));

beforeAll(async () => {
  place = await workplace();
  await writeImages(path('images'), { perClass: 8 });
});
afterAll(() => place.remove());

/** A port that nothing listens on. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

describe('train --log-to', () => {
  it('follows a run, whatever tracker is away, and writes the summary of a job', async () => {
    await writeFile(path('summary.md'), 'Before.\n');
    const away = `http://127.0.0.1:${await freePort()}`;
    const { code, stderr } = await harrier(
      [...TRAIN, '--out', 'run', '--log-to', `tensorboard,csv,mlflow=${away}`],
      { cwd: place.path, environment: { GITHUB_STEP_SUMMARY: path('summary.md') } },
    );
    expect(code).toBe(0);
    expect(stderr.match(/^Note: MLflow at .*$/gm)).toEqual([
      expect.stringMatching(
        /^Note: MLflow at http:\/\/127\.0\.0\.1:\d+ does not follow this run any more; training goes on\. .*ECONNREFUSED.*\.$/,
      ),
    ]);
    const table = await readFile(path('run', 'metrics.csv'), 'utf8');
    for (const metric of ['1,train/loss', '2,train/accuracy', '2,test/accuracy']) {
      expect(table).toContain(`,${metric},`);
    }
    const summary = await readFile(path('summary.md'), 'utf8');
    expect(summary).toMatch(/^Before\.\n## run: [\d.]+% correct\n/);
    expect(summary).toMatch(/^\| cat \| \d+ \|/m);
    expect(sentenceOf(await harrier([...TRAIN, '--log-to', 'comet'], { cwd: place.path }))).toContain(
      'unknown tracker of --log-to "comet". There are: tensorboard, mlflow, csv, wandb.',
    );
  });

  it.skipIf(!existsSync(PYTHON))('is read by the real TensorBoard', () => {
    const script = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
board = EventAccumulator(sys.argv[1], size_guidance={'images': 0, 'scalars': 0})
board.Reload()
tags = board.Tags()
print(json.dumps({
  'scalars': {tag: [(e.step, e.value) for e in board.Scalars(tag)] for tag in tags['scalars']},
  'images': {tag: [(e.step, e.width, e.height) for e in board.Images(tag)] for tag in tags['images']},
}))`;
    const { stdout, stderr } = spawnSync(PYTHON, ['-c', script, path('run', 'tensorboard')], {
      encoding: 'utf8',
    });
    expect(stdout, stderr).not.toBe('');
    const { scalars, images } = JSON.parse(stdout);
    expect(scalars['train/loss'].map(([step]: [number]) => step)).toEqual([1, 2]);
    expect(scalars['test/accuracy']).toEqual([[2, expect.any(Number)]]);
    expect(images.confusion[0][0]).toBe(2);
    expect(images['images/1']).toEqual([[0, 8, 8]]);
  });

  it.skipIf(!existsSync(PYTHON))('follows a run on a real MLflow server', async () => {
    const port = await freePort();
    const address = `http://127.0.0.1:${port}`;
    const server = spawn(
      PYTHON,
      [
        ...['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', `${port}`, '--workers', '1'],
        ...[
          '--backend-store-uri',
          `sqlite:///${path('mlflow.db')}`,
          '--artifacts-destination',
          path('artifacts'),
        ],
      ],
      { cwd: place.path, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    try {
      await new Promise<void>((resolve, reject) => {
        let said = '';
        const hear = (text: Buffer) => {
          said += text;
          if (/Uvicorn running|Listening at|startup complete/.test(said)) resolve();
        };
        server.stdout.on('data', hear);
        server.stderr.on('data', hear);
        server.on('exit', () => reject(new Error(said)));
      });
      const { code, stderr } = await harrier(
        [...TRAIN, '--seed', '2', '--out', 'followed', '--log-to', `mlflow=${address}`],
        { cwd: place.path },
      );
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('does not follow')]);
      const { run } = JSON.parse(await readFile(path('followed', 'mlflow.json'), 'utf8'));
      const api = async (what: string) => (await fetch(`${address}/api/2.0/mlflow/${what}`)).json();
      const { data, info } = (await api(`runs/get?run_id=${run}`)).run;
      expect(info).toMatchObject({ status: 'FINISHED', run_name: 'followed' });
      expect(data.params).toContainEqual({ key: 'seed', value: '2' });
      const history = await api(`metrics/get-history?run_id=${run}&metric_key=train/loss`);
      expect(history.metrics.map(({ step }: { step: number }) => step)).toEqual([1, 2]);
      const { files } = await api(`artifacts/list?run_id=${run}`);
      expect(files.map((file: { path: string }) => file.path).sort()).toEqual([
        'README.md',
        'confusion.png',
        'evaluation.json',
        'model.onnx',
        'report.html',
      ]);
    } finally {
      server.kill('SIGTERM');
    }
  });
});
