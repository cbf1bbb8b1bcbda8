/** The pages of docs/in-your-project.md: no bundler, an import map, and what an installed package holds. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StaticHost, staticHost } from '../../src/cli/bench/web/static-host.ts';
import { Dense, Flatten } from '../../src/layers/index.ts';
import { CLASS_NAMES_KEY, exportModel, initialWeights, Network } from '../../src/models/index.ts';
import { encodeModel } from '../../src/onnx/index.ts';
import { loadModel } from '../../src/platform/node/load-model.ts';
import { closeTestBrowser, noChromium, testBrowser } from './browser.ts';

const root = resolve(import.meta.dirname, '../..');

/** Shows red or blue: in a canvas, as pixels, and in a video as a camera does. */
const TEACHING = `
  import { Model } from 'harrier';
  import { openStorage, webRuntime } from 'harrier/web';
  import { keep, train } from './teach.js';
  const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 48 });
  const context = canvas.getContext('2d');
  const paint = (red, blue) => {
    context.fillStyle = 'rgb(' + red + ' 40 ' + blue + ')';
    context.fillRect(0, 0, 64, 48);
  };
  globalThis.teach = async () => {
    for (let i = 0; i < 8; i++) {
      paint(200 + 5 * i, 20);
      await keep(canvas, 'hand');
      paint(20, 200 + 5 * i);
      await keep(context.getImageData(0, 0, 64, 48), 'nothing');
    }
    paint(230, 20);
    const video = Object.assign(document.createElement('video'), { muted: true, srcObject: canvas.captureStream() });
    await video.play();
    await keep(video, 'hand');
    await train();
    const kept = await (await openStorage('hands')).read('model.onnx');
    const model = Model.fromOnnx(kept, { runtime: await webRuntime() });
    return [...(await model.predict(new Uint8Array(32 * 32 * 3).map((_, i) => (i % 3 === 0 ? 230 : 30))))];
  };
`;

describe.skipIf(noChromium)(`a page without a bundler${noChromium ? ` (${noChromium})` : ''}`, () => {
  let host: StaticHost;
  let address: string;

  beforeAll(async () => {
    const markdown = await readFile(join(root, 'docs/in-your-project.md'), 'utf8');
    const [, page] = /```html\n([\s\S]*?)```/.exec(markdown)!;
    const [, map] = /(<script type="importmap">[\s\S]*?<\/script>)/.exec(page)!;
    const [, teach] = /```js\n\/\/ teach\.js\n([\s\S]*?)```/.exec(markdown)!;
    const network = new Network({ inputShape: [8, 8, 3], layers: [new Flatten(), new Dense({ units: 3 })] });
    const names = { [CLASS_NAMES_KEY]: JSON.stringify(['cat', 'dog', 'ship']) };
    const model = encodeModel(exportModel(network, initialWeights(network.parameters, 1), names));
    const photo = await sharp({ create: { width: 20, height: 10, channels: 3, background: 'teal' } })
      .jpeg()
      .toBuffer();
    const own = new Map<string, string | Uint8Array>([
      ['/index.html', page],
      ['/teach.html', `<!doctype html>${map}<script type="module">${TEACHING}</script>`],
      ['/teach.js', teach],
      ['/model.onnx', model],
      ['/photo.jpg', photo],
    ]);
    host = await staticHost(async (path) => {
      const file = path.startsWith('/node_modules/harrier/')
        ? path.replace('/node_modules/harrier/', '/')
        : path;
      return own.get(path) ?? (await readFile(join(root, file)).catch(() => undefined));
    });
    address = host.address;
  });
  afterAll(async () => {
    await host?.close();
    await closeTestBrowser();
  });

  /** A page, and what goes wrong in it. */
  async function newPage() {
    const page = await (await testBrowser()).newPage();
    page.setDefaultTimeout(300_000);
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    return { page, errors };
  }

  it('classifies a photo with the import map that the documentation shows', {
    timeout: 600_000,
  }, async () => {
    const { page, errors } = await newPage();
    const printed = page.waitForEvent('console', { predicate: (message) => message.type() === 'log' });
    await page.goto(address, { waitUntil: 'commit' });
    const [names, probabilities] = await Promise.all(
      (await printed).args().map((each) => each.evaluate((value) => [...value])),
    );
    expect(errors).toEqual([]);
    expect(names).toEqual(['cat', 'dog', 'ship']);
    expect(probabilities).toHaveLength(3);
    expect(probabilities.reduce((sum: number, value: number) => sum + value, 0)).toBeCloseTo(1, 5);
    await page.close();
  });

  it('trains a model in a page as the documentation shows, and Node loads it', {
    timeout: 600_000,
  }, async () => {
    const { page, errors } = await newPage();
    await page.route('**/models', (route) => route.fulfill({ status: 204 }));
    const sent = page.waitForRequest('**/models');
    await page.goto(`${address}teach.html`, { waitUntil: 'commit' });
    await page.waitForFunction(() => 'teach' in globalThis);
    const probabilities = await page.evaluate<number[]>('teach()');
    expect(errors).toEqual([]);
    expect(probabilities[0]).toBeGreaterThan(0.9);
    const folder = await mkdtemp(join(tmpdir(), 'harrier-taught-'));
    await writeFile(join(folder, 'model.onnx'), (await sent).postDataBuffer()!);
    const model = await loadModel(join(folder, 'model.onnx'));
    await rm(folder, { recursive: true });
    const [hand] = await model.predict(new Uint8Array(32 * 32 * 3).map((_, i) => (i % 3 === 0 ? 230 : 30)));
    expect(hand).toBeCloseTo(probabilities[0], 4);
    await model.dispose();
    await page.close();
  });
});
