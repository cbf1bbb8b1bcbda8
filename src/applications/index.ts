export {
  EFFICIENTNET_LITE_NORMALIZATION,
  EFFICIENTNET_LITE_PREPROCESSING,
  EFFICIENTNET_LITE_VARIANTS,
  EfficientNetLite,
  type EfficientNetLiteOptions,
  type EfficientNetLiteVariant,
} from './efficientnet-lite.ts';
export { type KnownNetwork, networkOfStateDict } from './known.ts';
export { isStateDict, readStateDict, type StateDict } from './torch/state-dict.ts';
export type { TorchTensor } from './torch/tensors.ts';
export { type Inflate, isZip, readZip, unpack, type ZipEntry } from './torch/zip.ts';
