export { lower } from './lower.ts';
export type { LoweringOptions, Target } from './lowering.ts';
