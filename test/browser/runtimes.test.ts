/** The contract of every runtime (test/conformance/contract.ts), by the browser's. */
import { afterAll, describe } from 'vitest';
import { runtimeContract } from '../conformance/contract.ts';
import { closeTestBrowser, noChromium } from './browser.ts';
import { remoteRuntime } from './remote-runtime.ts';

const wanted = [
  { backend: 'wasm', threads: 1 },
  { backend: 'wasm', threads: 2 },
  { backend: 'webgpu' },
] as const;

if (noChromium) describe.skip(noChromium, () => {});
else {
  afterAll(closeTestBrowser);
  for (const options of wanted) {
    const runtime = await remoteRuntime(options);
    describe(`${runtime.name}, ${runtime.threads} threads ${runtime.gpu ?? ''}`, () => {
      runtimeContract(runtime);
    });
  }
}
