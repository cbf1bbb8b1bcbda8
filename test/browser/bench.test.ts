import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { runWebBench, type WebEngine } from '../../src/cli/bench/web/measure.ts';
import { MEASUREMENTS, nameOf } from '../../src/cli/bench/web/measurements.ts';
import { webBenchText } from '../../src/cli/bench/web/text.ts';
import { harrier } from '../cli/harrier.ts';
import { noChromium } from './browser.ts';

describe.skipIf(noChromium)(`bench --web${noChromium ? ` (${noChromium})` : ''}`, () => {
  it('measures every figure that it is asked for', async () => {
    const engines: WebEngine[] = [{ library: 'harrier', backend: 'wasm', threads: 1 }];
    // The shipped model's own training step takes longest, and is another recipe's in nothing but numbers.
    const measurements = MEASUREMENTS.filter(({ kind, of }) => kind === 'inference' || of === 'keras-cnn');
    const started: string[] = [];
    const onStart = (what: string) => void started.push(what);
    const result = await runWebBench({ peers: false, onStart, engines, measurements });
    expect(result.browser).toMatch(/^Chromium \d+/);
    const [{ ms, missing }] = result.engines;
    expect([Object.keys(ms), missing]).toEqual([measurements.map(nameOf), {}]);
    for (const each of Object.values(ms)) expect(each).toBeGreaterThan(0);
    expect(started).toContain('Harrier, WASM, 1 thread, training keras-cnn 32');
    const text = webBenchText(result);
    expect(text).toMatch(/^Chromium \d.*, \d+ cores, graphics by /);
    expect(text).toMatch(/Harrier, WASM, 1 thread +\d/);
  });
});

it('bench --web says what is missing, and what it cannot do at once', async () => {
  const nowhere = await harrier(['bench', '--web'], {
    cwd: tmpdir(),
    environment: { HARRIER_CHROMIUM: '/nowhere/chromium' },
  });
  expect([nowhere.code, nowhere.stderr]).toEqual([
    1,
    expect.stringContaining('/nowhere/chromium: HARRIER_CHROMIUM names a file that does not exist.'),
  ]);
  const both = await harrier(['bench', '--web', '--serve'], { cwd: tmpdir() });
  expect([both.code, both.stderr]).toEqual([
    2,
    expect.stringContaining('--serve and --web cannot be combined'),
  ]);
});
