export { type CentroidHead, fitCentroid } from './centroid.ts';
export { distancesTo, type HeldOutDistances, heldOutDistances, knownDirections } from './directions.ts';
export { checkHeadKind, type FittedHead, fitHead, type HeadFinding, probabilitiesOf } from './fit-head.ts';
export { checkHeadData, type DenseWeights, type HeadData, type HeadOptions } from './head-data.ts';
export { checkLinearHead, type HeadSize } from './head-memory.ts';
export {
  type CrossValidation,
  crossValidateLinear,
  fitLinear,
  type LinearHead,
  type LinearOptions,
  type StrengthScore,
} from './linear.ts';
export { type EpochScore, fitMlp, HIDDEN_LAYER, type MlpHead, type MlpOptions } from './mlp.ts';
export { withFittedHead } from './with-fitted-head.ts';
