/** Studio's view Teach, from a folder of files that any web host could serve: no server of ours, one thread. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { unzipSync, zipSync } from 'fflate';
import type { BrowserContext, Page, Worker } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type StaticHost, staticHost } from '../../src/cli/bench/web/static-host.ts';
import { Reporter } from '../../src/cli/reporter.ts';
import { builtPage } from '../../src/cli/studio/page.ts';
import { BROWSER_RUNTIME } from '../../src/evaluation/programs.ts';
import { Classifier, trainedNetwork } from '../../src/models/index.ts';
import { decodeModel } from '../../src/onnx/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { decodeImage } from '../../src/platform/node/images/decode.ts';
import { exportSite } from '../../src/studio-server/export.ts';
import { closeTestBrowser, INSECURE_HOST, noChromium, testBrowser } from './browser.ts';
import { cifarFiles, type Upload } from './cifar-files.ts';
import { smallNetwork } from './small-network.ts';

/** What a training's worker has after `holdSteps`. */
interface HoldsSteps {
  /** Lets it take some more steps. Resolves when it waits before the next one. */
  takeSteps(count: number): Promise<void>;
}

/** In a training's worker: from here on it waits before each step until it is let on. */
function holdSteps(): void {
  const { postMessage } = MessagePort.prototype;
  const waiting: (() => void)[] = [];
  let left = 0;
  let told = () => {};
  const goOn = () => {
    for (; left > 0 && waiting.length > 0; left--) waiting.shift()!();
    if (waiting.length > 0) told();
  };
  // Before each step it sends itself an empty message, so that others come in.
  MessagePort.prototype.postMessage = function (this: MessagePort, message: unknown) {
    if (message !== undefined) return postMessage.call(this, message);
    waiting.push(() => postMessage.call(this, message));
    goOn();
  };
  Object.assign(globalThis, {
    takeSteps: (count: number) =>
      new Promise<void>((resolve) => {
        told = resolve;
        left += count;
        goOn();
      }),
  });
}

