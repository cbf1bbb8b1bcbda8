export { type AgainstLimit, busyNote } from './busy.ts';
export { convolutionRates } from './convolution.ts';
export { matrixRate, memoryBandwidth } from './machine.ts';
export { type Clock, type Measured, measure, measureFor, measureInTurns } from './measure.ts';
export { type RecipeSpeed, recipeModel, recipeSpeed, recipeSteps } from './recipe.ts';
export { seedInference, seedModel, seedStep, seedStepFloor } from './seed.ts';
