import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Reporter } from '../../src/cli/reporter.ts';
import { builtPage } from '../../src/cli/studio/page.ts';
import { openStudio, type TestStudio } from '../studio/studio.ts';
import { closeTestBrowser, noChromium, testBrowser } from './browser.ts';
import { scrollToEnd } from './scroll.ts';

let server: TestStudio | undefined;
afterAll(async () => {
  await closeTestBrowser();
  await server?.end();
});

// How long its frames take is what scripts/studio-frames.ts prints.
it.skipIf(noChromium)(
  '10,000 thumbnails are some hundred elements, and sheets that fly by are not asked for',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'harrier-scroll-'));
    const pageFolder = await builtPage(new Reporter({ machine: true }));
    server = await openStudio(folder, { pageFolder, data: ['cifar10'] });
    const context = await (await testBrowser()).newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    page.setDefaultTimeout(90_000);
    const sheets = new Set<string>();
    page.on('request', (request) => {
      if (request.url().includes('/sheet?')) sheets.add(request.url());
    });
    await page.goto(`http://127.0.0.1:${server.studio.port}/data?split=test`);
    await page.getByText('10,000 images').first().waitFor();
    await page.locator('.image-cell').first().waitFor();
    const { mostImages, distance } = await scrollToEnd(page);
    expect(distance).toBeGreaterThan(20_000);
    expect(mostImages).toBeLessThan(600);
    // Where it came to rest the images are there.
    await page.waitForFunction(() => {
      const last = [...document.querySelectorAll<HTMLElement>('.image-cell > i')].at(-1);
      return last?.style.backgroundImage.startsWith('url(') ?? false;
    });
    expect(sheets.size).toBeLessThanOrEqual(40);
    expect([...sheets].some((url) => url.includes('page=39'))).toBe(true);
    await context.close();
    await rm(folder, { recursive: true, force: true });
  },
);
