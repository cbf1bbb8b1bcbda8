/** An exported package in Chromium, from its tarball: the examples of docs/in-your-app.md as they stand. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StaticHost, staticHost } from '../../src/cli/bench/web/static-host.ts';
import { loadClassifier } from '../../src/platform/node/run.ts';
import type { Answer } from '../../src/run/types.ts';
import {
  type App,
  appWithPackage,
  documentedFiles,
  documentedPage,
  drawnPixels,
  LABELS,
} from '../package/exported-package.ts';
import { closeTestBrowser, noChromium, testBrowser } from './browser.ts';

const root = resolve(import.meta.dirname, '../..');
const [WIDTH, HEIGHT] = [50, 30];

/** Every kind of image that a page can have, from one file. */
const KINDS = `
import { classify, labels } from '@acme/parts';
window.labels = labels;
window.kinds = async () => {
  const blob = await (await fetch('photo.png')).blob();
  const img = Object.assign(new Image(), { src: 'photo.png', width: 7, height: 9 });
  const dense = Object.assign(new Image(), { srcset: 'photo.png 2x' });
  const canvas = Object.assign(document.createElement('canvas'), { width: ${WIDTH}, height: ${HEIGHT} });
  const bitmap = await createImageBitmap(blob);
  const context = canvas.getContext('2d');
  context.drawImage(bitmap, 0, 0);
  const offscreen = new OffscreenCanvas(${WIDTH}, ${HEIGHT});
  offscreen.getContext('2d').drawImage(bitmap, 0, 0);
  const pixels = context.getImageData(0, 0, ${WIDTH}, ${HEIGHT});
  const images = {
    address: 'photo.png', url: new URL('photo.png', location.href), data: canvas.toDataURL(), blob,
    file: new File([blob], 'photo.png'), bytes: new Uint8Array(await blob.arrayBuffer()), buffer: await blob.arrayBuffer(),
    img, dense, canvas, bitmap, offscreen, pixels,
  };
  return Object.fromEntries(await Promise.all(Object.entries(images).map(async ([kind, image]) => [kind, await classify(image)])));
};
window.wide = async () => {
  const context = new OffscreenCanvas(${WIDTH}, ${HEIGHT}).getContext('2d', { colorSpace: 'display-p3' });
  context.drawImage(await createImageBitmap(await (await fetch('photo.png')).blob()), 0, 0);
  const pixels = context.getImageData(0, 0, ${WIDTH}, ${HEIGHT}, { colorSpace: 'display-p3' });
  const { data, width, height } = pixels;
  return Promise.all([pixels, { data, width, height }].map((image) => classify(image)));
};
window.failures = async () => {
  const broken = Object.assign(new Image(), { src: 'missing.png' });
  const foreign = Object.assign(new Image(), { src: '${'FOREIGN'}' });
  const images = {
    broken, foreign, missing: 'missing.png', text: new File(['no image'], 'notes.txt'), number: 42, nothing: undefined,
    object: { width: 3, height: 4 }, empty: document.createElement('canvas'), pixels: { data: new Uint8Array(5), width: 2, height: 2 },
  };
  images.empty.width = 0;
  return Object.fromEntries(await Promise.all(Object.entries(images).map(async ([kind, image]) => [kind, await classify(image).then(JSON.stringify, (error) => error.message)])));
};`;

const REACT = `
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { useClassifier } from './use-classifier.jsx';
function App({ image }) {
  const { answers, error, isBusy } = useClassifier(image);
  return createElement('p', { id: 'react' }, isBusy ? 'busy' : error ? error.message : answers ? JSON.stringify(answers) : 'nothing');
}
const place = createRoot(document.body.appendChild(document.createElement('div')));
window.react = (image) => place.render(createElement(App, { image }));`;

const SVELTE = `
import { classified } from './classified.js';
window.svelte = (address) => new Promise((resolve) => {
  const img = Object.assign(new Image(), { src: address });
  const { update, destroy } = classified(img, () => {});
  update((answers) => { destroy(); resolve(answers); });
});`;

const WORKER = `
const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
window.work = (image) => new Promise((resolve) => {
  worker.onmessage = ({ data }) => resolve(data);
  worker.postMessage({ id: 1, image });
});`;

