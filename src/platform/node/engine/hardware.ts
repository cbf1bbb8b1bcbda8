import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Device } from '../../../runs/device.ts';
import type { Hardware } from '../../../runs/hardware.ts';

/**
 * Describes this machine, for reports.
 * @param device `cpu` or `gpu`. Default `cpu`
 */
export function describeHardware(device: Device = 'cpu'): Hardware {
  return {
    cpu: cpus()[0]?.model.trim() || 'unknown processor',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: process.platform,
    architecture: process.arch,
    ...(device === 'gpu' && { gpu: gpuName() ?? 'a graphics device' }),
  };
}

/** Where NVIDIA's driver on Linux describes its devices. ONNX Runtime does not say which one it took. */
const NVIDIA = '/proc/driver/nvidia/gpus';

/** The graphics device's name, where there is one that can be told. */
function gpuName(): string | undefined {
  try {
    const models = readdirSync(NVIDIA).map((device) => {
      const text = readFileSync(join(NVIDIA, device, 'information'), 'utf8');
      return /^Model:\s*(.+)$/m.exec(text)?.[1].trim();
    });
    return models.length === 1 ? models[0] : undefined;
  } catch {
    return undefined;
  }
}
