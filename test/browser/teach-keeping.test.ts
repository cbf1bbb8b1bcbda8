/** What Studio's view Teach keeps in the browser's storage, from a folder of files. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type StaticHost, staticHost } from '../../src/cli/bench/web/static-host.ts';
import { Reporter } from '../../src/cli/reporter.ts';
import { builtPage } from '../../src/cli/studio/page.ts';
import { exportSite } from '../../src/studio-server/export.ts';
import { closeTestBrowser, noChromium, testBrowser } from './browser.ts';
import type { Upload } from './cifar-files.ts';
import { smallNetwork } from './small-network.ts';

describe.skipIf(noChromium)(`what Teach keeps${noChromium ? ` (${noChromium})` : ''}`, () => {
  let folder: string;
  let host: StaticHost;
  let context: BrowserContext;
  let page: Page;
  let images: Upload[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'harrier-teach-'));
    const pageFolder = await builtPage(new Reporter({ machine: true }));
    await exportSite({ folder: join(folder, 'site'), pageFolder, runs: [], data: [] });
    // Stands in for the model that comes with Harrier, which takes seconds for each epoch.
    const base = smallNetwork();
    host = await staticHost(async (path) =>
      /^\/api\/models\/[^/]+\/model\.onnx$/.test(path)
        ? base
        : readFile(join(folder, 'site', path)).catch(() => undefined),
    );
    images = await Promise.all(Array.from({ length: 8 }, (_, i) => noise(`${i}.png`)));
  });
  afterEach(() => context?.close());
  afterAll(async () => {
    await closeTestBrowser();
    await host?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** An image of some 7 kB that is kept as it is. */
  async function noise(name: string): Promise<Upload> {
    const image = sharp({
      create: {
        width: 48,
        height: 48,
        channels: 3,
        background: '#808080',
        noise: { type: 'gaussian', mean: 128, sigma: 60 },
      },
    });
    return { name, mimeType: 'image/png', buffer: await image.png().toBuffer() };
  }

  async function open(): Promise<void> {
    context = await (await testBrowser()).newContext({ viewport: { width: 1280, height: 900 } });
    page = await context.newPage();
    await page.goto(`${host.address}#/teach`);
    await page.waitForSelector('.class-card');
  }

  const thumbnails = () => page.locator('.thumbnails li');

  async function add(place: number, files: readonly Upload[]): Promise<void> {
    const before = await thumbnails().count();
    const card = page.locator('.class-card').nth(place);
    await card.locator('input[type=file]').setInputFiles([...files]);
    await thumbnails()
      .nth(before + files.length - 1)
      .waitFor();
  }

  async function twoClasses(): Promise<void> {
    await add(0, images.slice(0, 4));
    await add(1, images.slice(4));
  }

  const showOptions = () => page.getByRole('button', { name: 'Options', exact: true }).click();
  const trained = () => page.waitForSelector('.try-panel', { timeout: 90_000 });

  const mirrored = () => page.getByLabel('A mirror image is the same thing');

  async function train(options: { readonly mirrored?: boolean } = {}): Promise<void> {
    await showOptions();
    await page.getByLabel('Epochs').fill('1');
    if (options.mirrored === false) await mirrored().uncheck();
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await trained();
  }

  async function save(): Promise<string> {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save project' }).click(),
    ]);
    const file = join(folder, 'saved.harrier.zip');
    await download.saveAs(file);
    return file;
  }

  async function startOver(): Promise<void> {
    await page.getByRole('button', { name: 'Start over' }).click();
    await page.getByRole('button', { name: 'Remove all' }).click();
  }

  /** Names of the files in the site's storage. */
  const files = () =>
    page.evaluate(async () => {
      const namesIn = async (at: FileSystemDirectoryHandle): Promise<string[]> => {
        const names: string[] = [];
        for await (const [name, handle] of at.entries()) {
          if (handle.kind === 'file') names.push(name);
          else names.push(...(await namesIn(handle as FileSystemDirectoryHandle)));
        }
        return names;
      };
      return namesIn(await navigator.storage.getDirectory());
    });

  /** Bytes that the site may keep; undefined: as many as ever. */
  async function allow(quotaSize?: number): Promise<void> {
    const client = await context.newCDPSession(page);
    const { origin } = new URL(host.address);
    await client.send('Storage.overrideQuotaForOrigin', { origin, quotaSize });
  }

  const unkept = () => page.locator('.thumbnails .unkept');

  it('a project that is opened while the one before is still being removed stays whole', async () => {
    await open();
    await twoClasses();
    await train();
    const saved = await save();
    // Until the page is loaded anew, as on a slow disk.
    await page.evaluate(() => {
      const { removeEntry } = FileSystemDirectoryHandle.prototype;
      let last: Promise<unknown> = Promise.resolve();
      FileSystemDirectoryHandle.prototype.removeEntry = function (this: FileSystemDirectoryHandle, ...what) {
        const own = last
          .then(() => new Promise((resolve) => setTimeout(resolve, 200)))
          .then(() => removeEntry.apply(this, what));
        last = own.catch(() => {});
        return own.finally(() => {
          document.body.dataset.removals = `${Number(document.body.dataset.removals ?? 0) + 1}`;
        });
      };
    });
    await startOver();
    await page.getByLabel('Project file').setInputFiles(saved);
    await thumbnails().nth(7).waitFor();
    await trained();
    // All that was there: eight images, the model, and its outcome.
    await page.waitForFunction(() => Number(document.body.dataset.removals) >= 10);
    await expect.poll(files, { timeout: 30_000 }).toContain('outcome.json');
    await page.reload();
    await trained();
    expect(await thumbnails().count()).toBe(8);
  });

  it('an image that was never kept comes back by Undo as one that is in this page only, until there is room', async () => {
    await open();
    await allow(1);
    await add(0, images.slice(0, 3));
    const words = (count: number) => page.getByText(`${count} images, marked below, are in this page only`);
    await words(3).waitFor();
    await page.getByRole('button', { name: 'Remove 1.png' }).click({ force: true });
    await words(2).waitFor();
    // Longer than what changes waits to be kept; too short a wait only lets pass what forgets the image.
    await page.waitForTimeout(500);
    await page.getByRole('button', { name: 'Undo' }).click();
    await words(3).waitFor();
    expect(await unkept().count()).toBe(3);

    await allow();
    await page.locator('.class-name').first().fill('noise');
    await page.getByText('in this page only').waitFor({ state: 'detached' });
    expect(await unkept().count()).toBe(0);
    await page.reload();
    await thumbnails().nth(2).waitFor();
    expect(await thumbnails().count()).toBe(3);
  });

  it('removed images make room for one that there was none for, as soon as Undo does not bring them back', async () => {
    await open();
    await twoClasses();
    const kept = async () => (await files()).filter((name) => name.startsWith('picture-')).length;
    await expect.poll(kept, { timeout: 30_000 }).toBe(8);
    await allow(await page.evaluate(async () => (await navigator.storage.estimate()).usage));
    await add(1, images.slice(0, 1));
    const words = page.getByText('1 image, marked below, is in this page only');
    await words.waitFor();
    await page.clock.install();
    await page.getByRole('button', { name: 'Remove class Class 1' }).click();
    await page.getByText('Removed “Class 1”.').waitFor();
    expect(await kept()).toBe(8);
    await page.clock.fastForward('00:20');
    await words.waitFor({ state: 'detached' });
    expect([await kept(), await unkept().count()]).toEqual([5, 0]);
    await page.reload();
    await thumbnails().nth(4).waitFor();
    expect(await thumbnails().count()).toBe(5);
  });

  it('options are those of the project: after a training, when it is opened again, and in its file', async () => {
    await open();
    await twoClasses();
    await train({ mirrored: false });
    const chosen = async () => {
      if (!(await mirrored().isVisible())) await showOptions();
      return [await mirrored().isChecked(), await page.getByLabel('Epochs').inputValue()];
    };
    await expect.poll(chosen).toEqual([false, '1']);
    await page.reload();
    await trained();
    await expect.poll(chosen).toEqual([false, '1']);
    const saved = await save();
    await startOver();
    await expect.poll(chosen).toEqual([true, '']);
    await page.getByLabel('Project file').setInputFiles(saved);
    await trained();
    await expect.poll(chosen).toEqual([false, '1']);
  });

  it('an image that is dropped on the panel Try is tried, and becomes no image of a class', async () => {
    await open();
    await twoClasses();
    await train();
    const panel = page.locator('.try-panel');
    // Beside the zone, on it, and on the image that was tried last.
    const source = () => panel.evaluate((it) => it.querySelector<HTMLImageElement>('.tried')?.src);
    const drop = (where: string, buffers: readonly Buffer[]) =>
      panel.locator(where).evaluate(
        (element, files) => {
          const dataTransfer = new DataTransfer();
          for (const [i, bytes] of files.entries()) {
            const name = `it-${i}.png`;
            dataTransfer.items.add(new File([Uint8Array.from(bytes)], name, { type: 'image/png' }));
          }
          element.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
        },
        buffers.map((buffer) => [...buffer]),
      );
    for (const where of ['h2', '.dropzone', '.tried']) {
      const before = await source();
      await drop(where, [images[0].buffer]);
      await expect.poll(source).not.toBe(before);
      await panel.locator('.verdict').waitFor();
    }
    // Several are none to try: they go where they would go beside the panel, and no others are there before them.
    await drop(
      'h2',
      images.slice(-2).map(({ buffer }) => buffer),
    );
    await expect.poll(() => thumbnails().count()).toBeGreaterThan(8);
    await expect.poll(() => thumbnails().count()).toBe(10);
  });

  it('on a phone, Undo does not lie over the buttons of the training', async () => {
    await open();
    await page.setViewportSize({ width: 360, height: 740 });
    await add(0, images.slice(0, 1));
    await page.getByRole('button', { name: 'Remove 0.png' }).click({ force: true });
    const boxOf = async (selector: string) => (await page.locator(selector).boundingBox())!;
    const [pill, row] = [await boxOf('.teach-undo > div'), await boxOf('.train-row')];
    expect(pill.y + pill.height).toBeLessThan(row.y);
    await page.setViewportSize({ width: 740, height: 360 });
    const low = await boxOf('.teach-undo > div');
    expect(low.y + low.height).toBeGreaterThan(300);
  });
});
