import type { Device } from '../../../runs/device.ts';
import type { Runtime } from '../../../runtime/index.ts';
import { gpuRuntime } from './gpu-runtime.ts';
import { type NodeRuntimeOptions, nodeRuntime } from './runtime.ts';

/** Which device to open, and with how many threads. */
export interface OpenRuntimeOptions extends NodeRuntimeOptions {
  /** `cpu`: the processor; `gpu`: a graphics device, through WebGPU. */
  device?: Device;
}

/**
 * ONNX Runtime on a device.
 *
 * @param options `device`: default `cpu`; the others as for `nodeRuntime`, where the device has use for them
 * @throws HarrierError `not-supported` for `gpu` where ONNX Runtime finds none
 */
export async function openRuntime({ device = 'cpu', ...options }: OpenRuntimeOptions = {}): Promise<Runtime> {
  return device === 'gpu' ? gpuRuntime(options) : nodeRuntime(options);
}
