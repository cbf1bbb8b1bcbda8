import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { harrier, sentenceOf, workplace } from '../cli/harrier.ts';

// What is wrong with a command is told before anything is built or served. That it serves: test/package.

let place: { path: string; remove: () => Promise<void> };
beforeAll(async () => {
  place = await workplace();
  await writeFile(join(place.path, 'file'), '');
  await mkdir(join(place.path, 'full'));
  await writeFile(join(place.path, 'full', 'own.txt'), '');
});
afterAll(() => place.remove());

it.each([
  [['--port', '70000'], 2, /--port: this port does not exist: expected at most 65535/],
  [['--port', 'x'], 2, /--port: this value cannot be used/],
  [['file'], 2, /this is a file: expected a folder of runs/],
  [
    ['--data', 'nowhere'],
    1,
    /nowhere: there is no such data set or folder: expected cifar10, .* the path of a folder .*, or of an archive/,
  ],
  [
    ['--data', 'file'],
    1,
    /file: this is a file: expected cifar10, .* the path of a folder .*, or of an archive/,
  ],
  [['--runs', 'latest'], 2, /--runs needs --export/],
  [['--data-folder', 'mine', '--export', 'site'], 2, /--data-folder does not go with --export/],
  [['one', 'two'], 2, /too many arguments/],
])('studio %j fails with a sentence', async (args, code, message) => {
  const finished = await harrier(['studio', ...args], { cwd: place.path });
  expect([finished.code, sentenceOf(finished)]).toEqual([code, expect.stringMatching(message)]);
  expect(finished.stdout).toBe('');
});

it('has help with examples', async () => {
  const { code, stdout } = await harrier(['studio', '--help'], { cwd: place.path });
  expect([code, stdout]).toEqual([0, expect.stringMatching(/Examples:\n.*npx harrier studio/)]);
});
