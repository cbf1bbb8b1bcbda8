/**
 * A browser's runtime as one of Node: whatever is asked of it is done in a page. So the suites that every runtime
 * passes run as they are. It has no kernels, whose memory could not be shared: their tests run inside the page.
 */
import { encodeModel } from '../../src/onnx/index.ts';
import type { WebRuntime, WebRuntimeOptions } from '../../src/platform/web/runtime.ts';
import type { Executable, Tensors } from '../../src/runtime/index.ts';
import { type BrowserPage, openTestPage } from './browser.ts';

export type RemoteRuntime = Omit<WebRuntime, 'kernels'> & { readonly page: BrowserPage };

/** Opens a page of its own, in which such a runtime starts. */
export async function remoteRuntime(options: WebRuntimeOptions): Promise<RemoteRuntime> {
  const page = await openTestPage(new URL('./pages/runtime.ts', import.meta.url));
  const facts = await page.call<Omit<WebRuntime, 'compile' | 'kernels'>>('start', options);
  return {
    ...facts,
    page,
    async compile(model, compileOptions = {}) {
      const bytes = model instanceof Uint8Array ? model : encodeModel(model);
      return executable(page, await page.call<number>('compile', bytes, compileOptions));
    },
  };
}

function executable(page: BrowserPage, index: number): Executable {
  // What is written goes before the next step, in the order of the calls.
  let written: Promise<unknown> = Promise.resolve();
  return {
    async step(feeds, into = {}) {
      await written;
      const { returned, written: filled } = await page.call<{ returned: Tensors; written: Tensors }>(
        'step',
        index,
        feeds,
        into,
      );
      for (const [name, { data }] of Object.entries(filled)) {
        (into[name].data as Float32Array).set(data as Float32Array);
      }
      return returned;
    },
    writeState(state) {
      written = written.then(() => page.call('writeState', index, state));
    },
    async readState() {
      await written;
      return page.call('readState', index);
    },
    async dispose() {
      await written;
      await page.call('dispose', index);
    },
  };
}
