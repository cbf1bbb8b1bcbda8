export { type AgainstLimit, busyNote } from './busy.ts';
export { convolutionRates } from './convolution.ts';
export {
  type BenchLine,
  compareBenchLines,
  type FigureChange,
  lastOfMachine,
  parseBenchHistory,
} from './history.ts';
export { matrixRate, memoryBandwidth } from './machine.ts';
export { type Clock, type Measured, measure, measureFor, measureInTurns, summaryOf } from './measure.ts';
export { type RecipeSpeed, recipeModel, recipeRows, recipeSpeed, recipeSteps } from './recipe.ts';
export { seedInference, seedInferenceFloor, seedModel, seedStep, seedStepFloor } from './seed.ts';
