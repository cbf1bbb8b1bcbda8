import { expect, it } from 'vitest';
import { commandLine } from './options.ts';

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
