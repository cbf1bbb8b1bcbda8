/** The page of docs/in-your-project.md: no bundler, an import map, and what an installed package holds. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StaticHost, staticHost } from '../../src/cli/bench/web/static-host.ts';
import { Dense, Flatten } from '../../src/layers/index.ts';
import { CLASS_NAMES_KEY, exportModel, initialWeights, Network } from '../../src/models/index.ts';
import { encodeModel } from '../../src/onnx/index.ts';
import { closeTestBrowser, noChromium, testBrowser } from './browser.ts';

const root = resolve(import.meta.dirname, '../..');
describe.skipIf(noChromium)(`a page without a bundler${noChromium ? ` (${noChromium})` : ''}`, () => {
  let host: StaticHost;
  let address: string;

  beforeAll(async () => {
    const markdown = await readFile(join(root, 'docs/in-your-project.md'), 'utf8');
    const [, page] = /```html\n([\s\S]*?)```/.exec(markdown)!;
    const network = new Network({ inputShape: [8, 8, 3], layers: [new Flatten(), new Dense({ units: 3 })] });
    const names = { [CLASS_NAMES_KEY]: JSON.stringify(['cat', 'dog', 'ship']) };
    const model = encodeModel(exportModel(network, initialWeights(network.parameters, 1), names));
    const photo = await sharp({ create: { width: 20, height: 10, channels: 3, background: 'teal' } })
      .jpeg()
      .toBuffer();
    const own = new Map<string, string | Uint8Array>([
      ['/index.html', page],
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

  it('classifies a photo with the import map that the documentation shows', {
    timeout: 600_000,
  }, async () => {
    const page = await (await testBrowser()).newPage();
    page.setDefaultTimeout(300_000);
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
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
});
