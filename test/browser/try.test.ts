/** The view Try it: an image in, classes and their reasons out, all in the page. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PredictionSets } from '../../src/evaluation/index.ts';
import { Conv2D, Dense, Flatten, GlobalAveragePooling2D } from '../../src/layers/index.ts';
import { Classifier, exportModel, initialWeights, Network, type Rejection } from '../../src/models/index.ts';
import { encodeModel, modelOf } from '../../src/onnx/index.ts';
import { createGraph } from '../../src/ops/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { decodeImage } from '../../src/platform/node/images/decode.ts';
import { shippedModel } from '../../src/platform/node/runs/shipped-model.ts';
import { writeImages } from '../cli/harrier.ts';
import { classifier as foreignModel } from '../foreign/graphs.ts';
import { CLASSES, modelBytes } from '../server/serving.ts';
import { closeTestBrowser, noChromium } from './browser.ts';
import { accessibilityFaults, type StudioInBrowser, studioInBrowser } from './studio.ts';

/** The machine may have other things to do. */
const soon = { timeout: 30_000 };
const EXAMPLES = new URL('../../studio-page/src/inference/examples/', import.meta.url);
/** A network of one convolution, as it begins. */
function small(thresholds?: readonly number[], names = ['a', 'b', 'c']) {
  const network = new Network({
    inputShape: [16, 16, 3],
    layers: [
      new Conv2D({ filters: 4, kernelSize: 3, activation: 'relu' }),
      new GlobalAveragePooling2D(),
      new Dense({ units: 3, activation: 'softmax' }),
    ],
  });
  const metadata = thresholds && { 'harrier.classNames': JSON.stringify(names) };
  return exportModel(network, initialWeights(network.parameters, 1), metadata, { thresholds });
}

const example = async (name: string) => readFile(new URL(`${name}.png`, EXAMPLES));

