/** The view Inspect model: a model's layers, its first filters, and what each layer makes of an image. */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FeatureMaps } from '../../src/explanation/index.ts';
import { Add, Conv2D, Dense, GlobalAveragePooling2D, Input } from '../../src/layers/index.ts';
import { exportModel, initialWeights, Network } from '../../src/models/index.ts';
import { encodeModel } from '../../src/onnx/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { decodeImage } from '../../src/platform/node/images/decode.ts';
import { shippedModel } from '../../src/platform/node/runs/shipped-model.ts';
import { closeTestBrowser, noChromium } from './browser.ts';
import { accessibilityFaults, type StudioInBrowser, studioInBrowser } from './studio.ts';

const HORSE = new URL('../../studio-page/src/inference/examples/horse.png', import.meta.url);

describe.skipIf(noChromium)(`Inspect model${noChromium ? ` (${noChromium})` : ''}`, () => {
  let studio: StudioInBrowser;
  let opened: Awaited<ReturnType<StudioInBrowser['open']>>;
  let page: Page;
  beforeAll(async () => {
    studio = await studioInBrowser();
    opened = await studio.open('inspect?backend=wasm');
    page = opened.page;
    await page.locator('.layer-graph').waitFor();
  });
  afterAll(async () => {
    await opened?.close();
    await studio?.end();
    await closeTestBrowser();
  });

  const block = (name: string) => page.getByRole('button', { name: new RegExp(`^${name} `) });

  it('draws the layers of the model that comes with Harrier, with shapes and parameters', async () => {
    expect(await page.locator('.view-head').innerText()).toContain('28 layers with 4,608,312 parameters');
    expect(await block('conv2d').textContent()).toBe('conv2d Conv 31 × 31 × 128 27,648 weights');
    expect(await page.locator('.layer-graph .block').count()).toBe(29);
    expect(await page.locator('.layer-graph .edges path').count()).toBe(28);
  });

  it('begins with the first filters', async () => {
    await page.getByLabel('The filters of layer patch_whitening2d').waitFor();
    expect(await page.getByText('24 filters of 2 × 2').count()).toBe(1);
  });

  it('shows what each layer makes of an image, as Node computes it', async () => {
    await page.getByAltText('Example: horse').click();
    await block('activation_6').click();
    const sheet = page.getByLabel('Output of layer activation_6 for the image');
    await sheet.waitFor();
    expect(page.url()).toContain('layer=activation_6');
    const maps = await FeatureMaps.load(nodeRuntime(), await readFile((await shippedModel())!), [
      'activation_6',
    ]);
    const image = await decodeImage(await readFile(HORSE), { height: 32, width: 32, channels: 3 });
    const [{ data }] = await maps.of(image);
    await maps.dispose();
    const words = await page.locator('.layer .maps .note').innerText();
    const [low, high] = [...words.matchAll(/(-?[\d.]+) \(/g)].map(([, number]) => Number(number));
    expect(low).toBeCloseTo(Math.min(...data), 1);
    expect(high).toBeCloseTo(Math.max(...data), 1);
    // Every layer that has places shows them in the graph: 24 and the image.
    expect(await page.locator('.layer-graph image').count()).toBe(25);
    // The lightest cell of the first map is where its largest number is.
    const first = data.subarray(0, 9);
    const lightest = await sheet.evaluate((element) => {
      const canvas = element as HTMLCanvasElement;
      const { data: shown } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      const cell = 14 / 3;
      const at = (i: number) => {
        const [x, y] = [i % 3, Math.floor(i / 3)].map((place) => Math.floor((place + 0.5) * Math.ceil(cell)));
        const [red, green, blue] = shown.subarray(4 * (y * canvas.width + x));
        return red + green + blue;
      };
      const sums = Array.from({ length: 9 }, (_, i) => at(i));
      return sums.indexOf(Math.max(...sums));
    });
    expect(lightest).toBe(first.indexOf(Math.max(...first)));
    await page.getByRole('button', { name: 'All 384 maps' }).click();
    expect(opened.faults).toEqual([]);
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  it('goes from layer to layer, by keys too, to what the model answers', async () => {
    await block('dense').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'dense' }).waitFor();
    // The division by its temperature, then the answer.
    for (const name of ['Div', 'probabilities']) {
      await page.getByRole('button', { name: 'The layer after' }).click();
      await page.getByRole('heading', { name }).waitFor();
    }
    const bars = page.getByLabel('Output for each class');
    expect(await bars.innerText()).toMatch(/horse\s+0\.9/);
    expect(await page.getByRole('button', { name: 'The layer after' }).isDisabled()).toBe(true);
  });

  it('draws what leads past other layers', async () => {
    const image = new Input({ shape: [8, 8, 3] });
    const first = new Conv2D({ filters: 4, kernelSize: 3, padding: 'same' }).apply(image);
    const second = new Conv2D({ filters: 4, kernelSize: 3, padding: 'same' }).apply(first);
    const network = new Network({
      inputs: image,
      outputs: new Add()
        .apply([first, second])
        .through(new GlobalAveragePooling2D(), new Dense({ units: 3 })),
    });
    await page.locator('.subject .dropzone input').setInputFiles({
      name: 'bridged.onnx',
      mimeType: 'application/octet-stream',
      buffer: Buffer.from(encodeModel(exportModel(network, initialWeights(network.parameters, 1)))),
    });
    await block('add').click();
    expect(await page.locator('.layer').innerText()).toContain('takes conv2d and conv2d_1');
    // 7 layers, of which one takes two.
    expect(await page.locator('.layer-graph .edges path').count()).toBe(8);
  });

  it('fits a phone', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    const [inner, whole] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
    expect(whole).toBeLessThanOrEqual(inner);
  });
});
