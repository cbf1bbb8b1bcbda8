// node --import tsx scripts/studio-scroll.ts ADDRESS: scrolls the 10,000 test pictures of a running Studio from top to
// end, three times, and prints how long frames took.
import process from 'node:process';
import { launchChromium } from '../src/cli/bench/web/chromium.ts';
import { scrollToEnd } from '../test/browser/scroll.ts';

const [address] = process.argv.slice(2);
if (!address) {
  console.error('Usage: node --import tsx scripts/studio-scroll.ts ADDRESS');
  process.exit(2);
}
const browser = await launchChromium();
try {
  for (let time = 1; time <= 3; time++) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(new URL('data?split=test', `${address}/`).href);
    await page.locator('.picture-cell').first().waitFor();
    const { frames, longest, distance } = await scrollToEnd(page);
    console.log(`${distance} pixels in ${frames} frames, the longest ${longest.toFixed(0)} ms`);
    await page.close();
  }
} finally {
  await browser.close();
}