describe.skipIf(noChromium)(`Try it${noChromium ? ` (${noChromium})` : ''}`, () => {
  let studio: StudioInBrowser;
  /** One for all that does not ask for another: a new one fetches ONNX Runtime anew. */
  let page: Page;
  let opened: Awaited<ReturnType<StudioInBrowser['open']>>;
  beforeAll(async () => {
    studio = await studioInBrowser(async (folder) => ({
      data: [await writeImages(join(folder, 'images'), { side: 32, perClass: 6 })],
    }));
    opened = await studio.open('try?backend=wasm');
    page = opened.page;
    await page.getByText('Ready').waitFor();
  });
  afterAll(async () => {
    await opened?.close();
    await studio?.end();
    await closeTestBrowser();
  });
  beforeEach(async () => {
    // Back to the model that comes with Harrier, and to its most probable class.
    const first = page.getByLabel('Model', { exact: true }).locator('option').first();
    await page.getByLabel('Model', { exact: true }).selectOption((await first.getAttribute('value'))!);
  });

  const verdict = (page: Page) => page.locator('.verdict');
  const drop = (page: Page, name: string, buffer: Buffer | Uint8Array) =>
    page
      .locator('.dropzone input')
      .setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(buffer) });
  const error = (page: Page) => page.getByRole('alert');

  /** Percents of all classes, by name. */
  const fractions = async (page: Page): Promise<Record<string, number>> => {
    const more = page.getByRole('button', { name: 'All 10 classes' });
    if (await more.isVisible()) await more.click();
    const rows = await page.locator('.results .bar-row').allInnerTexts();
    return Object.fromEntries(
      rows.map((row) => {
        const [name, text] = row.split('\n').filter((line) => line.trim() !== '');
        return [name, Number(text.replace('%', ''))];
      }),
    );
  };
  /** Where the heat is: the alpha of the canvas, row by row, in a few cells. */
  const heat = (page: Page) =>
    page.locator('canvas.heat').evaluate((element) => {
      const canvas = element as HTMLCanvasElement;
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      return Array.from({ length: 16 }, (_, i) => {
        const x = Math.floor(((i % 4) + 0.5) * (canvas.width / 4));
        const y = Math.floor((Math.floor(i / 4) + 0.5) * (canvas.height / 4));
        return data[4 * (y * canvas.width + x) + 3];
      });
    });

  it('says that an image shows none of the classes, and which set holds the right one', async () => {
    const rejection: Rejection = {
      layer: 'dense_1',
      means: Float32Array.from({ length: 16 * 3 }, (_, i) => (i % 3 === Math.floor(i / 3) % 3 ? 0.45 : 0)),
      distance: { median: 0.3, high: 0.5 },
      doubt: { median: 0.2, high: 0.6 },
      // The score is compared with it.
      threshold: 50,
      keep: 0.9,
      images: 20,
    };
    const calibrated = (score: number) => new PredictionSets([0, 1, 2].map(() => Array(10).fill(score)));
    await drop(page, 'known.onnx', modelBytes({ side: 8, rejection, metadata: calibrated(1).metadata }));
    await drop(page, 'ship.png', await example('ship'));
    const results = page.locator('.results');
    await results.getByText(/In 95 of 100 images, the right class is among such a set/).waitFor(soon);
    for (const name of CLASSES) {
      await expect.poll(() => results.locator('.note b').first().innerText(), soon).toContain(name);
    }
    expect(await verdict(page).innerText()).not.toContain('None');
    await drop(
      page,
      'foreign.onnx',
      modelBytes({ side: 8, rejection: { ...rejection, threshold: -50 }, metadata: calibrated(0).metadata }),
    );
    await expect.poll(() => verdict(page).innerText(), soon).toBe('None of the classes');
    await results.getByText(/The image is unlike those that the model has learned from/).waitFor(soon);
    expect(await results.getByText(/In 95 of 100 images/).count()).toBe(0);
  });

  it('answers as Node does, with the model that comes with Harrier, and says where it runs', async () => {
    await page.getByAltText('Example: horse').click();
    await expect.poll(() => verdict(page).innerText(), soon).toMatch(/^horse/);
    expect(await page.locator('.timing').innerText()).toMatch(/^[\d.]+ ms on WebAssembly, \d+ threads?/);

    const classifier = await Classifier.load(nodeRuntime(), await readFile((await shippedModel())!));
    const pixels = await decodeImage(await example('horse'), classifier.imageShape);
    const expected = await classifier.predict(pixels);
    const actual = await fractions(page);
    classifier.classNames.forEach((name, i) => {
      expect(Math.abs(actual[name] - 100 * expected[i]), name).toBeLessThan(0.1);
    });
    await classifier.dispose();
    expect(opened.faults).toEqual([]);
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  it('shows what speaks for a class, for another one when it is chosen, as strongly as the slider says', async () => {
    await drop(page, 'horse.png', await example('horse'));
    await expect.poll(() => verdict(page).innerText(), soon).toMatch(/^horse/);
    await page.locator('canvas.heat').waitFor();
    const own = await heat(page);
    expect(Math.max(...own)).toBeGreaterThan(150);
    await page.getByRole('button', { name: /^deer/ }).click();
    await expect.poll(() => heat(page), soon).not.toEqual(own);
    expect(page.url()).toContain('class=deer');
    expect(await verdict(page).innerText()).toMatch(/^horse/);
    const slider = page.getByLabel('What counted');
    await slider.fill('0.2');
    expect(await page.locator('canvas.heat').evaluate((canvas) => getComputedStyle(canvas).opacity)).toBe(
      '0.2',
    );
  });

  it('runs on WebGPU where that is asked for, and says the same', async () => {
    // The model that comes with Harrier would take a processor that stands in for the graphics device a minute.
    const { page: other, close } = await studio.open('try?backend=webgpu', {
      unreachable: '**/api/models/*/model.onnx',
    });
    await expect.poll(() => error(other).innerText(), soon).toContain('This model cannot be used');
    for (const each of [page, other]) {
      await drop(each, 'small.onnx', encodeModel(small()));
      await drop(each, 'ship.png', await example('ship'));
      await expect.poll(() => verdict(each).innerText(), { timeout: 90_000 }).toMatch(/^class \d/);
    }
    expect(await other.locator('.timing').innerText()).toMatch(/ ms on WebGPU \(.+\)/);
    expect(await verdict(other).innerText()).toBe(await verdict(page).innerText());
    const [one, another] = [await heat(page), await heat(other)];
    one.forEach((value, i) => {
      expect(Math.abs(another[i] - value)).toBeLessThanOrEqual(2);
    });
    expect(Math.max(...one)).toBeGreaterThan(100);
    await close();
  });

  it('finds images that are alike, says that the model was not trained on them, and finds them again', async () => {
    const first = page.locator('.alike li').first();
    await drop(page, 'frog.png', await example('frog'));
    await page.getByRole('button', { name: /Find alike images/ }).click();
    await expect.poll(() => page.locator('.alike li').count(), { timeout: 60_000 }).toBe(8);
    await expect.poll(() => first.innerText(), soon).toMatch(/^(cat|dog|ship)\s+\d+% similar$/);
    await page.getByText(/Studio was not started with its training data/).waitFor();
    const before = await first.innerText();
    // Kept for the next visit: no pixels are asked for any more.
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().includes('/pixels')) asked++;
    });
    await page.reload();
    await drop(page, 'frog.png', await example('frog'));
    await page.getByRole('button', { name: /Find alike images/ }).click({ timeout: 60_000 });
    await expect.poll(() => first.innerText(), soon).toBe(before);
    expect([asked, opened.faults]).toEqual([0, []]);
  });

  it('names every label of a model of several, and none where none reaches its threshold', async () => {
    const of = async (thresholds: readonly number[], words: RegExp) => {
      await drop(page, 'labels.onnx', encodeModel(small(thresholds)));
      await drop(page, 'frog.png', await example('frog'));
      await expect.poll(() => verdict(page).innerText(), soon).toMatch(words);
    };
    await of([0, 0, 0], /^([abc], ){2}[abc]$/);
    await of([1, 1, 1], /^No label$/);
    // Bars that are each a probability of its own.
    const bars = await page.locator('.results .bar-row').allInnerTexts();
    expect(bars).toHaveLength(3);
    expect(opened.faults).toEqual([]);
  });

  describe('says in a sentence what cannot be looked at:', () => {
    const huge = async () => {
      const bytes = await sharp({ create: { width: 40, height: 30, channels: 3, background: 'teal' } })
        .png()
        .toBuffer();
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(16, 60_000);
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(20, 50_000);
      return bytes;
    };
    const cut = async () => {
      const whole = await sharp({ create: { width: 400, height: 300, channels: 3, background: 'teal' } })
        .jpeg()
        .toBuffer();
      return whole.subarray(0, whole.length / 2);
    };
    const film = async () => Uint8Array.of(0, 0, 0, 24, ...new TextEncoder().encode('ftypisom'), 0, 0, 2, 0);
    it.each<[string, () => Promise<Uint8Array>, RegExp]>([
      ['notes.txt', async () => new TextEncoder().encode('Buy milk.'), /text beginning "Buy milk\."/],
      ['film.mp4', film, /a video \(MP4/],
      ['broken.jpg', cut, /damaged or cut off/],
      ['huge.png', huge, /too large: expected at most 67 megapixels, received 60000 × 50000/],
    ])('%s', async (name, make, sentence) => {
      await drop(page, name, await make());
      await expect.poll(() => error(page).innerText(), soon).toMatch(sentence);
      expect(await error(page).innerText()).toContain(name);
      // The next image is looked at as if nothing had been.
      await drop(page, 'dog.png', await example('dog'));
      await expect.poll(() => verdict(page).innerText(), soon).toMatch(/^dog/);
      expect(await error(page).count()).toBe(0);
    });
  });

  describe('says in a sentence which models cannot be used:', () => {
    const rows = () => {
      const graph = createGraph('rows');
      graph.output(graph.op('Relu', [graph.input('x', 'float32', ['N', 4])]), 'y');
      return encodeModel(modelOf(graph.build()));
    };
    const dense = new Network({
      inputShape: [8, 8, 3],
      layers: [new Flatten(), new Dense({ units: 3, activation: 'softmax' })],
    });
    const classifier = exportModel(dense, initialWeights(dense.parameters, 1));
    const withOp = (opType: string, domain = '') => {
      const { nodes } = classifier.graph;
      const strange = nodes.map((node) => (node.opType === 'Softmax' ? { ...node, opType, domain } : node));
      const opsets = { ...classifier.opsets, ...(domain && { [domain]: 1 }) };
      return encodeModel({ ...classifier, opsets, graph: { ...classifier.graph, nodes: strange } });
    };

    it.each<[string, Uint8Array, RegExp]>([
      ['rows.onnx', rows(), /rows\.onnx: this is no model of images: expected one input/],
      [
        'cut.onnx',
        encodeModel(classifier).subarray(0, 300),
        /cut\.onnx: this is not an ONNX model, or it is cut off/,
      ],
      ['odd.onnx', withOp('Abracadabra'), /Abracadabra/],
      ['own.onnx', withOp('Sharpen', 'com.example'), /com\.example\.Sharpen/],
    ])('%s', async (name, bytes, sentence) => {
      await drop(page, name, bytes);
      await expect.poll(() => error(page).innerText(), soon).toMatch(sentence);
      expect(await error(page).innerText()).toContain('This model cannot be used');
      // The model that comes with Harrier is a click away.
      await page.getByLabel('Model', { exact: true }).selectOption({ index: 0 });
      await expect.poll(() => error(page).count(), soon).toBe(0);
    });

    it('and takes classifiers of other programs, with a map, and says what it assumed', async () => {
      const { page: other, close } = await studio.open('try?backend=wasm');
      try {
        await drop(other, 'net.onnx', encodeModel(foreignModel('Gemm, transposed', { size: [16, 16] })));
        await expect
          .poll(() => other.locator('main').innerText(), soon)
          .toContain("ImageNet's mean and deviation are assumed");
        await drop(other, 'dog.png', await example('dog'));
        await expect.poll(() => verdict(other).innerText(), soon).toMatch(/^class \d/);
        await expect.poll(() => other.locator('canvas.heat').count(), soon).toBe(1);
      } finally {
        await close();
      }
    });

    it('and answers without a map where a model has no gradients', async () => {
      await drop(page, 'dense.onnx', encodeModel(classifier));
      await drop(page, 'dog.png', await example('dog'));
      await expect.poll(() => verdict(page).innerText(), soon).toMatch(/^class \d/);
      expect(await page.locator('.results').innerText()).toContain(
        'no layer of this model has an image as output',
      );
      expect(await page.locator('canvas.heat').count()).toBe(0);
    });
  });

  it('looks through the camera, frame by frame, and keeps one', async () => {
    // A stream as a camera gives one, of an image that can be changed.
    await page.evaluate(async () => {
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [320, 240];
      const context = canvas.getContext('2d')!;
      const images = new Map<string, HTMLImageElement>();
      for (const name of ['ship', 'horse']) {
        const image = new Image();
        image.src = document.querySelector<HTMLImageElement>(`img[alt="Example: ${name}"]`)!.src;
        await image.decode();
        images.set(name, image);
      }
      const draw = () => {
        const shown = (globalThis as { shown?: string }).shown ?? 'ship';
        context.drawImage(images.get(shown)!, 40, 0, 240, 240);
        requestAnimationFrame(draw);
      };
      draw();
      navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(30);
    });
    await page.getByRole('button', { name: 'Use the camera' }).click();
    await expect.poll(() => verdict(page).innerText(), soon).toMatch(/^ship/);
    await page.evaluate(() => Object.assign(globalThis, { shown: 'horse' }));
    await expect.poll(() => verdict(page).innerText(), soon).toMatch(/^horse/);
    expect(Math.max(...(await heat(page)))).toBeGreaterThan(100);
    await page.getByRole('button', { name: 'Keep this image' }).click();
    await page.getByAltText('camera.png').waitFor();
    await expect.poll(() => verdict(page).innerText(), soon).toMatch(/^horse/);
    expect(await page.locator('video').count()).toBe(0);
  });

  it('fits a phone', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByAltText('Example: cat').click();
    await expect.poll(() => verdict(page).innerText(), soon).toMatch(/^cat/);
    const [inner, whole] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
    expect(whole).toBeLessThanOrEqual(inner);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('says what to do where there is no camera', async () => {
    await page.reload();
    await page.getByRole('button', { name: 'Use the camera' }).click();
    await expect
      .poll(() => error(page).innerText(), soon)
      .toMatch(/The camera cannot be used\s+(No camera was found|This page may not use the camera)/);
  });
});
