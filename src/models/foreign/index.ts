export { COMPANIONS, type Companions, type ImageFacts, imageFacts } from './companions.ts';
export {
  CHANNEL_ORDERS,
  type ChannelOrder,
  type Colour,
  type ForeignOptions,
  type ForeignReading,
} from './options.ts';
export { type ForeignModel, type ForeignSource, readForeignModel } from './read-foreign-model.ts';
