import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newRun, type TrainOptions } from '../../platform/node/runs/new-run.ts';
import type { Interruption } from '../interruption.ts';
import { Reporter } from '../reporter.ts';
import { runTrial } from '../sweep/apart.ts';
import { SWEEP_FORMAT, SweepFolder, type SweepRecord } from '../sweep/folder.ts';
import { planText } from '../sweep/plan-file.ts';
import { trainFolds } from './folds.ts';
import { trainSeeds } from './seeds.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-several-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const silent = () => {
  const output = new PassThrough().resume() as unknown as NodeJS.WriteStream;
  return new Reporter({ stdout: output, stderr: output, environment: {} });
};
const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Reads the recipe of a run, as training does, and trains nothing. */
const begin = async (given: TrainOptions) => {
  await newRun(given);
  throw new Error('this run would begin');
};
const sweepOf = (given: SweepRecord['given'], trialFolder = 'trial-1'): SweepRecord => ({
  format: SWEEP_FORMAT,
  command: '',
  created: '',
  title: '',
  given,
  variations: [],
  epochs: 1,
  halving: false,
  parallel: 1,
  threads: 1,
  images: 1,
  trials: [{ number: 1, settings: {}, folder: trialFolder }],
});

describe("somebody else's record of several runs", () => {
  /** Says that it was run, by a file beside it. */
  const hostile = async () => {
    const file = join(folder, 'recipe.mjs');
    const run = `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(`${file}.ran`)}, '');`;
    await writeFile(file, `${run} export default { name: 'x' };`);
    return file;
  };
  const refusal = 'its recipe is a file of another folder, which is not run unasked: expected';

  it.each(['recipe', 'recipeFile'])('does not run the file that its %s names', async (option) => {
    const file = await hostile();
    const given = option === 'recipe' ? { recipe: file } : { recipe: 'x', recipeFile: file };
    const common = { format: 1, created: '', given, words: [] };
    const seeds = join(folder, 'seeds');
    const folds = join(folder, 'folds');
    await mkdir(seeds);
    await mkdir(folds);
    await writeFile(join(seeds, 'seeds.json'), JSON.stringify({ ...common, seeds: [1] }));
    await writeFile(join(folds, 'folds.json'), JSON.stringify({ ...common, folds: 2 }));
    await expect(trainSeeds({ resume: seeds }, [], silent(), begin)).rejects.toThrow(refusal);
    await expect(trainFolds({ resume: folds }, [], silent(), begin)).rejects.toThrow(refusal);

    const sweep = new SweepFolder(folder);
    await sweep.writeRecord(sweepOf(given));
    await expect(sweep.record()).rejects.toThrow(refusal);
    const plan = join(folder, 'trials.jsonl');
    await writeFile(plan, planText(sweepOf(given)));
    const out = join(folder, 'runs');
    const trial = runTrial({ plan, trial: 1, out }, silent(), {} as Interruption);
    await expect(trial).rejects.toThrow(refusal);
    expect(await exists(`${file}.ran`)).toBe(false);
  });

  it('names no tracker that is opened', async () => {
    const given = { recipe: 'keras-cnn', logTo: join(folder, 'tracker.mjs') };
    const record = { format: 1, created: '', seeds: [1], given, words: [] };
    await writeFile(join(folder, 'seeds.json'), JSON.stringify(record));
    const begun: TrainOptions[] = [];
    const train = trainSeeds({ resume: folder }, [], silent(), async (own) => {
      begun.push(own);
      throw new Error('this run would begin');
    });
    await expect(train).rejects.toThrow('this run would begin');
    expect(begun).toMatchObject([{ recipe: 'keras-cnn', logTo: undefined }]);
  });

  it('has no trial outside of its folder', async () => {
    const sweep = new SweepFolder(folder);
    await sweep.writeRecord(sweepOf({}, '../elsewhere'));
    await expect(sweep.record()).rejects.toThrow('the record of this sweep cannot be read');
  });

  it('goes on with a recipe of the current folder', async () => {
    const record = { format: 1, created: '', seeds: [1], words: [] };
    const given = { recipe: 'mine', recipeFile: join(process.cwd(), 'harrier.config.ts') };
    await writeFile(join(folder, 'seeds.json'), JSON.stringify({ ...record, given }));
    const train = trainSeeds({ resume: folder }, [], silent(), async ({ recipe, recipeFile }) => {
      throw new Error(`${recipe} of ${recipeFile}`);
    });
    await expect(train).rejects.toThrow(`mine of ${given.recipeFile}`);
  });
});

describe('secrets of what was typed', () => {
  const FROM = 'https://ann:word@models.example.org/m.onnx?X-Amz-Signature=secret';
  const TRACKERS =
    'mlflow=https://ann:s3cret@mlflow.example.org,./hook.ts=https://hooks.example.com/T0/SECRET';

  it('reach the runs, and no record', async () => {
    const out = join(folder, 'seeds');
    const typed: TrainOptions = { recipe: 'keras-cnn', seeds: 2, out, logTo: TRACKERS };
    const words = ['train', '--from', FROM, '--seeds', '2', '--log-to', TRACKERS];
    let kept = '';
    const train = trainSeeds(typed, words, silent(), async ({ logTo }) => {
      kept = await readFile(join(out, 'seeds.json'), 'utf8');
      throw new Error(`with ${logTo}`);
    });
    await expect(train).rejects.toThrow(`with ${TRACKERS}`);
    expect(kept).not.toMatch(/s3cret|SECRET|secret|ann/);
    expect(JSON.parse(kept).words).toEqual([
      'train',
      '--from',
      'https://models.example.org/m.onnx',
      '--log-to',
      'mlflow,./hook.ts',
    ]);
  });

  it('are given again where runs go on', async () => {
    const given = { from: 'https://models.example.org/m.onnx' };
    const record = { format: 1, created: '', seeds: [1], given, words: [] };
    await writeFile(join(folder, 'seeds.json'), JSON.stringify(record));
    const resumed = (from: string) =>
      trainSeeds({ resume: folder, from }, [], silent(), async (own) => {
        throw new Error(`from ${own.from}`);
      });
    await expect(resumed(FROM)).rejects.toThrow(`from ${FROM}`);
    await expect(resumed('https://models.example.org/other.onnx')).rejects.toThrow(
      '--from: resumed runs keep their own options',
    );
  });

  it('are in no sweep.json and no plan', async () => {
    const sweep = new SweepFolder(folder);
    const record = sweepOf({ from: FROM });
    await sweep.writeRecord(record);
    expect((await sweep.record()).given.from).toBe('https://models.example.org/m.onnx');
    expect(planText(record)).not.toContain('secret');
  });
});
