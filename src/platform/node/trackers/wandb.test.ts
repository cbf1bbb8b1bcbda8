import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { evaluatePredictions } from '../../../evaluation/index.ts';
import { Followed } from './follow.ts';
import type { TrackedRun } from './tracker.ts';
import { wandb } from './wandb.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-wandb-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const run = (): TrackedRun => ({
  id: 'a/b c',
  name: 'one',
  folder,
  parameters: { epochs: '2' },
  samples: [],
});
const hasPackage = spawnSync('python3', ['-c', 'import wandb'], { stdio: 'ignore' }).status === 0;

/** Prints the records of the file that a run left (a LevelDB log of the package's messages), as lines of JSON. */
const READ = `
import json, struct, sys
from wandb.proto import wandb_internal_pb2
data = open(sys.argv[1], "rb").read()
at, whole = 7, b""
while at + 7 <= len(data):
    if 32768 - at % 32768 < 7:
        at += 32768 - at % 32768
        continue
    _, size, part = struct.unpack("<IHB", data[at:at + 7])
    whole += data[at + 7:at + 7 + size]
    at += 7 + size
    if part not in (1, 4):
        continue
    record = wandb_internal_pb2.Record()
    record.ParseFromString(whole)
    whole = b""
    kind = record.WhichOneof("record_type")
    items = record.history.item if kind == "history" else record.run.config.update if kind == "run" else []
    print(json.dumps({"kind": kind, "items": {item.key or "/".join(item.nested_key): item.value_json for item in items},
                      "id": record.run.run_id, "code": record.exit.exit_code}))
`;

it.skipIf(!hasPackage)('writes a run that the package reads (pip install wandb)', async () => {
  vi.stubEnv('WANDB_MODE', 'offline');
  const evaluation = evaluatePredictions({
    probabilities: Float32Array.of(0.9, 0.1, 0.2, 0.8),
    labels: Uint16Array.of(0, 1),
    classNames: ['ant', 'bee'],
  });
  await writeFile(join(folder, 'model.onnx'), 'weights');
  const lost: string[] = [];
  const followed = new Followed([wandb('parts')], (sentence) => lost.push(sentence));
  followed.begin(run());
  for (const epoch of [1, 2]) followed.epoch({ epoch, loss: 1 / epoch, accuracy: 0.5, seconds: 1 } as never);
  await followed.end({
    epochs: 2,
    evaluation,
    confusion: { png: new Uint8Array(), width: 1, height: 1 },
    files: [{ name: 'model.onnx', path: join(folder, 'model.onnx') }],
  });
  expect(lost).toEqual([]);
  const [left] = (await readdir(join(folder, 'wandb'))).filter((name) => name.startsWith('offline-run-'));
  const [file] = (await readdir(join(folder, 'wandb', left))).filter((name) => name.endsWith('.wandb'));
  const read = spawnSync('python3', ['-c', READ, join(folder, 'wandb', left, file)], { encoding: 'utf8' });
  const records = read.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const of = (kind: string) => records.filter((record) => record.kind === kind);
  expect(of('run')[0]).toMatchObject({ id: 'a-b-c', items: { epochs: '"2"' } });
  expect(of('history').map(({ items }) => Number(items['train/loss']))).toEqual([1, 0.5]);
  expect(of('history')[1].items['test/accuracy']).toMatch(/^1(\.0)?$/);
  expect(of('exit').map(({ code }) => code)).toEqual([0]);
});

it('says what is missing, once, and training goes on', async () => {
  vi.stubEnv('PATH', folder);
  const lost: string[] = [];
  const followed = new Followed([wandb()], (sentence) => lost.push(sentence));
  followed.begin(run());
  await followed.end('failed');
  expect(lost).toEqual([
    expect.stringMatching(
      /^Note: Weights & Biases does not follow this run any more; training goes on\. python3? cannot be started .* pip install wandb/,
    ),
  ]);
});
