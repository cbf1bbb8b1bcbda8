import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Classifier } from 'harrier';
import { nodeRuntime } from 'harrier/node';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { REFERENCE, SHARED } from '../test/real-weights.ts';

const PHOTOS = join(SHARED, 'data/ants-bees');
const reason = [REFERENCE, PHOTOS].find((path) => !existsSync(path));
/** Photos of each class to learn from, and to test with. */
const [TRAINED, TESTED] = [10, 5];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-example-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.skipIf(reason !== undefined)(
  `the example of transfer learning tells ants from bees${reason ? ` (skipped: there is no ${reason})` : ''}`,
  { timeout: 300_000 },
  async () => {
    for (const [part, count] of [
      ['train', TRAINED],
      ['test', TESTED],
    ] as const) {
      for (const label of ['ants', 'bees']) {
        await mkdir(join(folder, part, label), { recursive: true });
        const names = (await readdir(join(PHOTOS, part, label))).sort().slice(0, count);
        for (const name of names) {
          await cp(join(PHOTOS, part, label, name), join(folder, part, label, name));
        }
      }
    }
    const file = join(folder, 'photos.onnx');
    const { argv } = process;
    process.argv = [...argv.slice(0, 2), REFERENCE, folder, file];
    const print = vi.spyOn(console, 'log').mockImplementation(() => {});
    await import('./transfer-learning.ts');
    const [[heldOut], [accuracy]] = print.mock.calls;
    print.mockRestore();
    process.argv = argv;

    expect(heldOut).toBeGreaterThan(0.6);
    expect(accuracy).toBeGreaterThan(0.7);
    const loaded = await Classifier.load(nodeRuntime(), await readFile(file), file);
    expect(loaded.classNames).toEqual(['ants', 'bees']);
    await loaded.dispose();
  },
);

it('the page on transfer learning shows this example', async () => {
  const [source, page] = await Promise.all(
    ['transfer-learning.ts', '../docs/transfer-learning.md'].map((path) =>
      readFile(new URL(path, import.meta.url), 'utf8'),
    ),
  );
  const shown = source.slice(source.indexOf('const backbone')).trim();
  expect(page).toContain(
    shown
      .replace('(network)', "('efficientnet-lite0')")
      .replace('(photos,', "('./photos',")
      .replace('(file,', "('photos.onnx',"),
  );
});
