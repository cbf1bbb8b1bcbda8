import { HarrierError, unknownName } from '../errors.ts';
import { Activation } from './activations.ts';
import { BatchNormalization } from './batch-normalization.ts';
import { Conv2D } from './conv2d.ts';
import { Dense } from './dense.ts';
import { DepthwiseConv2D } from './depthwise-conv2d.ts';
import { Dropout } from './dropout.ts';
import { Flatten } from './flatten.ts';
import type { AnyLayer, LayerConfig } from './layer.ts';
import { LayerScale } from './layer-scale.ts';
import { Add, Concatenate, Multiply } from './merge.ts';
import { OnnxGraph } from './onnx-graph.ts';
import { PatchWhitening2D } from './patch-whitening.ts';
import { AveragePooling2D, GlobalAveragePooling2D, GlobalMaxPooling2D, MaxPooling2D } from './pooling.ts';
import { Rescaling } from './rescaling.ts';
import { Reshape } from './reshape.ts';
import { SeparableConv2D } from './separable-conv2d.ts';
import { ZeroPadding2D } from './zero-padding.ts';

export type { ActivationName, ActivationOptions } from './activations.ts';
export { ACTIVATION_NAMES } from './activations.ts';
export type { BatchNormalizationOptions } from './batch-normalization.ts';
export type { Conv2DOptions, ConvolutionOptions } from './conv2d.ts';
export type { DenseOptions } from './dense.ts';
export type { DepthwiseConv2DOptions } from './depthwise-conv2d.ts';
export type { DropoutOptions } from './dropout.ts';
export * from './layer.ts';
export type { LayerScaleOptions } from './layer-scale.ts';
export type { ConcatenateOptions } from './merge.ts';
export { Merge } from './merge.ts';
export { type OnnxGraphOptions, structureOf } from './onnx-graph.ts';
export { weightNames } from './onnx-graph-parameters.ts';
export type { PatchWhitening2DOptions } from './patch-whitening.ts';
export type { GlobalPoolingOptions, PoolingOptions } from './pooling.ts';
export { checkRegularizer, l1, l1l2, l2, type Regularizer } from './regularizers.ts';
export type { RescalingOptions } from './rescaling.ts';
export type { ReshapeOptions } from './reshape.ts';
export { inKerasOrder, inOrderOf } from './row-order.ts';
export type { SeparableConv2DOptions } from './separable-conv2d.ts';
export type { ZeroPadding2DOptions } from './zero-padding.ts';
export {
  Activation,
  Add,
  AveragePooling2D,
  BatchNormalization,
  Concatenate,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  Dropout,
  Flatten,
  GlobalAveragePooling2D,
  GlobalMaxPooling2D,
  LayerScale,
  MaxPooling2D,
  Multiply,
  OnnxGraph,
  PatchWhitening2D,
  Rescaling,
  Reshape,
  SeparableConv2D,
  ZeroPadding2D,
};

/** Every layer by its class name. */
export const LAYERS = {
  Activation,
  Add,
  AveragePooling2D,
  BatchNormalization,
  Concatenate,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  Dropout,
  Flatten,
  GlobalAveragePooling2D,
  GlobalMaxPooling2D,
  LayerScale,
  MaxPooling2D,
  Multiply,
  OnnxGraph,
  Rescaling,
  Reshape,
  SeparableConv2D,
  ZeroPadding2D,
  PatchWhitening2D,
} as const;

type LayerClass = new (options: never) => AnyLayer;

/** Layers of others, by the names that saved networks have for them. */
const registered = new Map<string, LayerClass>();

/**
 * Makes layers of your own known by name, as Keras's `register_keras_serializable` does: saved models with them can be
 * loaded then. A name that was registered before gets the new class.
 *
 * @param classes by the `type` of their layers: `registerLayers({ PReLU })`
 * @throws HarrierError `bad-option` for a name that is one of Harrier's own layers
 */
export function registerLayers(classes: Readonly<Record<string, LayerClass>>): void {
  for (const [name, layer] of Object.entries(classes)) {
    if (Object.hasOwn(LAYERS, name)) {
      throw new HarrierError('bad-option', 'Harrier has a layer of this name already', {
        where: 'registerLayers',
        received: name,
        next: 'Give yours another type.',
      });
    }
    registered.set(name, layer);
  }
}

/** Whether a layer of that type can be made. */
export function isKnownLayer(type: string): boolean {
  return Object.hasOwn(LAYERS, type) || registered.has(type);
}

/**
 * The layer that a configuration describes: one of Harrier's, or one that was registered.
 * @throws HarrierError `bad-option` when there is no such layer or option
 */
export function layerFrom({ layer, options }: LayerConfig): AnyLayer {
  if (typeof layer !== 'string') {
    throw new HarrierError('bad-option', 'a layer must be given as {"layer": name, "options": {…}}');
  }
  const own = Object.hasOwn(LAYERS, layer) ? LAYERS[layer as keyof typeof LAYERS] : registered.get(layer);
  if (!own) throw unknownName('layer', layer, [...Object.keys(LAYERS), ...registered.keys()]);
  const Class = own as unknown as new (options: object) => AnyLayer;
  return new Class(options ?? {});
}
