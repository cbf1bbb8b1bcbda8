// node --import tsx scripts/studio-frames.ts ADDRESS: how smoothly a running Studio's page moves. Scrolls the 10,000 test
// images from top to end, three times; then teaches it two classes in the page, and watches its frames meanwhile.
import process from 'node:process';
import type { Page } from 'playwright-core';
import { launchChromium } from '../src/cli/bench/web/chromium.ts';
import { cifarFiles } from '../test/browser/cifar-files.ts';
import { scrollToEnd } from '../test/browser/scroll.ts';

const CLASSES = ['frog', 'ship'];
const IMAGES = 100;
const WATCHED_MS = 10_000;

const [address] = process.argv.slice(2);
if (!address) {
  console.error('Usage: node --import tsx scripts/studio-frames.ts ADDRESS');
  process.exit(2);
}
const browser = await launchChromium();
try {
  for (let time = 1; time <= 3; time++) {
    const page = await open('data?split=test');
    await page.locator('.image-cell').first().waitFor();
    const { frames, longest, distance } = await scrollToEnd(page);
    console.log(`scrolling ${distance} pixels: ${frames} frames, the longest ${longest.toFixed(0)} ms`);
    await page.close();
  }
  const page = await open('teach');
  await page.waitForSelector('.class-card');
  for (const [place, name] of CLASSES.entries()) {
    const card = page.locator('.class-card').nth(place);
    await card.locator('input[type=file]').setInputFiles(await cifarFiles(name, IMAGES));
    await card.getByText(`${IMAGES} images`).waitFor();
  }
  await page.getByRole('button', { name: 'Options', exact: true }).click();
  await page.locator('.train-panel select').selectOption('all');
  await page.getByLabel('Epochs').fill('1000');
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await page.getByText(/^Epoch 2 of/).waitFor({ timeout: 120_000 });
  const times = await framesOf(page, WATCHED_MS);
  const rate = await page.getByText(/images\/s/).innerText();
  times.sort((a, b) => a - b);
  const fraction = times.filter((ms) => ms < 20).length / times.length;
  console.log(
    `while training (${rate}): ${(times.length / (WATCHED_MS / 1000)).toFixed(1)} frames a second, ${(100 * fraction).toFixed(1)}% in time, the longest ${times.at(-1)!.toFixed(0)} ms`,
  );
} finally {
  await browser.close();
}

async function open(path: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  // What runs in the page comes compiled by tsx, whose mark for names the page does not have.
  await page.addInitScript({ content: 'globalThis.__name = (work) => work;' });
  await page.goto(new URL(path, `${address}/`).href);
  return page;
}

/** Milliseconds between one frame and the next, for so long. */
function framesOf(page: Page, watchedMs: number): Promise<number[]> {
  return page.evaluate(async (most) => {
    const frame = () => new Promise<number>(requestAnimationFrame);
    const times: number[] = [];
    const start = await frame();
    for (let before = start; before - start < most; ) {
      const now = await frame();
      times.push(now - before);
      before = now;
    }
    return times;
  }, watchedMs);
}
