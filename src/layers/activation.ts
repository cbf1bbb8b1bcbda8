import { type ActivationName, activate, checkActivation } from './activations.ts';
import { type Activations, knownOptions, Layer, type LayerContext, type LayerOptions } from './layer.ts';

/** Options of `Activation`. */
export interface ActivationOptions extends LayerOptions {
  activation: ActivationName;
}

/** An activation function as a layer of its own. */
export class Activation extends Layer<ActivationOptions> {
  readonly type = 'Activation';

  constructor(options: ActivationOptions | ActivationName) {
    const given = typeof options === 'string' ? { activation: options } : options;
    super(knownOptions('Activation', given, ['activation']));
    checkActivation(given.activation);
  }

  call({ graph }: LayerContext, input: Activations): Activations {
    return { ...input, value: activate(graph, this.options.activation, input.value) };
  }
}
