import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRunFolder, findRun, newRecord, newRun, prepareRun, trainRun } from 'harrier/node';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { writeImages } from '../test/cli/harrier.ts';

const before = process.cwd();
let place: string;
beforeAll(async () => {
  place = await realpath(await mkdtemp(join(tmpdir(), 'harrier-a-run-')));
  await writeImages(join(place, 'photos'), { perClass: 12, side: 12 });
  process.chdir(place);
});
afterAll(async () => {
  process.chdir(before);
  await rm(place, { recursive: true });
});

it('trains a run that commands know, and lists it', { timeout: 300_000 }, async () => {
  const print = vi.spyOn(console, 'log').mockImplementation(() => {});
  await import('./a-run.ts');
  const lines = print.mock.calls;
  print.mockRestore();
  const folder = await findRun('latest');
  const { created, options, result } = await folder.record();
  expect([options.recipe, options.epochs, result?.ended]).toEqual(['quick', 5, 'finished']);
  expect(lines.at(-1)).toEqual([folder.path, created, 5, result!.testAccuracy]);
  expect(lines.at(-2)).toEqual([result!.testAccuracy]);
  const history = await folder.history();
  expect(lines.slice(-7, -2)).toEqual(history.map(({ epoch, loss }) => [epoch, loss]));
  expect((await folder.evaluation())?.accuracy).toBe(result!.testAccuracy);
});

it('goes on with a run that was interrupted', { timeout: 300_000 }, async () => {
  const { options, ...method } = await newRun({ data: './photos', recipe: 'quick', epochs: 2 });
  const begun = await prepareRun(options, method);
  const path = join(place, 'cut');
  const cut = await createRunFolder(options.recipe, path);
  let epochs = 0;
  const interrupted = await cut.exclusively(() =>
    trainRun(begun, newRecord(begun, 'test'), cut, {
      onEpoch: ({ epoch }) => {
        epochs = epoch;
      },
      interrupted: () => epochs >= 1,
    }),
  );
  expect([interrupted.ended, await cut.evaluation()]).toEqual(['interrupted', undefined]);

  const folder = await findRun(path);
  const record = await folder.record();
  const run = await prepareRun(record.options, {}, record);
  expect((await folder.exclusively(() => trainRun(run, record, folder))).ended).toBe('finished');
  expect((await folder.history()).map(({ epoch }) => epoch)).toEqual([1, 2]);
});

it('is shown in the docs as it is', async () => {
  const [source, page] = await Promise.all(
    ['a-run.ts', '../docs/in-your-project.md'].map((path) =>
      readFile(new URL(path, import.meta.url), 'utf8'),
    ),
  );
  expect(page).toContain(source.slice(source.indexOf('\nimport')).trim());
});
