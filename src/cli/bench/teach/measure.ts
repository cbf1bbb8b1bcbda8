import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { Backbone } from '../../../backbones/index.ts';
import { mirrored } from '../../../data/mirror.ts';
import { evaluatePredictions } from '../../../evaluation/index.ts';
import { fitHead } from '../../../heads/index.ts';
import { Classifier } from '../../../models/index.ts';
import type { FetchedModel } from '../../../platform/node/backbones/fetch-model.ts';
import { temporaryFolder } from '../../../platform/node/files/temporary-folder.ts';
import { decodeImage } from '../../../platform/node/images/decode.ts';
import type { StartingModel } from '../../../runs/starting-model.ts';
import type { Runtime } from '../../../runtime/index.ts';
import { exportSite } from '../../../studio-server/export.ts';
import { SECURITY_HEADERS } from '../../../studio-server/guard.ts';
import { staticHost } from '../web/static-host.ts';
import type { Lesson, LessonFile } from './draw.ts';

/** How well a lesson was learned. */
export interface LessonScore {
  readonly classNames: readonly string[];
  readonly shown: number;
  readonly tested: number;
  /** Fraction of the test images that the model of the page is right about. */
  readonly accuracy: number;
  /** The same of a linear head on the same network's features, fitted in Node. */
  readonly node: number;
  /** Milliseconds of a view of an image in the page, decoding included. */
  readonly viewMs: number;
  /** Seconds from the click on Train to the model. */
  readonly trainSeconds: number;
}

/** What `harrier bench --teach --json` prints. */
export interface TeachResult {
  readonly model: string;
  /** Logical cores of this machine: up to two of them, or half of more, work for the page. */
  readonly cores: number;
  readonly lessons: readonly LessonScore[];
}

/** Longest wait for the page. */
const PATIENCE_MS = 600_000;

/** The exported page with a pretrained network in its view Teach. */
export interface TeachPage {
  readonly address: string;
  close(): Promise<void>;
}

/** Exports Studio with a network, and serves the files. */
export async function servedTeachPage(pageFolder: string, backbone: FetchedModel): Promise<TeachPage> {
  const folder = temporaryFolder('bench');
  await exportSite({ folder: join(folder, 'site'), pageFolder, runs: [], data: [], backbone });
  const host = await staticHost(join(folder, 'site'), SECURITY_HEADERS);
  return {
    address: `${host.address}#/teach`,
    close: async () => {
      await host.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Teaches a lesson in the page as a person does, takes the model away and tests it in Node. */
export async function taughtInPage(
  browser: Browser,
  address: string,
  lesson: Lesson,
  runtime: Runtime,
): Promise<Pick<LessonScore, 'accuracy' | 'viewMs' | 'trainSeconds'>> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(address);
    await page.waitForSelector('.class-card');
    for (const label of lesson.classNames.keys()) await show(page, label, lesson.shown);
    const looked = page.locator('.looking', { hasText: 'has seen all images' });
    await looked.waitFor();
    const viewMs = Number(/(\d+) ms for each view/.exec(await looked.innerText())?.[1]);
    const began = performance.now();
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.waitForSelector('.try-panel');
    const trainSeconds = (performance.now() - began) / 1000;
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: /^model\.onnx/ }).click(),
    ]);
    const model = await Classifier.load(runtime, await readFile(await download.path()));
    const pixels = await decoded(lesson.tested, (file) => decodeImage(file, model.imageShape));
    const accuracy = scoreOf(await model.predict(pixels), lesson);
    await model.dispose();
    return { accuracy, viewMs, trainSeconds };
  } finally {
    await context.close();
  }
}

async function show(page: Page, label: number, files: readonly LessonFile[]): Promise<void> {
  const cards = page.locator('.class-card');
  if ((await cards.count()) <= label) await page.getByRole('button', { name: 'Add a class' }).click();
  const own = files.filter((each) => each.label === label).map(({ file }) => file);
  await cards.nth(label).locator('input[type=file]').setInputFiles(own);
}

/** A linear head on the same network's features of the same images, without a page. */
export async function taughtInNode(model: StartingModel, lesson: Lesson, runtime: Runtime): Promise<number> {
  const backbone = await Backbone.load(runtime, model);
  try {
    const { imageShape, size } = backbone;
    const pixelsOf = (files: readonly LessonFile[]) =>
      decoded(files, (file) => decodeImage(file, imageShape));
    const shown = await pixelsOf(lesson.shown);
    const head = await fitHead(
      runtime,
      {
        name: 'the lesson',
        views: [await backbone.features(shown), await backbone.features(mirrored(shown, imageShape.width))],
        size,
        labels: Uint16Array.from(lesson.shown, ({ label }) => label),
        classNames: lesson.classNames,
      },
      { kind: 'linear', seed: 1 },
    );
    return scoreOf(head.probabilities(await backbone.features(await pixelsOf(lesson.tested))), lesson);
  } finally {
    await backbone.dispose();
  }
}

async function decoded(
  files: readonly LessonFile[],
  decode: (file: string) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  return new Uint8Array(Buffer.concat(await Promise.all(files.map(({ file }) => decode(file)))));
}

function scoreOf(probabilities: Float32Array, { tested, classNames }: Lesson): number {
  const labels = Uint16Array.from(tested, ({ label }) => label);
  return evaluatePredictions({ probabilities, labels, classNames }).accuracy;
}
