// node --import tsx scripts/studio-screenshots.ts ADDRESS FOLDER [VIEW …]: images of every view of a running Studio,
// light and dark, on a desktop and on a phone, for people to look at. A view may have a query: "evaluate?cell=3,5".
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { launchChromium } from '../src/cli/bench/web/chromium.ts';

const VIEWS = [
  'try',
  'data',
  'data?class=3&image=9',
  'data?tab=duplicates',
  'data?tab=augmentation&augment=strong',
  'train',
  'label',
  'train?new=1',
  'evaluate',
  'inspect',
  'teach',
];
/** Views without an end. */
const WALLS = /^data(\?(?!tab)|$)/;
/** Images and charts come in a moment after the page. */
const WAIT_MS = 2500;
const DEVICES = {
  desktop: { viewport: { width: 1360, height: 850 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
} as const;

const [address, folder, ...wanted] = process.argv.slice(2);
if (!address || !folder) {
  console.error('Usage: node --import tsx scripts/studio-screenshots.ts ADDRESS FOLDER [VIEW …]');
  process.exit(2);
}
await mkdir(folder, { recursive: true });
const browser = await launchChromium();
try {
  for (const [device, options] of Object.entries(DEVICES)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.newContext({ ...options, colorScheme });
      const page = await context.newPage();
      for (const view of wanted.length > 0 ? wanted : VIEWS) {
        await page.goto(new URL(view, `${address}/`).href);
        // The stream of events never ends: there is no last answer to wait for.
        await page.waitForTimeout(WAIT_MS);
        const name = `${view.replace(/[^a-z0-9]+/gi, '-')}-${device}-${colorScheme}.png`;
        if (device === 'desktop' && !WALLS.test(view)) {
          // What is below the window makes its images only once it is seen.
          const height = await page.evaluate(() => document.documentElement.scrollHeight);
          await page.setViewportSize({ width: 1360, height: Math.min(4000, Math.max(850, height)) });
          await page.waitForTimeout(WAIT_MS / 2);
        }
        await page.screenshot({ path: join(folder, name) });
        if (device === 'desktop') await page.setViewportSize(DEVICES.desktop.viewport);
        console.log(name);
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
}
