export { COMPANIONS, type Companions, type ImageFacts, imageFacts } from './companions.ts';
export {
  type ForeignClassifier,
  type ForeignClassifierOptions,
  foreignClassifier,
} from './foreign-classifier.ts';
export {
  type ChannelOrder,
  type Colour,
  colour,
  type ForeignOptions,
  type ForeignReading,
} from './options.ts';
export { type ForeignModel, type ForeignSource, readForeignModel } from './read-foreign-model.ts';
export { simplifiedModel } from './simplified-model.ts';
