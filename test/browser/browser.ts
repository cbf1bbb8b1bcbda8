/** A real Chromium for tests, WebGPU included, on machines that have one. */
import { fileURLToPath } from 'node:url';
import { findChromium, launchChromium } from '../../src/cli/bench/web/chromium.ts';
import { type BrowserPage, openPage, type PageOptions } from '../../src/cli/bench/web/page.ts';
import { takeFaults, watchFaults } from './faults.ts';

export type { BrowserPage };

/** Why browser tests are skipped; undefined where they run. */
export const noChromium: string | undefined =
  findChromium() === undefined
    ? 'skipped: no Chromium on this machine (HARRIER_CHROMIUM says where one is)'
    : undefined;

/** This machine, as a page over plain HTTP from another machine has it: browsers hold back what is for secure pages. */
export const INSECURE_HOST = 'plain.test';

let launched: ReturnType<typeof launchChromium> | undefined;

/** The browser of this test file; the first call starts it. Its graphics are computed on the processor. */
export function testBrowser(): ReturnType<typeof launchChromium> {
  launched ??= launchChromium({ softwareGpu: true, insecureHost: INSECURE_HOST }).then((browser) => {
    watchFaults(browser);
    return browser;
  });
  return launched;
}

/**
 * Ends the browser, if it was started: for `afterAll`.
 * @throws Error with what pages threw or complained of, where no test expected it
 */
export async function closeTestBrowser(): Promise<void> {
  await (await launched)?.close();
  launched = undefined;
  const faults = takeFaults();
  if (faults.length > 0) throw new Error(`pages failed:\n${faults.join('\n')}`);
}

/**
 * Opens a page that has the exported functions of a module of tests.
 *
 * @param module its address: `new URL('./pages/runtime.ts', import.meta.url)`
 */
export async function openTestPage(
  module: URL,
  options: Omit<PageOptions, 'module'> = {},
): Promise<BrowserPage> {
  return openPage(await testBrowser(), { module: fileURLToPath(module), ...options });
}
