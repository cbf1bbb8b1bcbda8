import { HarrierError } from '../errors.ts';
import { mul } from '../ops/index.ts';
import { type Activations, knownOptions, Layer, type LayerContext, type LayerOptions } from './layer.ts';

/** Options of `Dropout`. */
export interface DropoutOptions extends LayerOptions {
  /** Fraction of the inputs that is set to 0 in training, in [0, 1). */
  rate: number;
}

/** Sets a random fraction of its inputs to 0 in training and scales up the rest (Srivastava et al., 2014). */
export class Dropout extends Layer<DropoutOptions> {
  readonly type = 'Dropout';

  constructor(options: DropoutOptions) {
    super(knownOptions('Dropout', options, ['rate']));
    if (!(options.rate >= 0 && options.rate < 1)) {
      throw new HarrierError('bad-option', 'rate', {
        where: 'Dropout',
        expected: 'a number from 0 up to but not including 1',
        received: `${options.rate}`,
      });
    }
  }

  call({ graph, training, dropoutMask }: LayerContext, input: Activations): Activations {
    if (!training || this.options.rate === 0) return input;
    const mask = dropoutMask(input.value.shape.slice(1).map(Number), this.options.rate);
    return { ...input, value: mul(graph, input.value, mask) };
  }
}
