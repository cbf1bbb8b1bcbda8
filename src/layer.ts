/**
 * For authors of layers: the base class, what a layer may ask for while it adds itself to a graph, and the checks that
 * Harrier's own layers use. `docs/adding-a-layer.md` tells how.
 *
 * @module harrier/layer
 */

export {
  type Activations,
  type AnyLayer,
  checkInitializer,
  checkRegularizer,
  flag,
  imageShape,
  inKerasOrder,
  inOrderOf,
  knownOptions,
  LAYERS,
  Layer,
  type LayerConfig,
  type LayerContext,
  type LayerOptions,
  layerFrom,
  Merge,
  type ParameterOptions,
  type ParameterSpec,
  pair,
  positive,
  type Regularizer,
  registerLayers,
  rowLayout,
  SymbolicTensor,
} from './layers/index.ts';
export type { GraphBuilder, Value } from './onnx/index.ts';
