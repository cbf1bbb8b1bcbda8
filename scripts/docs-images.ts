// node --import tsx scripts/docs-images.ts PHOTOS [FOLDER]: makes the images of docs/images, in a checkout with Chromium.
// It trains on a folder of photos (those in the docs: ants and bees, from ImageNet) and fine-tunes the model in the package
// on 1,000 images of CIFAR-10, trains a small run while Studio shows it, and takes screenshots. FOLDER keeps the runs
// (default: a temporary folder); a finished run that is already there is used again.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import sharp from 'sharp';
import { launchChromium } from '../src/cli/bench/web/chromium.ts';
import { cifar10 } from '../src/platform/node/datasets/cifar10.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const program = join(root, 'bin', 'harrier.js');
const images = join(root, 'docs', 'images');
const photos = process.argv[2];
if (photos === undefined) throw new Error('name a folder of photos');
const folder = resolve(process.argv[3] ?? mkdtempSync(join(tmpdir(), 'docs-images-')));
const PHOTOS = 'photos';
const TUNED = 'cifar10-tuned';
const LIVE = 'keras-cnn-1';
/** Epochs after which the curves of the running run are worth an image. */
const EPOCHS_SHOWN = 12;
/** For a machine that is busy. */
const LOAD_MS = 180_000;
/** Images and charts appear a moment after the page. */
const WAIT_MS = 5000;
/** Studio's window, and the width of its images, in pixels. */
const [WINDOW_WIDTH, SHOWN_WIDTH] = [1360, 1080];

mkdirSync(join(folder, 'runs'), { recursive: true });
const browser = await launchChromium();
try {
  await harrier(
    'data',
    'cifar10',
    '--preview',
    join(folder, 'augmentation.png'),
    '--force',
    ...['--augment', 'flip,translation=4,color,cutout=8'],
  );
  await keep('augmentation.png', readFileSync(join(folder, 'augmentation.png')));
  await explained(13, 'explain-horse.png', 'grad-cam');
  await explained(12, 'explain-saliency.png', 'saliency');
  await terminal();
  await report(browser);
  await studio(browser);
} finally {
  await browser.close();
}

/** Runs a command in the folder, and returns what it printed. */
async function harrier(...words: string[]): Promise<string> {
  const child = spawn(process.execPath, [program, ...words], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (printed += text));
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`harrier ${words.join(' ')} ended with ${code}`);
  return printed;
}

/** The explanation of a test image of CIFAR-10, by the model in the package. */
async function explained(index: number, name: string, method: string): Promise<void> {
  const { test } = await cifar10();
  const { width, height, channels } = test.imageShape;
  const pixels = new Uint8Array(width * height * channels);
  test.gather([index], pixels);
  const file = join(folder, name);
  await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(file);
  const out = join(folder, 'why');
  rmSync(out, { recursive: true, force: true });
  await harrier('explain', file, '--out', out, '--method', method);
  const [written] = readdirSync(out);
  await keep(name, readFileSync(join(out, written)));
}

