export type { LoweringOptions, Target } from './pass.ts';
export { lower, prepare } from './passes.ts';
