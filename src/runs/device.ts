import { DEVICES } from '../options/words.ts';

/** What computes: the processor's cores, or a graphics device. */
export { DEVICES };
export type Device = (typeof DEVICES)[number];
