import { count, number, optional, text } from '../options/kinds.ts';
import { type Fields, fields } from './fields.ts';

const anyText = text({ empty: true });

const HARDWARE = {
  cpu: anyText,
  /** Cores that this process may use. */
  cores: count,
  memoryBytes: number({ atLeast: 0 }),
  /** Such as `linux`. */
  platform: anyText,
  /** Such as `x64`. */
  architecture: anyText,
  /** The graphics device, where it computed: its name, or that it was one. */
  gpu: optional(anyText),
};

/** The machine a run was made on. */
export type Hardware = Fields<typeof HARDWARE>;

export const hardware = fields(HARDWARE);

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
