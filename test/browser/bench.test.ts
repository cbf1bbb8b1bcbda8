import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { measureFormsInPage } from '../../src/cli/bench/export/page.ts';
import { pageText } from '../../src/cli/bench/export/text.ts';
import { runWebBench, type WebEngine } from '../../src/cli/bench/web/measure.ts';
import { MEASUREMENTS, nameOf } from '../../src/cli/bench/web/measurements.ts';
import { webBenchText } from '../../src/cli/bench/web/text.ts';
import { withStoredWeights } from '../../src/models/index.ts';
import { decodeModel, encodeModel } from '../../src/onnx/index.ts';
import { harrier } from '../cli/harrier.ts';
import { smallModel } from '../package/exported-package.ts';
import { noChromium } from './browser.ts';

describe.skipIf(noChromium)(`bench --web${noChromium ? ` (${noChromium})` : ''}`, () => {
  it('measures every figure that it is asked for', async () => {
    const engines: WebEngine[] = [{ library: 'harrier', backend: 'wasm', threads: 1 }];
    // The shipped model's own training step takes longest, and is another recipe's in nothing but numbers.
    const measurements = MEASUREMENTS.filter(({ kind, of }) => kind === 'inference' || of === 'keras-cnn');
    const started: string[] = [];
    const onStart = (what: string) => void started.push(what);
    const result = await runWebBench({ peers: false, onStart, engines, measurements, seconds: 0.2 });
    expect(result.browser).toMatch(/^Chromium \d+/);
    const [{ ms, missing }] = result.engines;
    expect([Object.keys(ms), missing]).toEqual([measurements.map(nameOf), {}]);
    for (const each of Object.values(ms)) expect(each).toBeGreaterThan(0);
    expect(started).toContain('Harrier, WASM, 1 thread, training keras-cnn 32');
    const text = webBenchText(result);
    expect(text).toMatch(/^Chromium \d.*, \d+ cores, graphics by /);
    expect(text).toMatch(/Harrier, WASM, 1 thread +\d/);
  });

  it('measures the forms of a model as a visitor gets them', async () => {
    const onnx = smallModel();
    const forms = [
      { format: 'onnx', bytes: onnx },
      { format: 'onnx-fp16', bytes: encodeModel(withStoredWeights(decodeModel(onnx), 'float16')) },
      { format: 'cut', bytes: onnx.subarray(0, onnx.length >> 1) },
    ];
    const engines = [{ backend: 'wasm', threads: 1 }] as const;
    const result = await measureFormsInPage(forms, { engines, starts: 1, onStart: () => {} });
    expect([result.engines.length, result.missing]).toEqual([1, {}]);
    const [{ runtime, results, missing, engineBytes }] = result.engines;
    expect(runtime).toMatch(/^onnxruntime-web .* \(wasm\)$/);
    expect(results.map(({ format, bytes }) => [format, bytes])).toEqual(
      forms.slice(0, 2).map(({ format, bytes }) => [format, bytes.length]),
    );
    for (const { coldStart, oneImage, imagesPerSecond } of results) {
      for (const each of [coldStart, oneImage, imagesPerSecond]) expect(each).toBeGreaterThan(0);
    }
    expect(engineBytes).toBeGreaterThan(5_000_000);
    expect(missing).toEqual({ cut: expect.stringContaining('not an ONNX model, or it is cut off') });
    const text = pageText(result);
    expect(text).toMatch(/\(wasm\), 1 thread; its WebAssembly: .*\nformat +size/);
    expect(text).toContain('\ncut: ');
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
