/** Studio's view Teach with a pretrained network, from a folder of files. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { unzipSync } from 'fflate';
import type { BrowserContext, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LESSON } from '../../src/cli/bench/teach/draw.ts';
import { type StaticHost, staticHost } from '../../src/cli/bench/web/static-host.ts';
import { Reporter } from '../../src/cli/reporter.ts';
import { builtPage } from '../../src/cli/studio/page.ts';
import { Classifier, trainedNetwork } from '../../src/models/index.ts';
import { decodeModel } from '../../src/onnx/index.ts';
import { fetchModel } from '../../src/platform/node/backbones/fetch-model.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { decodeImage } from '../../src/platform/node/images/decode.ts';
import { HARRIER_VERSION } from '../../src/platform/node/version.ts';
import { hubRepository } from '../../src/publishing/hub-repository.ts';
import { publishedModel } from '../../src/publishing/published-model.ts';
import type { Answer } from '../../src/run/types.ts';
import { exportSite } from '../../src/studio-server/export.ts';
import { harrier } from '../cli/harrier.ts';
import { HubServer } from '../hub-server.ts';
import { closeTestBrowser, noChromium, testBrowser } from './browser.ts';
import { cifarFiles, type Upload } from './cifar-files.ts';
import { smallNetwork } from './small-network.ts';
import { accessibilityFaults } from './studio.ts';

async function add(page: Page, place: number, files: readonly Upload[]): Promise<void> {
  await page
    .locator('.class-card')
    .nth(place)
    .locator('input[type=file]')
    .setInputFiles([...files]);
}

/** Downloads what a button gives. */
async function taken(page: Page, button: RegExp, file: string): Promise<Uint8Array> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: button }).click(),
  ]);
  await download.saveAs(file);
  return readFile(file);
}

const seenAll = (page: Page, name: string) =>
  page.getByText(new RegExp(`^${name} has seen all images`)).waitFor({ timeout: 240_000 });
const train = (page: Page) => page.getByRole('button', { name: 'Train', exact: true }).click();
const trained = (page: Page) => page.waitForSelector('.try-panel', { timeout: 90_000 });

afterAll(closeTestBrowser);

