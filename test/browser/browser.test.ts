/** The harness of browser tests itself. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../src/cli/bench/web/chromium.ts';
import { HarrierError } from '../../src/errors.ts';
import { type BrowserPage, closeTestBrowser, noChromium, openTestPage } from './browser.ts';

const MODULE = new URL('./pages/echo.ts', import.meta.url);

describe.skipIf(noChromium)(`a page in Chromium${noChromium ? ` (${noChromium})` : ''}`, () => {
  let page: BrowserPage;
  beforeAll(async () => {
    page = await openTestPage(MODULE);
  });
  afterAll(async () => {
    await page?.close();
    await closeTestBrowser();
  });

  it('is isolated, so that threads share memory, and secure', async () => {
    expect(await page.call('circumstances')).toMatchObject({ isolated: true, threads: true, secure: true });
  });

  it('is not isolated where that is asked for', async () => {
    const plain = await openTestPage(MODULE, { crossOriginIsolated: false });
    expect(await plain.call('circumstances')).toMatchObject({
      isolated: false,
      threads: false,
      secure: true,
    });
    await plain.close();
  });

  it('has WebGPU, computed on the processor', async () => {
    expect(await page.call('webGpuAdapter')).toMatch(/swiftshader/i);
  });

  it('takes and gives values and typed arrays', async () => {
    const value = {
      text: 'ä',
      list: [1, 2.5, null],
      bytes: Uint8Array.of(0, 128, 255),
      floats: Float32Array.of(-0.5),
    };
    expect(await page.call('echo', value)).toEqual(value);
  });

  it('throws what the page throws', async () => {
    await expect(page.call('fail')).rejects.toSatisfy(
      (error) =>
        error instanceof HarrierError &&
        error.code === 'bad-data' &&
        error.message === 'nothing fits: expected one, received two. Count again.',
    );
    await expect(page.call('stumble')).rejects.toThrow('stumbled');
  });
});

it('a variable that leads nowhere is an error, not a browser of another name', () => {
  expect(() => findChromium({ HARRIER_CHROMIUM: '/nowhere/chromium' })).toThrow(
    expect.objectContaining({ code: 'not-found', message: expect.stringContaining('/nowhere/chromium') }),
  );
});
