import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Device } from './device.ts';

/** The machine a run was made on. */
export interface Hardware {
  readonly cpu: string;
  /** Cores that this process may use. */
  readonly cores: number;
  readonly memoryBytes: number;
  /** Such as `linux`. */
  readonly platform: string;
  /** Such as `x64`. */
  readonly architecture: string;
  /** The graphics device, where it computed: its name, or that it was one. */
  readonly gpu?: string;
}

/** @param device what computes. Default `cpu` */
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

/** For people: `AMD EPYC 7763, 2 cores, 16 GB, linux x64`; a graphics device comes first. */
export function hardwareText({ cpu, cores, memoryBytes, platform, architecture, gpu }: Hardware): string {
  const memory = `${Math.round(memoryBytes / 1e9)} GB`;
  return [
    ...(gpu ? [gpu] : []),
    cpu,
    `${cores} ${cores === 1 ? 'core' : 'cores'}`,
    memory,
    `${platform} ${architecture}`,
  ].join(', ');
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
