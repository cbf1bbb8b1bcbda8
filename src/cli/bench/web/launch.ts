import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { HarrierError } from '../../../errors.ts';
import { launchChromium } from './chromium.ts';
import { openPage, source } from './page.ts';

/** The module that measures inside a page. */
export const BENCH_PAGE = source('cli/bench/web/bench-page.ts');

/** Beyond this a single measurement is given up. */
const PATIENCE_MS = 180_000;

export type Launch = () => Promise<Browser>;

/** A browser on this machine. */
export interface FoundBrowser {
  readonly version: string;
  /** The device of WebGPU; `none` without one. */
  readonly gpu: string;
  readonly launch: Launch;
}

/** It does not change while this process runs. */
let found: Promise<FoundBrowser> | undefined;

/**
 * How to start a browser on the graphics card; where that gives no WebGPU, one that computes it on the processor.
 *
 * @throws HarrierError `not-found` when there is no Chromium, nothing to drive it with, or no checkout
 */
export function findBrowser(): Promise<FoundBrowser> {
  found ??= find();
  return found;
}

async function find(): Promise<FoundBrowser> {
  for (const softwareGpu of [false, true]) {
    const launch = () => launchChromium({ softwareGpu });
    const browser = await launch();
    try {
      const gpu = await gpuOf(browser);
      if (gpu !== undefined || softwareGpu) return { gpu: gpu ?? 'none', version: browser.version(), launch };
    } finally {
      await browser.close();
    }
  }
  throw new Error('unreachable');
}

async function gpuOf(browser: Browser): Promise<string | undefined> {
  if (!existsSync(BENCH_PAGE)) {
    throw new HarrierError('not-found', 'the page that measures is not in the installed package', {
      next: 'Run this in a checkout of Harrier, after npm ci.',
    });
  }
  const page = await openPage(browser, { module: BENCH_PAGE });
  try {
    return await page.call('gpuName');
  } finally {
    await page.close();
  }
}

/** The result of a measurement, or an error when it takes too long. */
export function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done in ${PATIENCE_MS / 60_000} minutes`)), PATIENCE_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Why a measurement failed, in one line. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0];
}
