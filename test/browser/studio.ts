/** Studio in a real browser: the built page, served by the real server. */
import { readFile } from 'node:fs/promises';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { Reporter } from '../../src/cli/reporter.ts';
import { builtPage } from '../../src/cli/studio/page.ts';
import type { StudioOptions } from '../../src/studio-server/start.ts';
import { openStudio, studioFolder, type TestStudio } from '../studio/studio.ts';
import { testBrowser } from './browser.ts';

export interface StudioInBrowser extends TestStudio {
  readonly address: string;
  /** A new browser without memory, at a view. Its page must not fail: `faults` holds what it threw or complained of. */
  open(
    view: string,
    options?: {
      readonly width?: number;
      readonly height?: number;
      readonly permissions?: string[];
      /** Addresses that cannot be reached. */
      readonly unreachable?: string;
    },
  ): Promise<{ readonly page: Page; readonly faults: string[]; close(): Promise<void> }>;
}

/** Builds the page where its sources are newer, and serves it. */
export async function studioInBrowser(
  options: (folder: string) => Promise<Partial<StudioOptions>> = async () => ({}),
): Promise<StudioInBrowser> {
  const folder = await studioFolder();
  const pageFolder = await builtPage(new Reporter({ machine: true }));
  const server = await openStudio(folder, { pageFolder, ...(await options(folder)) });
  // By this name too a page may ask for the camera.
  const address = `http://localhost:${server.studio.port}`;
  return {
    ...server,
    address,
    async open(view, { width = 1280, height = 900, permissions = [], unreachable } = {}) {
      const browser = await testBrowser();
      const context = await browser.newContext({ viewport: { width, height }, permissions });
      if (unreachable !== undefined) await context.route(unreachable, (route) => route.abort());
      const page = await context.newPage();
      const faults: string[] = [];
      page.on('pageerror', (error) => faults.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') faults.push(message.text());
      });
      await page.goto(`${address}/${view}`);
      return { page, faults, close: () => context.close() };
    },
  };
}

/** Waits for a text. @throws Error with what the page shows instead, and what has the focus */
export async function untilShown(page: Page, text: string): Promise<void> {
  try {
    await page.getByText(text).first().waitFor();
  } catch (cause) {
    const [shown, focused] = await page.evaluate(() => [
      document.body.innerText,
      document.activeElement?.outerHTML.slice(0, 300),
    ]);
    throw new Error(`"${text}" is not shown, but:\n${shown}\nFocus: ${focused}`, { cause });
  }
}

/** What axe-core finds seriously wrong for people who use no mouse or do not see: a line each. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // The policy of the page lets nothing in but its own scripts; evaluate is the debugger's.
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run();
    return violations.map(({ id, impact, help, nodes }) => ({
      id,
      impact,
      help,
      where: nodes.map(({ target }) => String(target)).slice(0, 3),
    }));
  });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, where }) => `${id}: ${help} (${where.join('; ')})`);
}

/** A file as an input of the page takes it. */
export async function uploaded(path: string, name = path.split('/').at(-1)!) {
  return { name, mimeType: 'application/octet-stream', buffer: await readFile(path) };
}
