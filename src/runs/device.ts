import { DEVICES } from '../options/words.ts';

/** What computes: the processor's cores, or a graphics device. */
export { DEVICES };
/** What runs the graphs: the processor (`cpu`) or a graphics device (`gpu`). */
export type Device = (typeof DEVICES)[number];
