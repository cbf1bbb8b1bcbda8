import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { HarrierError } from '../../../errors.ts';
import { errorFromPlain, type PlainError } from '../../../plain-error.ts';
import { SECURITY_HEADERS } from '../../../studio-server/guard.ts';
import { staticHost } from './static-host.ts';

export interface PageOptions {
  /** The module whose exported functions the page has, as a path. */
  readonly module: string;
  /** Whether the page may share memory between threads. Default true. */
  readonly crossOriginIsolated?: boolean;
  /** Whether it runs under Studio's content-security policy. Default true. */
  readonly strict?: boolean;
  /** More files to serve, by path: `/model.onnx`. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

/** A module that runs in a browser page, its functions callable from here. */
export interface BrowserPage {
  readonly page: Page;
  readonly url: string;
  /**
   * Calls one of the module's exported functions. Arguments and result go through the browser's protocol: plain
   * values, arrays and objects of them, and typed arrays.
   *
   * @throws HarrierError as the page threw it; any other error of the page as an Error with its message
   */
  call<Result = unknown>(name: string, ...args: unknown[]): Promise<Result>;
  close(): Promise<void>;
}

const PAGE =
  '<!doctype html><meta charset="utf-8"><title>Harrier</title><script type="module" src="/page.js"></script>';
const ENTRY = 'virtual:harrier-page';
/** How the page gives a function's result or error back. */
type Answer = { readonly value: unknown } | { readonly error: PlainError };

/** Builds a module for the browser, serves it from this machine alone, and opens it. */
export async function openPage(browser: Browser, options: PageOptions): Promise<BrowserPage> {
  const served = await servePage(options);
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(served.url);
  await page.waitForFunction(() => 'harrierPage' in globalThis);
  return {
    page,
    url: served.url,
    async call<Result>(name: string, ...args: unknown[]) {
      const answer = await page.evaluate(
        ([name, args]) => {
          const call = (
            globalThis as unknown as { harrierPage: (name: string, args: unknown[]) => Promise<Answer> }
          ).harrierPage;
          return call(name, args);
        },
        [name, args] as [string, unknown[]],
      );
      if ('error' in answer) throw errorFromPlain(answer.error);
      return answer.value as Result;
    },
    async close() {
      await context.close();
      await served.close();
    },
  };
}

/** Builds a module and serves it on a free port of the loopback address. */
export async function servePage({
  module,
  crossOriginIsolated = true,
  strict = true,
  files = {},
}: PageOptions): Promise<{ readonly url: string; close(): Promise<void> }> {
  const all = new Map<string, string | Uint8Array>([
    ...(await builtOnce(module)),
    ...Object.entries(files),
    ['/index.html', PAGE],
  ]);
  const headers = {
    ...(strict && { 'Content-Security-Policy': SECURITY_HEADERS['content-security-policy'] }),
    'Cross-Origin-Resource-Policy': 'same-origin',
    ...(crossOriginIsolated && {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    }),
  };
  const host = await staticHost(async (path) => all.get(path), headers);
  return { url: host.address, close: host.close };
}

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

/** A file of Harrier's source, which pages are built from also where this is the built program. */
export const source = (path: string): string => join(ROOT, 'src', path);

const built = new Map<string, ReturnType<typeof build>>();

/** A process opens several pages of one module. */
function builtOnce(module: string): ReturnType<typeof build> {
  const known = built.get(module) ?? build(module);
  built.set(module, known);
  return known;
}

/** The module and everything that it imports, for the browser: contents by path. */
async function build(module: string): Promise<Map<string, string | Uint8Array>> {
  const vite = await import('vite').catch((cause) => {
    throw new HarrierError('not-found', 'Vite, which builds pages for the browser, is not installed', {
      next: 'It is a development dependency: run this in a checkout of Harrier, after npm ci.',
      cause,
    });
  });
  const output = await vite.build({
    configFile: false,
    root: ROOT,
    logLevel: 'error',
    publicDir: false,
    resolve: {
      alias: [
        { find: /^harrier$/, replacement: source('index.ts') },
        { find: /^harrier\/web$/, replacement: source('platform/web/index.ts') },
      ],
    },
    plugins: [
      {
        name: 'harrier-page',
        resolveId: (id) => (id === ENTRY ? id : undefined),
        load: (id) => (id === ENTRY ? entryOf(module) : undefined),
      },
    ],
    worker: { format: 'es' },
    build: {
      write: false,
      target: 'es2023',
      minify: false,
      assetsInlineLimit: 0,
      modulePreload: false,
      rolldownOptions: { input: ENTRY, output: { entryFileNames: 'page.js' } },
    },
  });
  const files = new Map<string, string | Uint8Array>();
  for (const each of [output].flat()) {
    if (!('output' in each)) continue;
    for (const file of each.output)
      files.set(`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source);
  }
  return files;
}

/** What the page runs: it waits to be told which of the module's functions to call. */
function entryOf(module: string): string {
  return `import * as functions from ${JSON.stringify(module)};
import { plainError } from ${JSON.stringify(source('plain-error.ts'))};
globalThis.harrierPage = async (name, args) => {
  try {
    return { value: await functions[name](...args) };
  } catch (error) {
    return { error: plainError(error) };
  }
};`;
}