describe.skipIf(noChromium)(`Teach${noChromium ? ` (${noChromium})` : ''}`, () => {
  let folder: string;
  let host: StaticHost;
  let address: string;
  let frogs: Upload[];
  let ships: Upload[];
  let context: BrowserContext;
  /** Stands in for the model that comes with Harrier, which takes seconds for each epoch, where a test is of no accuracy. */
  let base: Uint8Array | Promise<Uint8Array> | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'harrier-teach-'));
    const pageFolder = await builtPage(new Reporter({ machine: true }));
    await exportSite({ folder: join(folder, 'site'), pageFolder, runs: [], data: [] });
    host = await staticHost(async (path) =>
      base && /^\/below\/api\/models\/[^/]+\/model\.onnx$/.test(path)
        ? base
        : readFile(join(folder, 'site', path.replace(/^\/below\//, '/'))).catch(() => undefined),
    );
    address = `${host.address}below/`;
    [frogs, ships] = await Promise.all([cifarFiles('frog', 12), cifarFiles('ship', 12)]);
  });
  afterEach(async () => {
    base = undefined;
    await context?.close();
  });
  afterAll(async () => {
    await closeTestBrowser();
    await host?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(query = ''): Promise<Page> {
    context = await (await testBrowser()).newContext({ viewport: { width: 1280, height: 900 } });
    return tab(query);
  }

  async function tab(query = ''): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${address}#/teach${query}`);
    await page.waitForSelector('.class-card');
    return page;
  }

  async function add(page: Page, place: number, files: readonly Upload[]): Promise<void> {
    await page
      .locator('.class-card')
      .nth(place)
      .locator('input[type=file]')
      .setInputFiles([...files]);
  }

  async function twoClasses(page: Page, count = 8): Promise<void> {
    for (const [place, files] of [frogs, ships].entries()) await add(page, place, files.slice(0, count));
    await page
      .locator('.thumbnails li')
      .nth(2 * count - 1)
      .waitFor();
  }

  async function train(page: Page, epochs?: number): Promise<void> {
    if (epochs !== undefined) {
      await page.getByRole('button', { name: 'Options', exact: true }).click();
      await page.getByLabel('Epochs').fill(`${epochs}`);
    }
    await page.getByRole('button', { name: 'Train', exact: true }).click();
  }

  /** A stream as a camera gives one. */
  const cameraOf = (page: Page) =>
    page.evaluate(() => {
      const canvas = document.createElement('canvas');
      const context = canvas.getContext('2d')!;
      const draw = () => {
        context.fillRect(0, 0, canvas.width, canvas.height);
        requestAnimationFrame(draw);
      };
      draw();
      navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(30);
    });

  const trained = (page: Page) => page.waitForSelector('.try-panel', { timeout: 90_000 });

  /**
   * Begins a training of the small network, or goes on with one, a step at a time: it does not end before a test has
   * done something to it. An epoch of so few images is one step.
   *
   * @param prepare the worker, before it has the model and asks for a device
   */
  async function stepwise(
    page: Page,
    begin: () => Promise<void>,
    prepare: (worker: Worker) => Promise<void> = async () => {},
  ) {
    let serve = () => {};
    base = new Promise((resolve) => {
      serve = () => resolve(smallNetwork());
    });
    const starting = page.waitForEvent('worker', (worker) => /teach-worker/.test(worker.url()));
    await begin();
    const worker = await starting;
    await worker.evaluate(holdSteps);
    await prepare(worker);
    serve();
    return {
      worker,
      /** Resolves when it waits before the step after these. */
      take: (count: number) =>
        worker.evaluate((steps) => (globalThis as unknown as HoldsSteps).takeSteps(steps), count),
      /** Waits no more. */
      release: () =>
        worker.evaluate(() => {
          void (globalThis as unknown as HoldsSteps).takeSteps(Number.POSITIVE_INFINITY);
        }),
    };
  }

  it('two classes are made, trained on in the page, tried, taken away, and answer in Node as they do here', {
    timeout: 240_000,
  }, async () => {
    const page = await open();
    await twoClasses(page);
    for (const [place, name] of ['frog', 'ship'].entries()) {
      await page.locator('.class-name').nth(place).fill(name);
    }
    await train(page, 5);
    await page.getByText(/images\/s/).waitFor({ timeout: 90_000 });
    await trained(page);
    expect(await page.locator('.held-out li').count()).toBe(4);

    await page.locator('.try-panel input[type=file]').setInputFiles([ships[10]]);
    const verdict = page.locator('.verdict');
    await verdict.waitFor();
    const shown = new Map<string, number>();
    for (const row of await verdict.locator('.bar-row').all()) {
      const fraction = Number((await row.locator('.bar-text').innerText()).replace('%', '')) / 100;
      shown.set(await row.locator('.bar-name').innerText(), fraction);
    }
    expect(shown.get('ship')).toBeGreaterThan(0.5);
    // What the camera saw last says nothing of an image.
    await cameraOf(page);
    const tryPanel = page.locator('.try-panel');
    await tryPanel.getByRole('button', { name: 'Webcam' }).click();
    await verdict.waitFor();
    await page.evaluate(() => {
      const { srcObject } = document.querySelector<HTMLVideoElement>('.try-panel video')!;
      for (const track of (srcObject as MediaStream).getTracks()) track.dispatchEvent(new Event('ended'));
    });
    await tryPanel.getByText('switched off or unplugged').waitFor();
    // Too short a wait fails nothing: it only lets pass what still looks at the picture that is gone.
    await page.waitForTimeout(500);
    await tryPanel.getByRole('button', { name: 'Try again' }).click();
    await tryPanel.getByText('Starting the camera').waitFor({ state: 'detached' });
    await verdict.waitFor();
    await tryPanel.getByRole('button', { name: 'Camera off' }).click();
    await tryPanel.getByText('Drop an image that it has not seen').waitFor();
    expect(await verdict.count()).toBe(0);

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: /^model\.onnx/ }).click(),
    ]);
    const file = join(folder, 'model.onnx');
    await download.saveAs(file);
    const bytes = await readFile(file);
    expect(trainedNetwork(decodeModel(bytes), file).network.outputSize).toBe(2);
    const model = await Classifier.load(nodeRuntime(), bytes);
    expect(model.classNames).toEqual(['frog', 'ship']);
    const answer = await model.predict(await decodeImage(ships[10].buffer, model.imageShape));
    await model.dispose();
    // The page shows hundredths of a percent.
    model.classNames.forEach((name, i) => {
      expect(Math.abs(answer[i] - shown.get(name)!)).toBeLessThan(1e-4);
    });

    // Without Harrier, by the programs that the page gives: an image of the model's own size is not scaled.
    await writeFile(join(folder, 'photo.jpg'), ships[10].buffer);
    const said = await runNodeProgram(await programOf(page, 'Node', 'classify.mjs'));
    expect(said).toMatch(/^ship (0\.\d+|1)\n$/);
    expect(Math.abs(Number(said.split(' ')[1]) - answer[1])).toBeLessThan(1e-4);
    await programOf(page, 'Web page', 'index.html');
    expect(Math.abs((await pageAnswer(ships[10])) - answer[1])).toBeLessThan(1e-4);
    expect(await readFile(await programOf(page, 'Python', 'classify.py'), 'utf8')).toContain(
      'classes = ["frog","ship"]',
    );

    await page.reload();
    await trained(page);
    expect(await page.locator('.thumbnails li').count()).toBe(16);
    expect(await page.locator('.class-name').nth(1).inputValue()).toBe('ship');
  });

  it('what is no usable image is left out, and said', async () => {
    const page = await open();
    const huge = Buffer.from(frogs[0].buffer);
    huge.writeUInt32BE(60_000, 16);
    huge.writeUInt32BE(60_000, 20);
    const bad: [string, Buffer, RegExp][] = [
      [
        'notes.png',
        Buffer.from('these are no pixels'),
        /notes\.png: not an image: expected PNG, .*text beginning "these are/,
      ],
      ['cut.png', frogs[0].buffer.subarray(0, 500), /cut\.png: the image is damaged or cut off/],
      [
        'huge.png',
        huge,
        /huge\.png: the image is too large: expected at most 67 megapixels, received 60000 × 60000/,
      ],
      ['film.mp4', Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0mp42isom'), /film\.mp4: not an image: .*a video/],
    ];
    for (const [name, buffer, message] of bad) {
      await add(page, 0, [{ name, mimeType: 'image/png', buffer }, frogs[1]]);
      await page.getByText(message).waitFor();
      await page.getByRole('button', { name: 'Close this message' }).click();
    }
    // The good ones beside them were taken.
    await page
      .locator('.thumbnails li')
      .nth(bad.length - 1)
      .waitFor();
    expect(await page.locator('.thumbnails li').count()).toBe(bad.length);
  });

  it('teaches over plain HTTP, with what browsers leave to such pages', async () => {
    const secure = address;
    address = address.replace(/localhost|127\.0\.0\.1/, INSECURE_HOST);
    base = smallNetwork();
    try {
      const page = await open();
      expect(await page.evaluate(() => isSecureContext)).toBe(false);
      await page.getByRole('button', { name: 'Webcam' }).first().click();
      await page.getByText('Browsers give the camera to secure pages alone').waitFor();
      await page.getByRole('button', { name: 'Close this message' }).click();
      await twoClasses(page, 4);
      await train(page, 1);
      await trained(page);
      await page.getByRole('button', { name: 'Copy', exact: true }).first().click();
      await page.getByText('The browser does not let pages copy').waitFor();
      await page.reload();
      await trained(page);
      expect(await page.locator('.thumbnails li').count()).toBe(8);
    } finally {
      address = secure;
    }
  });

  it('teaches where the browser keeps all data of the site away from the page', async () => {
    base = smallNetwork();
    context = await (await testBrowser()).newContext({ viewport: { width: 1280, height: 900 } });
    // As Firefox refuses with all cookies blocked.
    await context.addInitScript(() => {
      // The empty page before has none of them.
      if (!isSecureContext) return;
      const refuse = () => {
        throw new DOMException('The operation is insecure.', 'SecurityError');
      };
      Object.assign(globalThis, {
        BroadcastChannel: class {
          constructor() {
            refuse();
          }
        },
      });
      LockManager.prototype.request = LockManager.prototype.query = async () => refuse() as never;
      IDBFactory.prototype.open = refuse;
      StorageManager.prototype.getDirectory = async () => refuse() as never;
      for (const name of ['localStorage', 'sessionStorage']) {
        Object.defineProperty(globalThis, name, { get: refuse });
      }
    });
    const page = await tab();
    await twoClasses(page, 4);
    await page.getByText('the browser stores nothing for this page').waitFor();
    await train(page, 1);
    await trained(page);
  });

  it('says when the browser hides the pixels of images', async () => {
    context = await (await testBrowser()).newContext({ viewport: { width: 1280, height: 900 } });
    const page = await tab();
    const words = page.getByText('This browser hides the pixels of images from pages');
    expect(await words.count()).toBe(0);
    await context.addInitScript(() => {
      const read = OffscreenCanvasRenderingContext2D.prototype.getImageData;
      OffscreenCanvasRenderingContext2D.prototype.getImageData = function (...given) {
        const image = read.apply(this, given);
        crypto.getRandomValues(image.data);
        return image;
      };
    });
    await page.reload();
    await words.waitFor();
  });

  it('classes that cannot be learned are named, and what was removed comes back', async () => {
    const page = await open();
    await add(page, 0, frogs.slice(0, 3));
    await page.locator('.thumbnails li').nth(2).waitFor();
    await train(page);
    await page
      .getByText('Class 2: this class has no images: expected at least 2 images, received 0.')
      .waitFor();
    await add(page, 1, ships.slice(0, 1));
    await page.locator('.thumbnails li').nth(3).waitFor();
    await train(page);
    await page.getByText('Class 2: one image is too few to learn from').waitFor();
    await page.getByRole('button', { name: 'Remove class Class 2' }).click();
    await train(page);
    await page
      .getByText('one class is nothing to tell apart: expected at least 2 classes, received 1.')
      .waitFor();
    // Undo brings back the class, and leaves what was done since.
    await page.locator('.class-name').nth(0).fill('frog');
    await add(page, 0, frogs.slice(3, 4));
    await page.locator('.thumbnails li').nth(3).waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    expect(await page.locator('.class-card').count()).toBe(2);
    expect(await page.locator('.thumbnails li').count()).toBe(5);
    expect(await page.locator('.class-name').nth(0).inputValue()).toBe('frog');
    await page.locator('.class-name').nth(1).fill('Frog');
    await add(page, 1, ships.slice(1, 3));
    await page.locator('.thumbnails li').nth(6).waitFor();
    await train(page);
    await page.getByText('Frog: two classes have the same name.').waitFor();
  });

  it('folders become classes, what is dropped beside a zone is taken, and a fresh start leaves nothing', async () => {
    const photos = join(folder, 'photos');
    for (const [name, files] of [
      ['frog', frogs.slice(0, 3)],
      ['ship', ships.slice(0, 2)],
    ] as const) {
      await mkdir(join(photos, name), { recursive: true });
      for (const file of files) await writeFile(join(photos, name, file.name), file.buffer);
      await writeFile(join(photos, name, '.DS_Store'), 'nothing');
    }
    const page = await open();
    await page.locator('input[webkitdirectory]').setInputFiles(photos);
    await page.locator('.thumbnails li').nth(4).waitFor();
    const names = () =>
      page.locator('.class-name').evaluateAll((all) => all.map((each) => (each as HTMLInputElement).value));
    expect([await names(), await page.locator('.refusal').count()]).toEqual([['frog', 'ship'], 0]);
    expect(await page.locator('.class-count').allInnerTexts()).toEqual(['3 images', '2 images']);

    // A loose file goes to the class that was used last, also when it was used just now.
    await page.evaluate(
      async (bytes) => {
        document.querySelectorAll<HTMLElement>('.class-name')[1]!.focus();
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([Uint8Array.from(bytes)], 'loose.png', { type: 'image/png' }));
        document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
      },
      [...ships[2].buffer],
    );
    await page.locator('.thumbnails li').nth(5).waitFor();
    expect(await page.locator('.class-count').allInnerTexts()).toEqual(['3 images', '3 images']);

    await page.getByRole('button', { name: 'Start over' }).click();
    await page.getByRole('button', { name: 'Keep them' }).click();
    expect(await page.locator('.thumbnails li').count()).toBe(6);
    await page.getByRole('button', { name: 'Start over' }).click();
    await page.getByRole('button', { name: 'Remove all' }).click();
    expect(await names()).toEqual(['Class 1', 'Class 2']);
    const kept = () =>
      page.evaluate(async () => {
        const root = await navigator.storage.getDirectory();
        const all: string[] = [];
        const walk = async (folder: FileSystemDirectoryHandle): Promise<void> => {
          for await (const [name, handle] of folder.entries()) {
            if (handle.kind === 'directory') await walk(handle as FileSystemDirectoryHandle);
            else all.push(name);
          }
        };
        await walk(root);
        return all.filter((name) => /picture|features|model/.test(name));
      });
    await expect.poll(kept).toEqual([]);

    // In other views a stray drop does nothing; without this, the browser would open the file in the page's place.
    const isStopped = await page.evaluate(() => {
      location.hash = '#/try';
      const event = new DragEvent('drop', {
        dataTransfer: new DataTransfer(),
        bubbles: true,
        cancelable: true,
      });
      document.body.dispatchEvent(event);
      return event.defaultPrevented;
    });
    expect(isStopped).toBe(true);
  });

  it('a project of an archive is saved and opened again, and comes to the classes of its names', async () => {
    const archive = (names: Record<string, Upload[]>) =>
      zipSync(
        Object.fromEntries(
          Object.entries(names).flatMap(([name, files]) =>
            files.map((file, i) => [`${name}/${i}.png`, new Uint8Array(file.buffer)]),
          ),
        ),
      );
    const page = await open();
    const zip = archive({ frog: frogs.slice(0, 3), ship: ships.slice(0, 2) });
    const projectOf = (tab: Page) => tab.getByLabel('Project file');
    await projectOf(page).setInputFiles({
      name: 'a.zip',
      mimeType: 'application/zip',
      buffer: Buffer.from(zip),
    });
    await page.locator('.thumbnails li').nth(4).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save project' }).click(),
    ]);
    const file = join(folder, 'saved.zip');
    await download.saveAs(file);
    // As terminals read it: by the endings of its files.
    expect(Object.keys(unzipSync(await readFile(file))).filter((name) => name.endsWith('.png'))).toHaveLength(
      5,
    );
    await context.close();

    const fresh = await open();
    await fresh.locator('.class-name').nth(1).fill('frog');
    await add(fresh, 1, frogs.slice(5, 6));
    await fresh.locator('.thumbnails li').first().waitFor();
    await projectOf(fresh).setInputFiles(file);
    await fresh.getByRole('button', { name: 'Keep them and add' }).click();
    await fresh.locator('.thumbnails li').nth(5).waitFor();
    await fresh.getByRole('alertdialog').waitFor({ state: 'detached' });
    const names = await fresh
      .locator('.class-name')
      .evaluateAll((all) => all.map((each) => (each as HTMLInputElement).value));
    expect(names).toEqual(['ship', 'frog']);
    expect(await fresh.locator('.class-count').allInnerTexts()).toEqual(['2 images', '4 images']);
  });

  it('what is kept is shown and stays, also when tidying up fails', async () => {
    const page = await open();
    await twoClasses(page, 2);
    /** The project as it is kept; `stray` adds an image that it does not name. */
    const kept = (stray: boolean) =>
      page.evaluate(async (isStray) => {
        let text = '';
        const walk = async (at: FileSystemDirectoryHandle): Promise<void> => {
          for await (const [name, handle] of at.entries()) {
            if (handle.kind === 'directory') await walk(handle as FileSystemDirectoryHandle);
            if (name !== 'project.json') continue;
            text = await (await (handle as FileSystemFileHandle).getFile()).text();
            if (isStray) {
              await at.getFileHandle('picture-00000000-0000-0000-0000-000000000000', { create: true });
            }
          }
        };
        await walk(await navigator.storage.getDirectory());
        return text;
      }, stray);
    const images = async () => (await kept(false)).split('"type"').length - 1;
    const soon = { timeout: 30_000 };
    await expect.poll(images, soon).toBe(4);
    await kept(true);
    await context.addInitScript(() => {
      FileSystemDirectoryHandle.prototype.removeEntry = () => Promise.reject(new Error('busy'));
    });
    await page.reload();
    await page.locator('.thumbnails li').nth(3).waitFor();
    await page.locator('.class-name').nth(0).fill('frog');
    await expect.poll(() => kept(false), soon).toContain('"name":"frog"');
    expect(await images()).toBe(4);
    await page.reload();
    await page.locator('.thumbnails li').nth(3).waitFor();
    expect(await page.locator('.class-name').first().inputValue()).toBe('frog');
  });

  it('a training is paused, goes on after the page was closed, and another tab is kept from training', {
    timeout: 500_000,
  }, async () => {
    const page = await open();
    await twoClasses(page, 5);
    const epochs = 24;
    const first = await stepwise(page, () => train(page, epochs));
    await first.take(1);
    await page.getByText(/^Epoch 1 of 24$/).waitFor();

    const other = await tab();
    await other.locator('.thumbnails li').nth(9).waitFor();
    await other.getByText('Another tab is training').waitFor();
    expect(await other.getByRole('button', { name: /Go on|Stop and discard|^Train/ }).count()).toBe(0);

    await page.getByRole('button', { name: 'Pause' }).click();
    await first.release();
    const paused = page.getByText(/^Paused after epoch \d+$/);
    await paused.waitFor();
    const epoch = Number((await paused.innerText()).match(/\d+/)![0]);
    expect(epoch).toBeLessThan(epochs);
    // The other tab may go on with it; this one then sees that it does, and cannot take its checkpoints away.
    await other.getByText(`Paused after epoch ${epoch}`).waitFor();
    const second = await stepwise(other, () => other.getByRole('button', { name: 'Go on' }).click());
    await page.getByText('Another tab is training').waitFor({ timeout: 60_000 });
    expect(await page.getByRole('button', { name: /Go on|Stop and discard/ }).count()).toBe(0);
    await second.take(1);
    await other.getByRole('button', { name: 'Pause' }).click();
    await second.release();
    await other.getByText(/^Paused after epoch \d+$/).waitFor();
    await other.close();
    await page.getByText(/^Paused after epoch \d+$/).waitFor();
    await page.close();

    const again = await tab();
    await again.getByText(/^Paused after epoch \d+$/).waitFor();
    const third = await stepwise(again, () => again.getByRole('button', { name: 'Go on' }).click());
    await third.take(1);
    const later = Array.from({ length: epochs - epoch }, (_, i) => epoch + 1 + i).join('|');
    await again.getByText(new RegExp(`^Epoch (${later}) of ${epochs}$`)).waitFor();
    await third.release();
    await trained(again);
  });

  it('a training is not lost when its checkpoints cannot be removed', { timeout: 500_000 }, async () => {
    base = smallNetwork();
    const page = await open();
    await twoClasses(page, 3);
    // Until the page is loaded anew.
    await page.evaluate(() => {
      FileSystemDirectoryHandle.prototype.removeEntry = () => {
        document.body.dataset.refused = 'true';
        return Promise.reject(new Error('busy'));
      };
    });
    await train(page, 6);
    await trained(page);
    // It is shown before it is kept.
    const files = () =>
      page.evaluate(async () => {
        const namesIn = async (folder: FileSystemDirectoryHandle): Promise<string[]> => {
          const names: string[] = [];
          for await (const [name, entry] of folder.entries())
            names.push(
              ...(entry.kind === 'file' ? [name] : await namesIn(entry as FileSystemDirectoryHandle)),
            );
          return names;
        };
        return namesIn(await navigator.storage.getDirectory());
      });
    const soon = { timeout: 60_000 };
    await expect.poll(files, soon).toContain('outcome.json');
    await page.waitForSelector('body[data-refused]');
    const checkpoint = 'checkpoint-last.safetensors';
    expect(await files()).toContain(checkpoint);
    await page.reload();
    await trained(page);
    await expect.poll(files, soon).not.toContain(checkpoint);
    expect(await files()).toContain('outcome.json');
  });

  it('when the browser keeps no more, that is said, and training works all the same', async () => {
    const page = await open();
    const client = await context.newCDPSession(page);
    await client.send('Storage.overrideQuotaForOrigin', { origin: new URL(address).origin, quotaSize: 1 });
    await twoClasses(page, 3);
    await page.getByText('6 images, marked below, are in this page only: save the project').waitFor();
    expect(await page.locator('.thumbnails .unkept').count()).toBe(6);
    await page.getByText(/^the browser has no storage left for this page/).waitFor();
    const training = await stepwise(page, () => train(page, 4));
    await training.take(1);
    // What is not kept cannot be paused.
    await page.locator('button:disabled[title*="it would be lost"]').waitFor({ timeout: 60_000 });
    // Another view for a moment: what is under way is not forgotten.
    for (const [view, title] of [
      ['try', 'What does it see?'],
      ['teach', 'Teach it your own classes'],
    ]) {
      await page.evaluate((name) => {
        location.hash = `#/${name}`;
      }, view);
      await page.getByRole('heading', { level: 1, name: title }).waitFor();
    }
    await training.release();
    await trained(page);
    await page.getByText(/^This model is in this page only: download it/).waitFor();
  });

  it('when the graphics device goes away, training goes on from its last checkpoint on the processor', {
    timeout: 240_000,
  }, async () => {
    const page = await open('?backend=webgpu');
    await twoClasses(page, 2);
    const { worker, take, release } = await stepwise(
      page,
      () => train(page, 6),
      (worker) =>
        worker.evaluate(() => {
          const { requestDevice } = GPUAdapter.prototype;
          GPUAdapter.prototype.requestDevice = async function (this: GPUAdapter, ...options) {
            const device = await requestDevice.apply(this, options);
            Object.assign(globalThis, { loseDevice: () => device.destroy() });
            return device;
          };
        }),
    );
    await page.getByText(/^WebGPU/).waitFor({ timeout: 60_000 });
    await take(2);
    await page.getByText(/^Epoch [12] of 6$/).waitFor();
    await worker.evaluate(() => (globalThis as unknown as { loseDevice(): void }).loseDevice());
    // The step that fails; after it the training waits again, on the processor.
    await take(1);
    await page.getByText(/^The graphics device was lost\./).waitFor({ timeout: 60_000 });
    await page.getByText(/^WebAssembly/).waitFor();
    await take(1);
    await page.getByText(/^Epoch 3 of 6$/).waitFor();
    await release();
    await trained(page);
  });

  /** Downloads a program from the panel into the folder of the model. */
  async function programOf(page: Page, way: string, name: string): Promise<string> {
    await page.getByRole('tab', { name: way }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name, exact: true }).click(),
    ]);
    const file = join(folder, name);
    await download.saveAs(file);
    return file;
  }

  async function runNodeProgram(file: string): Promise<string> {
    await symlink(
      fileURLToPath(new URL('../../node_modules', import.meta.url)),
      join(folder, 'node_modules'),
    );
    const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: folder });
    return stdout;
  }

  /** The answer of the program for pages, from a plain host; ONNX Runtime comes from this machine. */
  async function pageAnswer(image: Upload): Promise<number> {
    const plain = await staticHost(folder);
    const other = await context.newPage();
    try {
      const dist = fileURLToPath(new URL('../../node_modules/onnxruntime-web/dist/', import.meta.url));
      const cdn = BROWSER_RUNTIME.slice(0, BROWSER_RUNTIME.lastIndexOf('/') + 1);
      await context.route(`${cdn}**`, (route) =>
        route.fulfill({
          path: join(dist, route.request().url().slice(cdn.length)),
          headers: { 'access-control-allow-origin': '*' },
        }),
      );
      await other.goto(plain.address);
      // Waits until the page's program listens.
      await other.waitForFunction(() => document.querySelector('input')!.onchange !== null);
      await other.locator('input').setInputFiles([image]);
      const output = other.locator('output', { hasText: /^ship / });
      await output.waitFor();
      return Number((await output.innerText()).split(' ')[1]);
    } finally {
      await other.close();
      await plain.close();
    }
  }
});
