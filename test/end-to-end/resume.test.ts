import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { random } from '../../src/data/random.ts';
import { historyFromCsv } from '../../src/evaluation/index.ts';
import { decodeSafetensors } from '../../src/models/index.ts';
import { harrier, start, succeeded, workplace, writeImages } from '../cli/harrier.ts';

// Dropout, augmentation, an optimizer with slots, validation, a last partial batch: everything that a resumed run must not lose.
const OPTIONS = [
  ...['--data', 'images', '--epochs', '12', '--batch-size', '8', '--seed', '5', '--optimizer', 'adam'],
  ...['--augment', 'flip-alternating,translation=2,color,cutmix'],
  ...['--validation-split', '0.2', '--checkpoint-seconds', '0.05', '--set', 'filters=8', '--set', 'units=64'],
  ...['--learning-rate', '0.01'],
];
/** By seed, epochs after which a process is killed, a random moment later. */
const KILLED_IN: [seed: number, epochs: number[]][] = [
  [1, [0, 3, 9]],
  [2, [2, 3, 6]],
];

let place: { path: string; remove: () => Promise<void> };
let expected: Awaited<ReturnType<typeof resultOf>>;

/** In a process of its own, which can be killed. */
const begin = (...args: string[]) => start(['train', ...args], { cwd: place.path });
const resumption = (run: string) => ['--resume', run, '--checkpoint-seconds', '0.05'];
/** To the end. */
const train = (...args: string[]) => harrier(['train', ...args], { cwd: place.path });

beforeAll(async () => {
  place = await workplace();
  await writeImages(join(place.path, 'images'), { perClass: 60, side: 12, noise: 240 });
  await harrier(['data', 'images'], { cwd: place.path });
  succeeded(await train(...OPTIONS, '--out', 'straight'));
  expected = await resultOf('straight');
  const { result } = JSON.parse(await readFile(join(place.path, 'straight', 'run.json'), 'utf8'));
  expect(result.bestEpoch, 'the best epoch is not the last, so that its weights can get lost').toBeLessThan(
    12,
  );
});
afterAll(() => place.remove());

/** All that a run leaves, but for times. */
async function resultOf(run: string) {
  const read = (...parts: string[]) => readFile(join(place.path, run, ...parts));
  const tensors = async (name: string) => decodeSafetensors(await read('checkpoints', name), name).tensors;
  const history = historyFromCsv((await read('history.csv')).toString());
  return {
    last: await tensors('last.safetensors'),
    best: await tensors('best.safetensors'),
    model: (await read('model.onnx')).toString('base64'),
    evaluation: (await read('evaluation.json')).toString(),
    history: history.map(({ seconds, ...record }) => record),
    files: (await readdir(join(place.path, run), { recursive: true })).sort(),
  };
}

async function expectTheSame(run: string): Promise<void> {
  const actual = await resultOf(run);
  expect([...actual.last.keys()].sort()).toEqual([...expected.last.keys()].sort());
  for (const part of ['last', 'best'] as const) {
    for (const [name, { data }] of expected[part]) {
      const same = Buffer.compare(bytesOf(actual[part].get(name)!.data), bytesOf(data)) === 0;
      expect(same, `${part}: ${name}`).toBe(true);
    }
  }
  expect(actual.model === expected.model, 'model.onnx').toBe(true);
  expect(actual.evaluation).toBe(expected.evaluation);
  expect(actual.history).toEqual(expected.history);
  expect(actual.files).toEqual(expected.files);
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

describe('the same run', () => {
  it.each(KILLED_IN)('killed at random and resumed gives the same bytes (seed %i)', async (seed, epochs) => {
    const run = `killed-${seed}`;
    const moments = random(seed, 'kill');
    let running = begin(...OPTIONS, '--out', run);
    let killed = 0;
    let said = '';
    for (const [i, epoch] of epochs.entries()) {
      await running.says(epoch === 0 ? 'seed 5, ' : `epoch ${`${epoch}`.padStart(2)}/12`);
      await sleep(moments.uniform() * 200);
      running.process.kill('SIGKILL');
      const { signal, stdout } = await running.finished;
      if (signal === 'SIGKILL') killed++;
      said += stdout;
      if (i < epochs.length - 1) running = begin(...resumption(run));
    }
    const resumed = await train(...resumption(run));
    succeeded(resumed);
    said += resumed.stdout;
    expect(killed).toBeGreaterThan(0);
    // Otherwise every process began from the beginning, and nothing was shown.
    expect(said).toMatch(/at epoch \d+, step \d+/);
    await expectTheSame(run);
  });

  it('stopped by SIGINT, then by SIGTERM, saves, says how to go on, and goes on to the same bytes', async () => {
    let running = begin(...OPTIONS, '--out', 'stopped');
    for (const [signal, exitCode] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const]) {
      // Of the second process, whichever epoch it ends first.
      await running.says('/12  loss');
      running.process.kill(signal);
      const { code, stderr } = await running.finished;
      expect(code).toBe(exitCode);
      expect(stderr).toMatch(
        /Stopped and saved after .*epoch \d+\.\nResume with: npx harrier train --resume stopped/,
      );
      if (signal === 'SIGINT') running = begin(...resumption('stopped'));
    }
    const resumed = await train(...resumption('stopped'));
    succeeded(resumed);
    expect(resumed.stdout).toMatch(/^Resuming stopped at epoch \d+, step \d+\./);
    await expectTheSame('stopped');
  });
});

describe('a finished run', () => {
  it('goes on for more epochs, as one that was longer from the start', async () => {
    const short = OPTIONS.map((option) => (option === '12' ? '5' : option));
    succeeded(await train(...short, '--out', 'extended'));
    succeeded(await train('--resume', 'extended', '--epochs', '12'));
    await expectTheSame('extended');
  });
});
