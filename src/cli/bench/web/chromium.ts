import { existsSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { HarrierError } from '../../../errors.ts';

/** Where Chromium or Chrome usually lies: Debian and others, then macOS, then Windows. */
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** What a page that measures needs, and nothing that a browser does on its own account. */
const QUIET = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-sync',
  '--no-first-run',
  // A page whose window is covered or behind others is not slowed down.
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

const WEBGPU = ['--enable-unsafe-webgpu', '--enable-features=Vulkan'];
/** WebGPU and WebGL computed on the processor: Chromium carries SwiftShader with it. */
const SOFTWARE = [
  '--use-webgpu-adapter=swiftshader',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
];

export interface ChromiumOptions {
  /** Takes no graphics card, so that every machine gives the same. Default false. */
  readonly softwareGpu?: boolean;
  /** A name that stands for this machine. What comes from there is no secure page, as over plain HTTP from another one. */
  readonly insecureHost?: string;
}

/**
 * The program file of a Chromium on this machine; undefined where there is none.
 *
 * @throws HarrierError `not-found` when HARRIER_CHROMIUM names a file that does not exist
 */
export function findChromium(environment = process.env): string | undefined {
  const named = environment.HARRIER_CHROMIUM;
  if (!named) return PLACES.find((path) => existsSync(path));
  if (existsSync(named)) return named;
  throw new HarrierError('not-found', 'HARRIER_CHROMIUM names a file that does not exist', {
    where: named,
    next: 'Correct or remove the variable.',
  });
}

/**
 * Starts a headless Chromium.
 *
 * @throws HarrierError `not-found` when there is none, or nothing to drive it with
 */
export async function launchChromium({
  softwareGpu = false,
  insecureHost,
}: ChromiumOptions = {}): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    throw new HarrierError('not-found', 'Chromium is not installed', {
      next: 'Install Chromium or Chrome (Debian: apt install chromium), or set HARRIER_CHROMIUM to its path.',
    });
  }
  const { chromium } = await import('playwright-core').catch((cause) => {
    throw new HarrierError('not-found', 'playwright-core, which drives the browser, is not installed', {
      next: 'It is a development dependency: run this in a checkout of Harrier, after npm ci.',
      cause,
    });
  });
  return chromium.launch({
    executablePath,
    args: [
      ...QUIET,
      ...WEBGPU,
      ...(softwareGpu ? SOFTWARE : []),
      ...(insecureHost === undefined ? [] : [`--host-resolver-rules=MAP ${insecureHost} 127.0.0.1`]),
    ],
    // Else playwright would end the browser and leave this process running, which was told to end.
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
}
