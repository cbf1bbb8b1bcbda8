/** The browser's WebAssembly runtime in Node, on one thread: what browsers run, without a browser. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type WebRuntime, webRuntime } from '../../src/platform/web/runtime.ts';

export function wasmRuntime(): Promise<WebRuntime> {
  const file = fileURLToPath(import.meta.resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'));
  return webRuntime({ backend: 'wasm', threads: 1, wasmBinary: new Uint8Array(readFileSync(file)).buffer });
}
