export { heatColour } from './color-map.ts';
export { Embedder } from './embeddings.ts';
export {
  Explainer,
  type ExplainerOptions,
  type Explanation,
} from './explainer.ts';
export { FeatureMaps, type LayerFeatures } from './features.ts';
export { type Filters, firstFilters } from './filters.ts';
export { layersOf, type ModelLayer } from './layers.ts';
export { EXPLANATION_METHODS, type ExplanationMethod } from './methods.ts';
export { type Neighbour, nearest } from './neighbours.ts';
export {
  type HeatMap,
  heatLayer,
  type OverlayOptions,
  overlay,
  type RgbImage,
  resizeMap,
} from './overlay.ts';
