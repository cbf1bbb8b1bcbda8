import { HarrierError } from '../errors.ts';
import { formatShape } from '../onnx/index.ts';
import { type ActivationName, activate, checkActivation } from './activations.ts';
import { biasOf } from './conv2d.ts';
import {
  type Activations,
  checkInitializer,
  flag,
  type Initializer,
  knownOptions,
  Layer,
  type LayerContext,
  type LayerOptions,
  positive,
  rowLayout,
} from './layer.ts';
import { checkRegularizer, type Regularizer } from './regularizers.ts';

/** Options of `Dense`; names and defaults are Keras's. */
export interface DenseOptions extends LayerOptions {
  /** Number of outputs. */
  units: number;
  activation?: ActivationName;
  useBias?: boolean;
  kernelInitializer?: Initializer;
  /** A penalty on the kernel, such as `l2(1e-4)`. Default: none. */
  kernelRegularizer?: Regularizer;
  /** A penalty on the biases. Default: none. */
  biasRegularizer?: Regularizer;
}

/** Every output a weighted sum of every input: (inputs) to (units). */
export class Dense extends Layer<DenseOptions> {
  readonly type = 'Dense';

  constructor(options: DenseOptions) {
    super(
      knownOptions('Dense', options, [
        'units',
        'activation',
        'useBias',
        'kernelInitializer',
        'kernelRegularizer',
        'biasRegularizer',
      ]),
    );
    positive('Dense', 'units', options.units);
    checkActivation(options.activation ?? 'linear');
    flag('Dense', 'useBias', options.useBias);
    checkInitializer(options.kernelInitializer);
    checkRegularizer('Dense', 'kernelRegularizer', options.kernelRegularizer);
    checkRegularizer('Dense', 'biasRegularizer', options.biasRegularizer);
  }

  call({ graph, parameter }: LayerContext, input: Activations): Activations {
    const { units, activation = 'linear', useBias = true } = this.options;
    if (input.shape.length !== 1) {
      throw new HarrierError('bad-shape', 'Dense needs one row per image', {
        expected: '(inputs,)',
        received: formatShape(input.shape),
        next: 'Put Flatten or GlobalAveragePooling2D before it.',
      });
    }
    const [inputs] = input.shape;
    const weight = parameter({
      name: 'kernel',
      shape: [inputs, units],
      layout: rowLayout(input, [units]),
      graphShape: [inputs, units],
      initializer: this.options.kernelInitializer ?? 'glorotUniform',
      decay: true,
      regularizer: this.options.kernelRegularizer,
    });
    const bias = useBias ? biasOf(parameter, units, this.options) : undefined;
    const y = graph.op('Gemm', [input.value, weight, bias]);
    return { value: activate(graph, activation, y), shape: [units] };
  }

  override multiplyAdds(input: Activations): number {
    return input.shape[0] * this.options.units;
  }
}
