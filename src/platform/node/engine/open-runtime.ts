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
 * Opens ONNX Runtime on a device.
 *
 * @param options `device`: default `cpu`; the others as for `nodeRuntime`
 * @throws HarrierError `not-supported` for `gpu` when ONNX Runtime finds no graphics device
 */
export async function openRuntime({ device = 'cpu', ...options }: OpenRuntimeOptions = {}): Promise<Runtime> {
  return device === 'gpu' ? gpuRuntime(options) : nodeRuntime(options);
}