describe.skipIf(noChromium)(
  `an exported page with a small network${noChromium ? ` (${noChromium})` : ''}`,
  () => {
    let folder: string;
    let host: StaticHost;
    let address: string;
    let context: BrowserContext;
    const NAME = 'hf:someone/small';

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'harrier-teach-'));
      const content = smallNetwork();
      const hub = await new HubServer().listen();
      hub.repositories.set('someone/small', {
        commit: '0123456789abcdef0123456789abcdef01234567',
        license: 'agpl-3.0',
        files: { 'model.onnx': { content, large: true } },
      });
      const environment = { HARRIER_CACHE: join(folder, 'cache'), HF_ENDPOINT: hub.endpoint };
      const backbone = await fetchModel(NAME, { environment });
      hub.close();
      const pageFolder = await builtPage(new Reporter({ machine: true }));
      await exportSite({ folder: join(folder, 'site'), pageFolder, runs: [], data: [], backbone });
      host = await staticHost(join(folder, 'site'));
      address = host.address;
    });
    afterEach(() => context?.close());
    afterAll(async () => {
      await host?.close();
      await rm(folder, { recursive: true, force: true });
    });

    it('looks at images as they come, learns in seconds, and takes up what it has seen when it is opened again', {
      timeout: 240_000,
    }, async () => {
      const [frogs, ships] = await Promise.all([cifarFiles('frog', 13), cifarFiles('ship', 13)]);
      context = await (await testBrowser()).newContext({ viewport: { width: 1280, height: 900 } });
      const page = await context.newPage();
      const faults: string[] = [];
      page.on('pageerror', (error) => faults.push(error.message));
      await page.goto(`${address}#/teach`);
      await page.waitForSelector('.class-card');
      for (const [place, files] of [frogs, ships].entries()) await add(page, place, files.slice(0, 12));
      await page.locator('.thumbnails li').nth(23).waitFor();
      const seen =
        /has seen all images, \d+ ms for each view of an image\. It is under agpl-3\.0\. .* asks for the source/;
      await page.getByText(seen).waitFor({ timeout: 240_000 });
      await train(page);
      await trained(page);
      // Every image was held out once.
      expect(await page.locator('.held-out li').count()).toBe(24);
      await page.getByText(/evaluated by a model that had not learned from it \(\d+ parts\)/).waitFor();

      const bytes = await taken(page, /^model\.onnx/, join(folder, 'model.onnx'));
      expect(trainedNetwork(decodeModel(bytes), 'it').network.layers.map(({ layer }) => layer.type)).toEqual([
        'Conv2D',
        'MaxPooling2D',
        'GlobalAveragePooling2D',
        'Dense',
      ]);
      const model = await Classifier.load(nodeRuntime(), bytes);
      expect(model.classNames).toEqual(['Class 1', 'Class 2']);
      await page.locator('.try-panel input[type=file]').setInputFiles([ships[12]]);
      await page.locator('.verdict').waitFor();
      expect(model.tellsUnknown).toBe(true);
      const answer = await model.predict(await decodeImage(ships[12].buffer, model.imageShape));
      for (const row of await page.locator('.verdict .bar-row').all()) {
        const shown = Number((await row.locator('.bar-text').innerText()).replace('%', '')) / 100;
        const name = await row.locator('.bar-name').innerText();
        expect(Math.abs(answer[model.classNames.indexOf(name)] - shown)).toBeLessThan(1e-3);
      }
      await checkPackages(page, bytes, ships[12], answer);
      // One that is like nothing it has learned from.
      const stripes = await sharp(Buffer.from([255, 0, 255, 0, 255, 0]), {
        raw: { width: 2, height: 1, channels: 3 },
      })
        .resize(48, 48, { kernel: 'nearest' })
        .png()
        .toBuffer();
      const foreign = { name: 'stripes.png', mimeType: 'image/png', buffer: stripes };
      const { unknown } = await model.answer(await decodeImage(stripes, model.imageShape));
      await model.dispose();
      expect(unknown![0]).toBeGreaterThan(0.5);
      await page.locator('.try-panel input[type=file]').setInputFiles([foreign]);
      await page.locator('.verdict').getByText('None of the classes.').waitFor();

      await page.reload();
      // Nothing was computed: no time is told.
      await page.getByText(new RegExp(`^${NAME} has seen all images\\.`)).waitFor({ timeout: 90_000 });
      expect(faults).toEqual([]);
    });

    /** The package runs in Node as it is installed; the folder is the one that `harrier export` writes. */
    async function checkPackages(page: Page, bytes: Uint8Array, image: Upload, expected: Float32Array) {
      await page.getByRole('tab', { name: 'npm' }).click();
      await page.getByLabel('Name', { exact: true }).fill('Not a name');
      await page.getByRole('button', { name: /\.tgz$/ }).click();
      await page.getByText('npm refuses this name').waitFor();
      await page.getByLabel('Name', { exact: true }).fill('@acme/ships');
      await taken(page, /^acme-ships-1\.0\.0\.tgz$/, join(folder, 'ships.tgz'));
      const scope = join(folder, 'node_modules', '@acme');
      await mkdir(scope, { recursive: true });
      execFileSync('tar', ['-xzf', join(folder, 'ships.tgz'), '-C', scope]);
      await rename(join(scope, 'package'), join(scope, 'ships'));
      for (const peer of ['onnxruntime-node', 'sharp']) {
        await symlink(resolve('node_modules', peer), join(folder, 'node_modules', peer));
      }
      await writeFile(join(folder, 'photo.jpg'), image.buffer);
      const program = await page.locator('.snippet').innerText();
      await writeFile(
        join(folder, 'classify.mjs'),
        `${program.replace('console.log(await', 'const answers = (await')}\nconsole.log(JSON.stringify(answers));`,
      );
      const answers: Answer[] = JSON.parse(
        execFileSync(process.execPath, ['classify.mjs'], { cwd: folder, encoding: 'utf8' }),
      );
      for (const { label, probability } of answers) {
        expect(Math.abs(probability - expected[['Class 1', 'Class 2'].indexOf(label)])).toBeLessThan(1e-5);
      }

      await page.getByRole('tab', { name: 'transformers.js' }).click();
      await page.getByLabel('Name', { exact: true }).fill('ships');
      const files = unzipSync(
        await taken(page, /^ships-transformers\.zip$/, join(folder, 'ships-transformers.zip')),
      );
      const exported = hubRepository(publishedModel(decodeModel(bytes), undefined, 'it'), {
        name: 'ships',
        harrier: HARRIER_VERSION,
        where: 'it',
      });
      expect(Object.keys(files)).toEqual([...exported.keys()].map((path) => `ships/${path}`));
      for (const [path, content] of exported) {
        const written = Buffer.from(files[`ships/${path}`]);
        if (path === 'README.md')
          expect(written.toString()).toMatch(/held-out images were right: .*\(\d parts\)/);
        else expect(written.equals(Buffer.from(content as Uint8Array)), path).toBe(true);
      }
      expect(Buffer.from(files['ships/LICENSE.md']).toString()).toMatch(/hf:someone\/small.*agpl-3\.0/s);
    }

    it('saves a project, which opens in another browser with its model; tabs follow each other', {
      timeout: 240_000,
    }, async () => {
      const [frogs, ships] = await Promise.all([cifarFiles('frog', 6), cifarFiles('ship', 6)]);
      context = await (await testBrowser()).newContext();
      const page = await context.newPage();
      const faults: string[] = [];
      context.on('weberror', (error) => faults.push(error.error().message));
      await page.goto(`${address}#/teach`);
      await page.waitForSelector('.class-card');
      for (const [place, files] of [frogs, ships].entries()) await add(page, place, files);
      const nameOf = (tab: Page, place: number) => tab.getByLabel(`Name of class ${place}`);
      await nameOf(page, 1).fill('frog: green/brown');
      await seenAll(page, NAME);
      await train(page);
      await trained(page);
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Save project' }).click(),
      ]);
      const file = join(folder, download.suggestedFilename());
      await download.saveAs(file);

      // A second tab shows what the first one has, and what it does; the model too.
      const other = await context.newPage();
      await other.goto(`${address}#/teach`);
      await trained(other);
      await nameOf(page, 2).fill('ship');
      await other.waitForFunction(
        () => document.querySelectorAll<HTMLInputElement>('.class-name')[1]?.value === 'ship',
      );
      await other.locator('.thumbnails button').first().click();
      await page.getByText('5 images').waitFor();
      expect(await page.locator('.class-card').first().locator('.thumbnails li').count()).toBe(5);

      // A terminal learns from the file.
      const { code, stdout, stderr } = await harrier(
        [
          'train',
          '--data',
          file,
          '--epochs',
          '1',
          '--out',
          'from-project',
          '--recipe',
          'keras-cnn',
          '--image-size',
          '8',
        ],
        { cwd: folder },
      );
      expect([code, stderr, stdout]).toEqual([0, expect.anything(), expect.stringMatching(/frog/)]);

      const elsewhere = await (await testBrowser()).newContext();
      const fresh = await elsewhere.newPage();
      fresh.on('pageerror', (error) => faults.push(error.message));
      await fresh.goto(`${address}#/teach`);
      await fresh.waitForSelector('.class-card');
      await fresh.getByLabel('Project file').setInputFiles([
        {
          name: 'photos.zip',
          mimeType: 'application/zip',
          buffer: (await readFile(file)).subarray(0, 5000),
        },
      ]);
      await fresh.getByText('photos.zip was not opened').waitFor();
      await fresh.getByLabel('Project file').setInputFiles(file);
      await trained(fresh);
      expect(await nameOf(fresh, 1).inputValue()).toBe('frog: green/brown');
      expect(await fresh.locator('.thumbnails li').count()).toBe(12);
      expect(await fresh.locator('.held-out li img').count()).toBe(12);

      // Something is here now: what becomes of it is asked, and can be undone.
      await fresh.getByLabel('Project file').setInputFiles(file);
      await fresh.getByRole('button', { name: 'Keep them and add' }).click();
      await fresh.getByRole('alertdialog').waitFor({ state: 'detached' });
      expect(await fresh.locator('.thumbnails li').count()).toBe(12);

      // The model opens in other views, and is there when they are loaded anew.
      await fresh.getByRole('button', { name: 'Open in Try' }).click();
      await fresh.getByText('It knows: frog: green/brown').waitFor();
      await fresh.reload();
      await fresh.getByText('It knows: frog: green/brown').waitFor();

      // It is evaluated on folders: one is called like a class, one is not.
      const photos = join(folder, 'photos');
      for (const [name, files] of Object.entries({ 'class 2': ships, toads: frogs })) {
        await mkdir(join(photos, name), { recursive: true });
        for (const each of files) await writeFile(join(photos, name, each.name), each.buffer);
      }
      await writeFile(join(photos, 'class 2', 'notes.png'), 'no image');
      await fresh.goto(`${address}#/evaluate?model=taught`);
      await fresh.getByLabel('Folder of images').setInputFiles(photos);
      await fresh.getByText('Left out, because the model has no such class: toads (6 images)').waitFor();
      await fresh.getByText('1 file is no usable image').waitFor();
      const taught = unzipSync(await readFile(file))['model.onnx'];
      const model = await Classifier.load(nodeRuntime(), taught);
      const answers = await Promise.all(
        ships.map(async ({ buffer }) => model.predict(await decodeImage(buffer, model.imageShape))),
      );
      await model.dispose();
      const right = answers.filter(([frog, ship]) => ship > frog).length;
      await fresh.getByText(`${right} of 6 images correct in photos`).waitFor();
      expect(await accessibilityFaults(fresh)).toEqual([]);
      await elsewhere.close();
      expect(faults).toEqual([]);
    });

    it('bench --teach teaches lessons in the page and in Node', { timeout: 240_000 }, async () => {
      const data = join(folder, 'data');
      for (const name of ['frog', 'ship'] as const) {
        await mkdir(join(data, name), { recursive: true });
        const files = await cifarFiles(name, LESSON.shown + LESSON.tested);
        for (const file of files) await writeFile(join(data, name, file.name), file.buffer);
      }
      const { code, stdout, stderr } = await harrier(
        ['bench', '--teach', '--from', NAME, '--data', data, '--json'],
        { cwd: folder, environment: { HARRIER_CACHE: join(folder, 'cache'), HF_HUB_OFFLINE: '1' } },
      );
      expect([code, stderr]).toEqual([0, expect.stringContaining('measuring: ')]);
      const { model, lessons } = JSON.parse(stdout);
      expect([model, lessons.length]).toEqual([NAME, 1]);
      const [lesson] = lessons;
      expect(lesson).toMatchObject({ shown: 50, tested: 40 });
      expect([...lesson.classNames].sort()).toEqual(['frog', 'ship']);
      expect(lesson.viewMs).toBeGreaterThan(0);
      expect(lesson.trainSeconds).toBeGreaterThan(0);
      // Both learn from the same features: they differ in the folds that chose the strength of regularisation at most.
      expect(lesson.accuracy).toBeGreaterThan(0.5);
      expect(Math.abs(lesson.accuracy - lesson.node)).toBeLessThanOrEqual(0.15);
    });

    it('says when the network cannot be loaded', async () => {
      const [frogs] = await Promise.all([cifarFiles('frog', 2)]);
      context = await (await testBrowser()).newContext();
      const page = await context.newPage();
      await context.route('**/backbone/model.onnx', (route) => route.abort());
      await page.goto(`${address}#/teach`);
      await page.waitForSelector('.class-card');
      await add(page, 0, frogs);
      await page.getByText(`${NAME} cannot look at the images`).waitFor();
      // Another way is there all the same.
      await page.getByRole('button', { name: 'Options', exact: true }).click();
      expect(await page.getByLabel('How').locator('option').count()).toBe(4);
    });
  },
);
