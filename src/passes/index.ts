export type { LoweringOptions, Target } from './pass.ts';
export { lower, prepare, simplify } from './passes.ts';
