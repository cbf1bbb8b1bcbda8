export { lower } from './lower.ts';
export type { Target } from './lowering.ts';
