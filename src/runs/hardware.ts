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