/** The output of a fine-tuning, as a terminal shows it. */
async function terminal(): Promise<void> {
  if (!existsSync(join(folder, PHOTOS))) symlinkSync(resolve(photos), join(folder, PHOTOS));
  const words = ['train', '--data', `./${PHOTOS}`];
  const kept = join(folder, `${PHOTOS}.txt`);
  if (!existsSync(kept)) writeFileSync(kept, await harrier(...words, '--out', join('runs', PHOTOS)));
  const printed = readFileSync(kept, 'utf8').trimEnd();
  const lines = [
    `$ npx harrier ${words.join(' ')}`,
    ...printed.replace(/\n+People:[\s\S]*?(?=\n\nTraining accuracy)/, '').split('\n'),
  ];
  const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const texts = lines.map((line, i) => {
    const weight = / right: |^Most confused|^Everything/.test(line) ? ' font-weight="bold"' : '';
    return `<text xml:space="preserve" x="24" y="${36 + 21 * i}"${weight}>${escaped(line)}</text>`;
  });
  const [width, height] = [1160, 42 + 21 * lines.length];
  await keep(
    'train.png',
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="DejaVu Sans Mono, monospace" font-size="15" fill="#f2efe9"><rect width="100%" height="100%" fill="#16191f"/>${texts.join('')}</svg>`,
    ),
  );
}

/** The upper part of the run's report. */
async function report(browser: Browser): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 1010 } });
  await page.goto(pathToFileURL(join(folder, 'runs', PHOTOS, 'report.html')).href, { timeout: LOAD_MS });
  await keep('report.png', await page.screenshot({ timeout: LOAD_MS }));
  await page.close();
}

/** Studio's views: the data, the evaluation of the tuned run, and another run while it trains. */
async function studio(browser: Browser): Promise<void> {
  const tuned = join('runs', TUNED);
  if (!existsSync(join(folder, tuned, 'evaluation.json')))
    await harrier('train', '--from', '--data', 'cifar10', '--limit', '1000', '--out', tuned);
  const server = start('studio', 'runs', '--port', '0', '--json');
  rmSync(join(folder, 'runs', LIVE), { recursive: true, force: true });
  const options = ['--limit', '5000', '--epochs', '30', '--validation-split', '0.2'];
  const training = start('train', ...options, '--out', join('runs', LIVE));
  try {
    const { url } = JSON.parse(await firstLine(server)) as { url: string };
    await view(browser, new URL('data?split=test', `${url}/`), 'studio-data.png', {
      element: '.image-cell',
      height: 476,
    });
    await view(browser, new URL(`evaluate?run=${TUNED}&cell=3,5`, `${url}/`), 'studio-evaluate.png', {
      element: '.cell-images .image-cell',
      height: 675,
    });
    const history = join(folder, 'runs', LIVE, 'history.csv');
    while (!existsSync(history) || readFileSync(history, 'utf8').split('\n').length < EPOCHS_SHOWN + 2) {
      if (training.exitCode !== null) throw new Error('the run ended before its image was taken');
      await setTimeout(500);
    }
    await view(browser, new URL(`train?runs=${LIVE}`, `${url}/`), 'studio-train.png', {
      element: '.uplot canvas',
      height: 508,
      colorScheme: 'dark',
    });
  } finally {
    for (const child of [training, server]) child.kill('SIGTERM');
  }
}

function start(...words: string[]): ChildProcess {
  return spawn(process.execPath, [program, ...words], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** The JSON object that a command prints when it has started. */
async function firstLine(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const part of child.stdout!.setEncoding('utf8')) {
    text += part;
    if (text.trimEnd().endsWith('}')) return text;
  }
  throw new Error('Studio did not start');
}

/** A view as a window of 1,360 pixels shows it, once an element of it is there. */
async function view(
  browser: Browser,
  address: URL,
  name: string,
  shown: { readonly element: string; readonly height: number; readonly colorScheme?: 'light' | 'dark' },
): Promise<void> {
  const scale = SHOWN_WIDTH / WINDOW_WIDTH;
  const page = await browser.newPage({
    viewport: { width: WINDOW_WIDTH, height: Math.round(shown.height / scale) },
    deviceScaleFactor: scale,
    colorScheme: shown.colorScheme ?? 'light',
  });
  await page.goto(address.href, { timeout: LOAD_MS, waitUntil: 'domcontentloaded' });
  await page.locator(shown.element).first().waitFor({ timeout: LOAD_MS });
  // The stream of events never ends: there is no last answer to wait for.
  await page.waitForTimeout(WAIT_MS);
  // The folder of this machine is of no interest.
  await page.evaluate((path) => {
    for (const code of document.querySelectorAll('code')) {
      if (code.textContent?.includes(path)) code.textContent = '/home/ada/runs';
    }
  }, folder);
  await keep(name, await page.screenshot({ timeout: LOAD_MS }));
  await page.close();
}

/** Writes an image with as few colours as look the same. */
async function keep(name: string, image: Buffer): Promise<void> {
  await sharp(image).png({ palette: true, quality: 90, effort: 10 }).toFile(join(images, name));
  process.stdout.write(`docs/images/${name}\n`);
}
