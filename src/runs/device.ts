/** What computes: the processor's cores, or a graphics device. */
export const DEVICES = ['cpu', 'gpu'] as const;
export type Device = (typeof DEVICES)[number];
