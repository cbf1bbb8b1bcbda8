import type { CatalogueEntry } from './catalogue.ts';
import { convnextv2Femto } from './entries/convnextv2-femto.ts';
import { dinov2Small } from './entries/dinov2-small.ts';
import { efficientnetLite0 } from './entries/efficientnet-lite0.ts';
import { hgnetv2B0 } from './entries/hgnetv2-b0.ts';
import { hgnetv2B2 } from './entries/hgnetv2-b2.ts';
import { mobilenetv4ConvSmall } from './entries/mobilenetv4-conv-small.ts';

export type { FeatureStore } from '../models/index.ts';
export { type ModelAddress, modelAddress } from './address.ts';
export { Backbone, featuresModel } from './backbone.ts';
export type { FeatureSource } from './backbone-model.ts';
export type { CatalogueEntry, HubSource, WheelSource } from './catalogue.ts';
export {
  encodeFeatures,
  FEATURE_FORMATS,
  type FeatureFormat,
  type FeatureList,
  imagesToCsv,
} from './feature-file.ts';
export { type ImageFeaturesOptions, imageFeatures } from './image-features.ts';
export { licenseWarning } from './license.ts';

/** The catalogue: pretrained networks that Harrier knows by name. The first is the default. */
export const CATALOGUE: readonly CatalogueEntry[] = [
  efficientnetLite0,
  mobilenetv4ConvSmall,
  hgnetv2B0,
  hgnetv2B2,
  convnextv2Femto,
  dinov2Small,
];

/** The name of the network that is taken where nobody names one. */
export const DEFAULT_BACKBONE = efficientnetLite0.name;

/**
 * An entry of the catalogue by its name; undefined where there is none.
 */
export function catalogueEntry(name: string): CatalogueEntry | undefined {
  return CATALOGUE.find((entry) => entry.name === name);
}