describe.skipIf(noChromium)(`an exported package in a page${noChromium ? ` (${noChromium})` : ''}`, () => {
  let app: App;
  let host: StaticHost;
  /** Another site, which allows no other to read its images. */
  let foreign: StaticHost;
  let expected: Answer[];
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    app = appWithPackage(['onnxruntime-web']);
    const raw = { width: WIDTH, height: HEIGHT, channels: 4 } as const;
    const photo = await sharp(drawnPixels(WIDTH, HEIGHT), { raw }).png().toBuffer();
    app.write('public/photo.png', photo);
    expected = await (await loadClassifier(app.path('model.onnx'))).classify(photo);
    foreign = await staticHost(async () => photo);
    for (const [file, code] of documentedFiles()) app.write(file, code);
    app.write('kinds.js', KINDS.replace('FOREIGN', `${foreign.address}photo.png`));
    app.write('react.js', REACT);
    app.write('svelte.js', SVELTE);
    app.write('work.js', WORKER);
    const scripts = ['page', 'kinds', 'react', 'svelte', 'work'].map(
      (name) => `<script type="module" src="/${name}.js"></script>`,
    );
    app.write('index.html', `<!doctype html><input type="file"><output></output>${scripts.join('')}`);
    app.write('dist/plain.html', '');
    const preact = join(root, 'node_modules/preact/compat');
    await build({
      configFile: false,
      root: app.folder,
      logLevel: 'error',
      base: './',
      worker: { format: 'es' },
      resolve: {
        alias: [
          { find: 'react-dom/client', replacement: `${preact}/client.mjs` },
          { find: 'react', replacement: `${preact}/dist/compat.mjs` },
        ],
      },
    });
    app.write('dist/plain.html', documentedPage().replace('photo.jpg', 'photo.png'));
    host = await staticHost(async (path) =>
      readFile(path.startsWith('/node_modules/') ? app.path(path) : app.path('dist', path)).catch(
        () => undefined,
      ),
    );
    page = await (await testBrowser()).newPage();
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(host.address);
    await page.waitForFunction(() => 'work' in globalThis);
  });
  afterAll(async () => {
    expect(errors).toEqual([]);
    await page?.close();
    await host?.close();
    await foreign?.close();
    app?.remove();
    await closeTestBrowser();
  });

  const same = (answers: Answer[], what?: string) => {
    expect(
      answers.map(({ label }) => label),
      what,
    ).toEqual(expected.map(({ label }) => label));
    answers.forEach(({ probability }, i) => {
      expect(Math.abs(probability - expected[i].probability), what).toBeLessThan(1e-5);
    });
  };

  it('answers as in Node, whatever kind of image it is given', async () => {
    const answers = await page.evaluate<Record<string, Answer[]>>('kinds()');
    expect(Object.keys(answers)).toHaveLength(13);
    for (const [kind, each] of Object.entries(answers)) same(each, kind);
    expect(await page.evaluate('labels')).toEqual(LABELS);
  });

  it('takes pixels in the colour space that they are in', async () => {
    const [right, wrong] = await page.evaluate<Answer[][]>('wide()');
    const away = (answers: Answer[]) =>
      expected.reduce((sum, { label, probability }) => {
        const other = answers.find((each) => each.label === label)!;
        return sum + Math.abs(other.probability - probability);
      }, 0);
    expect(away(right)).toBeLessThan(away(wrong));
  });

  it('says what is wrong with an image', async () => {
    const sentences = await page.evaluate<Record<string, string>>('failures()');
    expect(sentences).toEqual({
      broken: expect.stringMatching(/^img: this image has no pixels\. Wait until it has loaded/),
      foreign: expect.stringMatching(/does not let the page read an image of another site/),
      missing: expect.stringMatching(/^missing\.png: a file cannot be loaded: received status 404/),
      text: expect.stringMatching(/^notes\.txt: not an image: .*received text beginning "no image"/),
      number: expect.stringMatching(/this is not an image: .*received number/),
      nothing: expect.stringMatching(/received undefined/),
      object: expect.stringMatching(/received Object/),
      empty: expect.stringMatching(/has no pixels/),
      pixels: expect.stringMatching(/received 5 bytes for 2 × 2/),
    });
  });

  it('runs the page of the documentation', async () => {
    const file = {
      name: 'photo.png',
      mimeType: 'image/png',
      buffer: await readFile(app.path('public/photo.png')),
    };
    await page.setInputFiles('input', file);
    const text = `${expected[0].label}: ${Math.round(expected[0].probability * 100)}%`;
    await page.waitForFunction((wanted) => document.querySelector('output')!.textContent === wanted, text);
    await page.setInputFiles('input', { ...file, buffer: Buffer.from('no image') });
    await page.waitForFunction(() => /not an image/.test(document.querySelector('output')!.textContent!));
  });

  it("runs the documentation's React hook, by Preact", async () => {
    const shown = () => page.textContent('#react');
    await page.evaluate('react(undefined)');
    await page.waitForFunction(() => document.querySelector('#react')?.textContent === 'nothing');
    await page.evaluate("react('photo.png')");
    await page.waitForFunction(() => document.querySelector('#react')!.textContent!.startsWith('['));
    same(JSON.parse((await shown())!));
    await page.evaluate("react('missing.png')");
    await page.waitForFunction(() => /status 404/.test(document.querySelector('#react')!.textContent!));
  });

  it("runs the documentation's Svelte action", async () => {
    same(await page.evaluate("svelte('photo.png')"));
  });

  it("runs the documentation's worker", async () => {
    const blob = "fetch('photo.png').then((answer) => answer.blob())";
    const { id, answers } = await page.evaluate<{ id: number; answers: Answer[] }>(`${blob}.then(work)`);
    expect(id).toBe(1);
    same(answers);
    const { error } = await page.evaluate<{ error: string }>("work(new Blob(['no image']))");
    expect(error).toMatch(/not an image/);
  });

  it('runs in a page without a bundler, by the import map of the documentation', async () => {
    const plain = await (await testBrowser()).newPage();
    plain.on('pageerror', (error) => errors.push(error.message));
    const printed = plain.waitForEvent('console', { predicate: (message) => message.type() === 'log' });
    await plain.goto(`${host.address}plain.html`);
    same(await (await printed).args()[0].jsonValue());
    await plain.close();
  });
});
