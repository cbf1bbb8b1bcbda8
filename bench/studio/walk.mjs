// Walks through Studio with many photos: `node bench/studio/walk.mjs DATA [PHOTOS]`. DATA has a folder of images for each
// class (or such folders in train and test); PHOTOS (3000) are made of them by cutting, mirroring and recolouring. In
// Chromium: the data set is opened and scrolled, inspected, searched for copies, a last layer is fitted twice, and the
// runs are evaluated and compared. Prints seconds, and every error of the page. It is no part of `npm test`.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [data, count = '3000'] = process.argv.slice(2);
if (!data) throw new Error('usage: node bench/studio/walk.mjs DATA [PHOTOS]');
const work = mkdtempSync(join(tmpdir(), 'harrier-walk-'));
const PATIENCE_MS = 900_000;
let failed = 0;
let since = performance.now();
const lap = (what) => {
  process.stdout.write(`${((performance.now() - since) / 1000).toFixed(1).padStart(7)} s  ${what}\n`);
  since = performance.now();
};

/** Files by class. */
function classesOf(folder, found = new Map()) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) classesOf(path, found);
    else if (/\.(jpe?g|png|webp)$/i.test(name))
      found.set(basename(folder), [...(found.get(basename(folder)) ?? []), path]);
  }
  return found;
}

/** No two photos have the same pixels. */
async function makePhotos(folder) {
  const classes = [...classesOf(resolve(data))];
  for (let i = 0; i < Number(count); i++) {
    const [name, files] = classes[i % classes.length];
    const turn = Math.floor(i / classes.length);
    const round = Math.floor(turn / files.length);
    const file = files[turn % files.length];
    mkdirSync(join(folder, name), { recursive: true });
    const { width, height } = await sharp(file).metadata();
    const [left, top] = [Math.min(round, width - 1), Math.min(2 * round, height - 1)];
    const cut = sharp(file).extract({ left, top, width: width - left, height: height - top });
    const changed = cut
      .flop(round % 2 === 1)
      .modulate({ brightness: 0.85 + ((round * 0.37) % 0.3), hue: (round * 23) % 40 });
    await changed.jpeg({ quality: 85 }).toFile(join(folder, name, `${String(i).padStart(5, '0')}.jpg`));
  }
}

async function studio(photos) {
  const words = [
    join(root, 'bin/harrier.js'),
    'studio',
    join(work, 'runs'),
    '--data',
    photos,
    '--port',
    '0',
    '--json',
  ];
  const server = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const address = await new Promise((found, wrong) => {
    server.stdout.setEncoding('utf8').on('data', (text) => {
      const url = /http:\/\/[^"\s]+/.exec(text)?.[0];
      if (url) found(url);
    });
    server.once('exit', () => wrong(new Error('Studio ended')));
  });
  return { address, end: () => server.kill('SIGINT') };
}

const photos = join(work, 'photos');
await makePhotos(photos);
lap(`${count} photos made`);
const { address, end } = await studio(photos);
const browser = await chromium.launch({
  executablePath: process.env.HARRIER_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(PATIENCE_MS);
  const complain = (text) => {
    failed++;
    process.stdout.write(`ERROR ${text}\n`);
  };
  page.on('pageerror', (error) => complain(error.message));
  page.on('console', (message) => message.type() === 'error' && complain(message.text()));
  lap('Studio and Chromium started');
  await page.goto(`${address}/data`);
  const isShown = () => {
    const seen = [...document.querySelectorAll('.grid-photo')].filter((each) => {
      const { top, bottom } = each.getBoundingClientRect();
      return bottom > 0 && top < innerHeight;
    });
    return seen.length > 0 && seen.every((each) => each.querySelector('img')?.complete);
  };
  await page.waitForFunction(isShown);
  lap('data set read, first photos shown');
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await page.waitForFunction(isShown);
  lap('photos at the end shown');
  await page.evaluate(() => scrollTo(0, 0));
  await page.getByRole('tab', { name: 'Inspection' }).click();
  await page.getByRole('button', { name: 'Inspect these images' }).click();
  await page.getByRole('button', { name: 'Inspect again' }).waitFor();
  lap('inspected');
  await page.getByRole('tab', { name: 'Map' }).click();
  await page.locator('canvas').first().waitFor();
  lap('map');
  await page.getByRole('tab', { name: 'Duplicates' }).click();
  await page
    .getByText(/groups? of duplicates|no duplicates/i)
    .first()
    .waitFor();
  lap('duplicates');
  const runs = async () => (await fetch(`${address}/api/runs`)).json();
  for (const number of [1, 2]) {
    await page.goto(`${address}/train?new=1&data=photos`);
    await page.locator('form button[type=submit]:not([disabled])').click();
    for (;;) {
      const all = await runs();
      if (all.length === number && all.every(({ state }) => state !== 'running')) break;
      await sleep(500);
    }
    lap(`run ${number}: ${(await runs())[0].state}`);
  }
  const [second, first] = await runs();
  await page.goto(`${address}/evaluate?run=${second.id}`);
  await page.getByText('Confusion matrix').first().waitFor();
  lap(`evaluated: ${second.testAccuracy}`);
  await page.goto(`${address}/evaluate?run=${second.id}&with=${first.id}`);
  await page.getByText(`${second.id}, compared with ${first.id}`).waitFor();
  lap('compared');
} finally {
  await browser.close();
  end();
  rmSync(work, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 });
}
if (failed > 0) process.exitCode = 1;
