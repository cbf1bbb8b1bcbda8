import { availableParallelism, cpus, totalmem } from 'node:os';

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
}

export function describeHardware(): Hardware {
  return {
    cpu: cpus()[0]?.model.trim() || 'unknown processor',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    platform: process.platform,
    architecture: process.arch,
  };
}

/** For people: `AMD EPYC 7763, 2 cores, 16 GB, linux x64`. */
export function hardwareText({ cpu, cores, memoryBytes, platform, architecture }: Hardware): string {
  const memory = `${Math.round(memoryBytes / 1e9)} GB`;
  return [cpu, `${cores} ${cores === 1 ? 'core' : 'cores'}`, memory, `${platform} ${architecture}`].join(
    ', ',
  );
}
