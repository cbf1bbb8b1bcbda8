import { elementTypeOf } from '../onnx/index.ts';
import { define, type OpDefinition } from './definition.ts';
import { stockAttributes } from './stock-attributes.ts';

/** Ops between floats and 8-bit integers, as quantised models have them. */
export const quantization: OpDefinition[] = [
  define(
    'QuantizeLinear',
    (node) => {
      const { output_dtype: code } = stockAttributes('QuantizeLinear', node.attributes);
      const stated = code === 0 ? 'uint8' : elementTypeOf(code, 'QuantizeLinear');
      return [{ type: node.has(2) ? node.input(2).type : stated, shape: node.shape(0) }];
    },
    { none: 'rounding has no slope' },
  ),
  define('DequantizeLinear', (node) => [{ type: node.input(1).type, shape: node.shape(0) }], {
    none: 'weights in integers cannot be trained or explained: take the model that they were made of',
  }),
];
