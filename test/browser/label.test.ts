/** The view Label: real photos labelled by keyboard, taken back, confirmed together, and trained from. */
import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBackbone } from '../../src/platform/node/backbones/load-backbone.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import type { LabellingInfo } from '../../src/studio-server/api.ts';
import { LabelSession } from '../../src/studio-server/labelling/session.ts';
import { harrier } from '../cli/harrier.ts';
import { shared } from '../shared.ts';
import { closeTestBrowser, noChromium } from './browser.ts';
import { accessibilityFaults, type StudioInBrowser, studioInBrowser, untilShown } from './studio.ts';

const photos = shared('data/ants-bees/train');
const model = shared('models/efficientnet-lite0.onnx');
const skipped = noChromium ?? (photos.isThere && model.isThere ? undefined : `${photos.note}${model.note}`);
const CLASSES = ['ants', 'bees'] as const;
/** Photos of each class. */
const EACH = 24;

describe.skipIf(skipped !== undefined)(`Label${skipped ? ` (${skipped})` : ''}`, () => {
  let studio: StudioInBrowser;
  let opened: Awaited<ReturnType<StudioInBrowser['open']>>;
  let page: Page;
  let folder: string;
  /** What each photo shows, by the name of its file. */
  const truth = new Map<string, (typeof CLASSES)[number]>();
  beforeAll(async () => {
    studio = await studioInBrowser(async (place) => {
      folder = join(place, 'unsorted');
      await mkdir(join(folder, 'more'), { recursive: true });
      for (const name of CLASSES) {
        const files = (await readdir(join(photos.path, name))).slice(0, EACH);
        for (const [i, file] of files.entries()) {
          truth.set(file, name);
          await cp(join(photos.path, name, file), join(folder, i % 2 === 0 ? 'more' : '', file));
        }
      }
      const backbone = await loadBackbone(model.path, { runtime: nodeRuntime({ threads: 1 }) });
      return { labelling: new LabelSession({ folder, backbone, classes: ['ants'] }) };
    });
    opened = await studio.open('label');
    page = opened.page;
    await page.locator('.label-stage img').waitFor();
  });
  afterAll(async () => {
    await opened?.close();
    await studio?.end();
    await closeTestBrowser();
  });

  const shown = () => page.locator('.label-stage .caption code').innerText();
  const labels = async () =>
    new Map(
      (await readFile(join(folder, 'labels.csv'), 'utf8'))
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(',') as [string, string]),
    );
  /** Presses a key, and waits for the next image. */
  const press = async (key: string) => {
    const before = await shown();
    await page.keyboard.press(key);
    await page.waitForFunction(
      (file) => document.querySelector('.label-stage .caption code')?.textContent !== file,
      before,
    );
    return before;
  };
  const labelled = (count: number) =>
    page
      .locator('.standing')
      .getByText(`${count} of ${2 * EACH} images`, { exact: true })
      .first()
      .waitFor();

  it('takes a further class, and labels photos by keys', async () => {
    await page.getByLabel('Another class').fill('bees');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /bees/ }).waitFor();
    await page.locator('.label-stage').focus();
    const done = new Map<string, string>();
    for (let i = 0; i < 12; i++) {
      const label = truth.get(basename(await shown()))!;
      done.set(await press(String(CLASSES.indexOf(label) + 1)), label);
    }
    await labelled(12);
    expect(await labels()).toEqual(done);
    await page.getByText(/Learned from 12 labels/).waitFor();
    expect(opened.faults).toEqual([]);
  });

  it('takes back, skips and confirms by keys', async () => {
    const before = await labels();
    const [last] = [...before.keys()].slice(-1);
    await page.keyboard.press('u');
    await page.locator('.label-stage .caption code').getByText(last, { exact: true }).waitFor();
    await labelled(11);
    expect((await labels()).has(last)).toBe(false);
    const skipped = await press('ArrowRight');
    await page.getByText('1 skipped').waitFor();
    await page.keyboard.press('Control+z');
    await page.locator('.label-stage .caption code').getByText(skipped, { exact: true }).waitFor();
    // The photo from before, and a proposal for it.
    await page.getByRole('button', { name: /^Confirm (ants|bees)/ }).waitFor();
    const proposed = (await page.locator('.label-stage .caption b').innerText()).trim();
    const file = await press('Enter');
    await labelled(12);
    expect((await labels()).get(file)).toBe(proposed);
    await page.keyboard.press('u');
    await labelled(11);
    await press(String(CLASSES.indexOf(truth.get(basename(last))!) + 1));
    await labelled(12);
  });

  it('is as usable for people who use no mouse, or do not see, and on a phone', async () => {
    expect(await accessibilityFaults(page)).toEqual([]);
    const levels = await page.locator('h1, h2, h3').evaluateAll((all) => all.map(({ tagName }) => tagName));
    expect(levels).toEqual(['H1', 'H2', 'H2']);
    await page.setViewportSize({ width: 390, height: 844 });
    const [inner, whole] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
    expect(whole).toBeLessThanOrEqual(inner);
    const skip = (await page.locator('.acts').getByRole('button', { name: /^Skip/ }).boundingBox())!;
    expect(skip.y + skip.height).toBeLessThan(844);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('confirms a group of photos at once, without those that are taken out', async () => {
    await page.getByRole('tab', { name: /^Together/ }).click();
    const heading = page.getByRole('heading', { name: /^Are these all/ });
    await heading.waitFor();
    const group = page.locator('.choose button');
    const filesShown = () =>
      group.locator('img').evaluateAll((all) => all.map((each) => each.getAttribute('alt')!));
    const files = await filesShown();
    // A head that is fitted meanwhile may be sure of others: what is on the screen stays.
    const settled = async () => {
      const { training, head, labelled } = await studio.json<LabellingInfo>('/api/labelling');
      return !training && head?.images === labelled;
    };
    await expect.poll(settled, { timeout: 60_000 }).toBe(true);
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    expect(await filesShown()).toEqual(files);
    const name = /all (\w+)\?/.exec(await heading.innerText())![1];
    await group.first().focus();
    await page.keyboard.press('Space');
    expect(await group.first().getAttribute('aria-pressed')).toBe('false');
    expect(await accessibilityFaults(page)).toEqual([]);
    // What could not be saved is as it was.
    await page.evaluate(() => {
      const { fetch } = window;
      window.fetch = async (address, init) => {
        if (!String(address).endsWith('/labelling/acts')) return fetch(address, init);
        window.fetch = fetch;
        return new Response('{}', { status: 500 });
      };
    });
    await page.keyboard.press('Enter');
    await untilShown(page, 'This was not saved');
    expect(await group.first().getAttribute('aria-pressed')).toBe('false');
    expect(await group.count()).toBe(files.length);
    await page.keyboard.press('Enter');
    await labelled(12 + files.length - 1);
    const kept = await labels();
    expect(kept.has(files[0])).toBe(false);
    expect(files.slice(1).map((file) => kept.get(file))).toEqual(files.slice(1).map(() => name));
    // A second tab has the same.
    const second = await studio.open('label');
    await second.page
      .getByText(`${kept.size} of ${2 * EACH} images`, { exact: true })
      .first()
      .waitFor();
    expect(await second.page.locator('.label-stage .caption code').innerText()).toBe(files[0]);
    expect([...opened.faults, ...second.faults]).toEqual([]);
    await second.close();
  });

  it('says how to train, and that works', async () => {
    const command = await page
      .locator('.standing')
      .getByText(/npx harrier train --data/)
      .innerText();
    expect(command).toContain('labels.csv');
    const trained = await harrier(
      [
        'train',
        '--data',
        join(folder, 'labels.csv'),
        '--from',
        model.path,
        '--threads',
        '1',
        '--out',
        join(folder, '../run'),
      ],
      { cwd: folder },
    );
    expect([trained.code, trained.stdout]).toEqual([0, expect.stringMatching(/right/)]);
  });
});
