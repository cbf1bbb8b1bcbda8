/**
 * What needs a browser. ONNX Runtime's WebAssembly and WebGPU engines, image decoding, storage.
 *
 * @module harrier/web
 */
export { Backbone } from '../../backbones/index.ts';
export type { Address, Binary, Drawable, ImageSource, Pixels } from '../../run/types.ts';
export type { ByteStorage } from './byte-storage.ts';
export { webGpuName } from './gpu.ts';
export { decodeImage } from './grey.ts';
export { type LoadBackboneOptions, loadBackbone } from './load-backbone.ts';
export { withTabLock } from './lock.ts';
export type { Backend, WasmPaths } from './onnxruntime.ts';
export { type WebRuntime, type WebRuntimeOptions, webRuntime } from './runtime.ts';
export { openStorage } from './storage.ts';
