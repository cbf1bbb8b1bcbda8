import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { shippedModel } from '../../../platform/node/runs/shipped-model.ts';
import { PEERS_FOLDER } from '../peers.ts';
import { BENCH_PAGE, findBrowser, inTime, type Launch, reasonOf } from './launch.ts';
import { MEASUREMENTS, nameOf, SHIPPED_MODEL } from './measurements.ts';
import { type BrowserPage, openPage, type PageOptions } from './page.ts';

/** What computes in the page. */
export interface WebEngine {
  readonly library: 'harrier' | 'tensorflowjs';
  readonly backend: 'cpu' | 'wasm' | 'webgl' | 'webgpu';
  readonly threads?: number;
}

export interface WebFigures extends WebEngine {
  /** Milliseconds, medians, by measurement: `training keras-cnn 32`. */
  readonly ms: Readonly<Record<string, number>>;
  /** What could not be measured, and why. */
  readonly missing: Readonly<Record<string, string>>;
}

/** What `harrier bench --web --json` prints. */
export interface WebBenchResult {
  readonly browser: string;
  readonly cores: number;
  /** The device of WebGPU and WebGL; a name with SwiftShader in it stands for the processor. */
  readonly gpu: string;
  readonly engines: readonly WebFigures[];
  readonly peersMissing: Readonly<Record<string, string>>;
}

const PEER = join(PEERS_FOLDER, 'tensorflowjs');
const PEER_WASM = [
  'tfjs-backend-wasm.wasm',
  'tfjs-backend-wasm-simd.wasm',
  'tfjs-backend-wasm-threaded-simd.wasm',
];

export interface WebBenchOptions {
  readonly peers: boolean;
  readonly onStart: (what: string) => void;
  /** To measure less, for tests. */
  readonly engines?: readonly WebEngine[];
  readonly measurements?: typeof MEASUREMENTS;
  /** For each figure. Default: those of `measureFor`. */
  readonly seconds?: number;
}

/**
 * Measures training steps and inference in a headless Chromium, and TensorFlow.js in the same browser where it is
 * installed (bench/peers/README.md).
 *
 * @throws HarrierError `not-found` when there is no Chromium, or nothing to drive it with
 */
export async function runWebBench({
  peers,
  onStart,
  engines = enginesOf(peers),
  measurements = MEASUREMENTS,
  seconds,
}: WebBenchOptions): Promise<WebBenchResult> {
  const peersMissing: Record<string, string> =
    !peers || existsSync(join(PEER, 'node_modules'))
      ? {}
      : { tensorflowjs: 'not installed: see bench/peers/README.md' };
  const measured = engines.filter(
    ({ library }) => library === 'harrier' || Object.keys(peersMissing).length === 0,
  );
  onStart('pages for the browser');
  const { gpu, version, launch } = await findBrowser();
  const figures: WebFigures[] = [];
  for (const engine of measured)
    figures.push(await measureEngine(launch, engine, { measurements, onStart, seconds }));
  return {
    browser: `Chromium ${version}`,
    cores: availableParallelism(),
    gpu,
    engines: figures,
    peersMissing,
  };
}

function enginesOf(peers: boolean): WebEngine[] {
  const wasm = [1, 2].filter((threads) => threads <= availableParallelism());
  const harrier: WebEngine[] = [
    ...wasm.map((threads) => ({ library: 'harrier', backend: 'wasm', threads }) as const),
    { library: 'harrier', backend: 'webgpu' },
  ];
  const others: WebEngine[] = [
    { library: 'tensorflowjs', backend: 'cpu' },
    ...wasm.map((threads) => ({ library: 'tensorflowjs', backend: 'wasm', threads }) as const),
    { library: 'tensorflowjs', backend: 'webgl' },
    { library: 'tensorflowjs', backend: 'webgpu' },
  ];
  return peers ? [...harrier, ...others] : harrier;
}

/** One engine in a browser of its own; after a failure, in a new one: what failed may have left it in any state. */
async function measureEngine(
  launch: Launch,
  engine: WebEngine,
  {
    measurements,
    onStart,
    seconds,
  }: Pick<WebBenchOptions, 'onStart' | 'seconds'> & { readonly measurements: typeof MEASUREMENTS },
): Promise<WebFigures> {
  const ms: Record<string, number> = {};
  const missing: Record<string, string> = {};
  const options = await pageOf(engine);
  let opened: { readonly browser: Browser; readonly page: BrowserPage } | undefined;
  const close = async () => {
    // First the browser: a page that still computes would not let itself be closed.
    await opened?.browser.close();
    await opened?.page.close();
    opened = undefined;
  };
  for (const what of measurements) {
    // It reads no ONNX files.
    if (engine.library === 'tensorflowjs' && what.of === 'shipped model') continue;
    const name = nameOf(what);
    onStart(`${titleOf(engine)}, ${name}`);
    try {
      if (!opened) {
        const browser = await launch();
        opened = { browser, page: await openPage(browser, options) };
        await inTime(opened.page.call('start', { backend: engine.backend, threads: engine.threads }));
      }
      ms[name] = await inTime(opened.page.call<number>('measureHere', what, seconds));
    } catch (error) {
      missing[name] = reasonOf(error);
      await close();
    }
  }
  await close();
  return { ...engine, ms, missing };
}

async function pageOf({ library }: WebEngine): Promise<PageOptions> {
  if (library === 'tensorflowjs') {
    const folder = join(PEER, 'node_modules/@tensorflow/tfjs-backend-wasm/dist');
    const files = await Promise.all(
      PEER_WASM.map(async (name) => [`/${name}`, await readFile(join(folder, name))] as const),
    );
    // It makes its workers of blobs, which Harrier's own policy forbids.
    return { module: join(PEER, 'page.js'), files: Object.fromEntries(files), strict: false };
  }
  return {
    module: BENCH_PAGE,
    files: { [SHIPPED_MODEL]: await readFile((await shippedModel())!) },
  };
}

const BACKENDS = { cpu: 'CPU', wasm: 'WASM', webgl: 'WebGL', webgpu: 'WebGPU' } as const;

/** `Harrier, WASM, 2 threads`. */
export function titleOf({ library, backend, threads }: WebEngine): string {
  const count = threads === undefined ? '' : `, ${threads} thread${threads === 1 ? '' : 's'}`;
  return `${library === 'harrier' ? 'Harrier' : 'TensorFlow.js'}, ${BACKENDS[backend]}${count}`;
}
