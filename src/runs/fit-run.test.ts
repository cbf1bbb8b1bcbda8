import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { images } from '../../test/training/problem.ts';
import { HarrierError } from '../errors.ts';
import { Dense, Flatten } from '../layers/index.ts';
import { Network } from '../models/index.ts';
import { optimizerFrom } from '../optimizers/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { FolderStore } from '../platform/node/runs/folder-store.ts';
import type { Runtime } from '../runtime/index.ts';
import { checkpointsOf, removeCheckpoints } from './checkpoints.ts';
import { type FitHooks, fitRun, type RunCheckpoints } from './fit-run.ts';
import { runOptions } from './run-options.ts';
import { RUN_FILES, StoredRun } from './stored-run.ts';
import { trainingImages } from './training-images.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-fit-run-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const network = new Network({
  name: 'tiny',
  inputShape: [6, 6, 3],
  layers: [new Flatten(), new Dense({ units: 3, activation: 'softmax' })],
});
const options = runOptions(
  { name: 'tiny', epochs: 4, batchSize: 4, optimizer: { name: 'Adam' }, validationSplit: 0.25 },
  { threads: 1, data: 'planted' },
);
const plan = {
  options,
  network,
  optimizer: optimizerFrom(options.optimizer),
  ...trainingImages({ train: images(24, 6, 6) }, options).images,
};
const cpu = nodeRuntime({ threads: 1 });
const platform = { clock: () => performance.now() };

const fitTiny = (checkpoints: RunCheckpoints, hooks: FitHooks = {}, runtime: Runtime = cpu) =>
  fitRun({ ...plan, runtime }, checkpoints, platform, hooks);
const stored = (name: string) => new StoredRun(new FolderStore(join(folder, name)));

/** Asked after every step, says no until it was asked so often. */
function after(steps: number): () => boolean {
  let asked = 0;
  return () => ++asked > steps;
}

describe('fitRun', () => {
  it('goes on from the checkpoints that it kept as if it had never stopped', async () => {
    const whole = await fitTiny({ id: 'a' });
    expect(whole.ended).toBe('finished');
    const run = stored('stopped');
    const first = await fitTiny({ id: 'a', stored: run }, { interrupted: after(7) });
    expect(first.ended).toBe('interrupted');
    const kept = await checkpointsOf(run, 'a');
    expect(kept?.last.position.step).toBeLessThan(whole.position.step);
    const second = await fitTiny({ id: 'a', stored: run, kept });
    expect([...second.weights]).toEqual([...whole.weights]);
    expect(second.bestEpoch).toBe(whole.bestEpoch);
    expect(await run.store.list()).toEqual([RUN_FILES.best, RUN_FILES.last, RUN_FILES.history]);
    await removeCheckpoints(run);
    expect(await run.store.list()).toEqual([]);
  });

  it('goes on with the other runtime from the last checkpoint when the first one fails', async () => {
    const whole = await fitTiny({ id: 'a' });
    let steps = 0;
    const failing: Runtime = {
      ...cpu,
      compile: async (...given) => {
        const executable = await cpu.compile(...given);
        return {
          ...executable,
          step: (...inputs) => {
            if (++steps > 9) throw new HarrierError('device-lost', 'the graphics device is gone');
            return executable.step(...inputs);
          },
        };
      },
    };
    const begun: number[] = [];
    const hooks = { onStep: ({ epoch }: { epoch: number }) => begun.push(epoch), fallback: async () => cpu };
    const result = await fitTiny({ id: 'a' }, hooks, failing);
    expect([...result.weights]).toEqual([...whole.weights]);
    // The epoch in which it failed begins again, those before do not.
    expect(begun.filter((epoch) => epoch === 1)).toHaveLength(5);
    await expect(fitTiny({ id: 'a' }, {}, failing)).rejects.toThrow('the graphics device is gone');
  });

  it('goes on without checkpoints where nothing can be kept, and says so once', async () => {
    await writeFile(join(folder, 'a-file'), '');
    const run = stored('a-file/below');
    const errors: unknown[] = [];
    const result = await fitTiny({ id: 'a', stored: run }, { onUnsaved: (error) => errors.push(error) });
    expect(result.ended).toBe('finished');
    expect(errors).toEqual([expect.objectContaining({ code: 'storage' })]);
    await expect(fitTiny({ id: 'a', stored: run })).rejects.toMatchObject({ code: 'storage' });
  });
});

describe('checkpoints', () => {
  it('of another run are refused', async () => {
    const run = stored('other');
    await fitTiny({ id: 'a', stored: run }, { interrupted: after(2) });
    await expect(checkpointsOf(run, 'b')).rejects.toThrow('this checkpoint belongs to another run');
  });

  it('without the best one that they name are taken where the last is the same, else refused or begun anew', async () => {
    const run = stored('bestless');
    let told = 0;
    // After an epoch that is the best so far.
    await fitTiny({ id: 'a', stored: run }, { onEpoch: () => told++, interrupted: () => told === 1 });
    await run.remove('best');
    const kept = await checkpointsOf(run, 'a');
    expect(kept?.best).toBe(kept?.last);
    await fitTiny({ id: 'a', stored: run, kept }, { interrupted: after(2) });
    await run.remove('best');
    await expect(checkpointsOf(run, 'a')).rejects.toThrow(
      /best\.safetensors: the checkpoint of the best epoch \(1\) is missing\. Restore it, or remove/,
    );
    const sentences: string[] = [];
    expect(await checkpointsOf(run, 'a', undefined, (each) => sentences.push(each))).toBeUndefined();
    expect(sentences).toEqual([expect.stringMatching(/\(1\) is missing, so training starts over\.$/)]);
  });
});

describe('the folder of a run', () => {
  it('lists what is whole, and tidies what is not', async () => {
    const { store } = stored('tidy');
    await store.write('run.json', '{}');
    await writeFile(join(folder, 'tidy', 'run.json.12-0a1b2c3d.tmp'), 'half');
    await store.note('progress.json', '{}');
    expect(await store.list()).toEqual(['progress.json', 'run.json']);
    await store.exclusively(() => store.tidy());
    expect((await readdir(join(folder, 'tidy'))).sort()).toEqual(['progress.json', 'run.json']);
    expect(await store.read('none')).toBeUndefined();
  });

  it('is held by one at a time', async () => {
    const { store } = stored('held');
    await store.exclusively(async () => {
      await expect(stored('held').store.exclusively(async () => 1)).rejects.toMatchObject({ code: 'in-use' });
    });
    expect(await store.exclusively(async () => 2)).toBe(2);
  });
});
