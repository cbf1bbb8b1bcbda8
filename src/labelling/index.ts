export { type ChoiceOptions, ImageChoice } from './image-choice.ts';
export { bestOf, estimateOf, fitProposals, type LabelledFeatures, type ProposingHead } from './proposals.ts';
export { rowsOf } from './rows.ts';
