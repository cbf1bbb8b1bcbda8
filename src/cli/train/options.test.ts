import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { BUILT_IN } from '../../platform/node/datasets/data-kind.ts';
import { commandLine, fromAnywhere, givenAgain, givenToSeveral } from './options.ts';

it('a built-in data set stays the built-in one, whatever folders there are', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'harrier-options-'));
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(async () => {
    process.chdir(before);
    await rm(folder, { recursive: true });
  });
  const here = process.cwd();
  for (const data of [...BUILT_IN, 'photos']) {
    await mkdir(data);
    const expected = data === 'photos' ? join(here, data) : data;
    expect((await fromAnywhere({ data })).data).toBe(expected);
    expect((await givenToSeveral({ resume: 'latest', data })).data).toBe(expected);
    expect((await givenAgain({}, { data })).data).toBe(expected);
  }
});

it.each<[string[], string]>([
  [['--from', 'https://me:word@h.example/m.onnx?sig=x'], '--from https://h.example/m.onnx'],
  [['--from=https://h.example/m.onnx?sig=x'], '--from=https://h.example/m.onnx'],
  [['--log-to', 'csv=all.csv,mlflow=https://me:word@h.example'], '--log-to csv=all.csv,mlflow'],
  [['--set', 'source=https://h.example/w.bin'], '--set source=https://h.example/w.bin'],
  [['--log-to=./hook.ts=https://h.example/T0/B0'], '--log-to=./hook.ts'],
  [
    ['--class-weight', 'cat=2,dog=1', '--data', './my photos'],
    "--class-weight cat=2,dog=1 --data './my photos'",
  ],
])('the command of a run holds no secret: %j', (typed, shown) => {
  expect(commandLine(typed)).toBe(`npx harrier ${shown}`);
});
