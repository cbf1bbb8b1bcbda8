import { HarrierError, unknownName } from '../errors.ts';
import { Activation } from './activation.ts';
import { BatchNormalization } from './batch-normalization.ts';
import { Conv2D } from './conv2d.ts';
import { Dense } from './dense.ts';
import { Dropout } from './dropout.ts';
import { Flatten } from './flatten.ts';
import type { AnyLayer, LayerConfig } from './layer.ts';
import { Add, Concatenate, Multiply } from './merge.ts';
import { AveragePooling2D, GlobalAveragePooling2D, MaxPooling2D } from './pooling.ts';
import { Reshape } from './reshape.ts';

export type { ActivationOptions } from './activation.ts';
export type { ActivationName } from './activations.ts';
export { ACTIVATION_NAMES } from './activations.ts';
export type { BatchNormalizationOptions } from './batch-normalization.ts';
export type { Conv2DOptions } from './conv2d.ts';
export type { DenseOptions } from './dense.ts';
export type { DropoutOptions } from './dropout.ts';
export * from './layer.ts';
export type { ConcatenateOptions } from './merge.ts';
export { Merge } from './merge.ts';
export type { PoolingOptions } from './pooling.ts';
export type { ReshapeOptions } from './reshape.ts';
export { inKerasOrder, inOrderOf } from './row-order.ts';
export {
  Activation,
  Add,
  AveragePooling2D,
  BatchNormalization,
  Concatenate,
  Conv2D,
  Dense,
  Dropout,
  Flatten,
  GlobalAveragePooling2D,
  MaxPooling2D,
  Multiply,
  Reshape,
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
  Dropout,
  Flatten,
  GlobalAveragePooling2D,
  MaxPooling2D,
  Multiply,
  Reshape,
} as const;

/**
 * The layer that a configuration describes.
 * @throws HarrierError `bad-option` when there is no such layer or option
 */
export function layerFrom({ layer, options }: LayerConfig): AnyLayer {
  if (typeof layer !== 'string') {
    throw new HarrierError('bad-option', 'a layer must be given as {"layer": name, "options": {…}}');
  }
  if (!Object.hasOwn(LAYERS, layer)) throw unknownName('layer', layer, Object.keys(LAYERS));
  const Class = LAYERS[layer as keyof typeof LAYERS] as unknown as new (options: object) => AnyLayer;
  return new Class(options ?? {});
}
