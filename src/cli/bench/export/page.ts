import { formatQuantity } from '../../../format/format.ts';
import { contractOf } from '../../../models/contract.ts';
import { decodeModel } from '../../../onnx/index.ts';
import { isSoftwareGpu } from '../../../platform/web/gpu.ts';
import { BENCH_PAGE, findBrowser, inTime, type Launch, reasonOf } from '../web/launch.ts';
import { openPage } from '../web/page.ts';
import type { FirstAnswer, PageEngine, PageSpeeds } from './in-page.ts';
import { type Form, type FormResult, medianOf, STARTS } from './measure.ts';

/** The forms in a page, with one engine. */
export interface PageFigures {
  /** Such as `onnxruntime-web 1.30.0 (wasm)`. */
  readonly runtime: string;
  readonly threads: number;
  /** Size of ONNX Runtime's WebAssembly, which a page loads beside the model. */
  readonly engineBytes: number;
  /** `bytes` are those of the model as they came over the network. */
  readonly results: readonly FormResult[];
  /** Forms that do not run, and why. */
  readonly missing: Readonly<Record<string, string>>;
}

/** What `harrier bench --export` measures in a browser. */
export interface PageBenchResult {
  readonly browser: string;
  /** The device of WebGPU; `none` without one. */
  readonly gpu: string;
  readonly engines: readonly PageFigures[];
  /** Engines that do not run at all, and why. */
  readonly missing: Readonly<Record<string, string>>;
}

export interface PageBenchOptions {
  readonly threads?: number;
  readonly onStart: (what: string) => void;
  /** To measure less, for tests. */
  readonly engines?: readonly PageEngine[];
  readonly starts?: number;
}

/**
 * Measures forms of a model in pages of a headless Chromium: WebAssembly with one thread, as in pages that are not
 * cross-origin isolated, and with several; WebGPU where the machine has a graphics device.
 *
 * @throws HarrierError `not-found` when there is no Chromium, nothing to drive it with, or no checkout
 */
export async function measureFormsInPage(
  forms: readonly Form[],
  { threads, onStart, engines, starts = STARTS }: PageBenchOptions,
): Promise<PageBenchResult> {
  onStart('pages for the browser');
  const { version, gpu, launch } = await findBrowser();
  const hasGpu = gpu !== 'none' && !isSoftwareGpu(gpu);
  const all: readonly PageEngine[] = engines ?? [
    { backend: 'wasm', threads: 1 },
    { backend: 'wasm', threads },
    ...(hasGpu ? [{ backend: 'webgpu' } as const] : []),
  ];
  const missing: Record<string, string> = {};
  if (!engines && !hasGpu)
    missing.webgpu = `not measured: this machine has no graphics device (WebGPU: ${gpu})`;
  const figures: PageFigures[] = [];
  for (const engine of all) {
    const title = engine.threads
      ? `${engine.backend}, ${formatQuantity(engine.threads, 'thread')}`
      : engine.backend;
    try {
      figures.push(
        await measureEngine(await launch(), engine, forms, (what) => onStart(`${title}, ${what}`), starts),
      );
    } catch (error) {
      missing[title] = reasonOf(error);
    }
  }
  return { browser: `Chromium ${version}`, gpu, engines: figures, missing };
}

async function measureEngine(
  browser: Awaited<ReturnType<Launch>>,
  engine: PageEngine,
  forms: readonly Form[],
  onStart: (what: string) => void,
  starts: number,
): Promise<PageFigures> {
  const files = Object.fromEntries(forms.map(({ format, bytes }) => [addressOf(format), bytes]));
  const { graph, metadata } = decodeModel(forms[0].bytes);
  const { imageShape } = contractOf(graph, metadata, forms[0].format);
  /** Each time a new visitor: nothing is cached. */
  const call = async <T>(name: string, ...args: unknown[]): Promise<T> => {
    const page = await openPage(browser, { module: BENCH_PAGE, files });
    try {
      return await inTime(page.call<T>(name, engine, ...args));
    } catch (error) {
      // First the browser: a page that still computes would not let itself be closed.
      await browser.close();
      throw error;
    } finally {
      await page.close();
    }
  };
  try {
    onStart('speed');
    const addresses = forms.map(({ format }) => addressOf(format));
    const { runtime, threads, speeds } = await call<PageSpeeds>('speedsOf', addresses);
    const missing: Record<string, string> = {};
    const results: FormResult[] = [];
    let engineBytes = 0;
    for (const [i, { format }] of forms.entries()) {
      const speed = speeds[i];
      if (typeof speed === 'string') {
        missing[format] = speed;
        continue;
      }
      onStart(`cold start of ${format}`);
      const answers: FirstAnswer[] = [];
      for (let start = 0; start < starts; start++) {
        answers.push(await call<FirstAnswer>('firstAnswer', addressOf(format), imageShape));
      }
      ({ engineBytes } = answers[0]);
      const coldStart = medianOf(answers.map(({ ms }) => ms));
      results.push({ format, bytes: answers[0].bytes, coldStart, ...speed });
    }
    return { runtime, threads, engineBytes, results, missing };
  } finally {
    await browser.close();
  }
}

const addressOf = (format: string): string => `/${format}.onnx`;
