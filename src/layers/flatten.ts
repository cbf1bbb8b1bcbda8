import { type Activations, knownOptions, Layer, type LayerContext, type LayerOptions } from './layer.ts';

/**
 * All of an image in one row, in the order height, width, channels, as in Keras. In the graph the row stays in
 * ONNX's order (channels first); the layer after it knows, and orders its weights instead.
 */
export class Flatten extends Layer {
  readonly type = 'Flatten';
  constructor(options: LayerOptions = {}) {
    super(knownOptions('Flatten', options, []));
  }
  call({ graph }: LayerContext, input: Activations): Activations {
    if (input.shape.length === 1) return input;
    const size = input.shape.reduce((product, length) => product * length, 1);
    return { value: graph.op('Flatten', [input.value]), shape: [size], flattened: input.shape };
  }
}
