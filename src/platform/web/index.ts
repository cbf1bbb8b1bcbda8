/** `harrier/web`: what needs a browser. ONNX Runtime's WebAssembly and WebGPU engines. */
export { webGpuName } from './gpu.ts';
export type { Backend, WasmPaths } from './onnxruntime.ts';
export { type WebRuntime, type WebRuntimeOptions, webRuntime } from './runtime.ts';
