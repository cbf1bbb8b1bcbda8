import { HarrierError } from '../errors.ts';
import { scale, shift } from '../ops/index.ts';
import { type Activations, knownOptions, Layer, type LayerContext, type LayerOptions } from './layer.ts';

/** Options of `Rescaling`. */
export interface RescalingOptions extends LayerOptions {
  scale: number;
  /** Default 0. */
  offset?: number;
}

/** x · scale + offset, both fixed. After the last Dense it sets how sharp the probabilities are. */
export class Rescaling extends Layer<RescalingOptions> {
  readonly type = 'Rescaling';

  constructor(options: RescalingOptions) {
    super(knownOptions('Rescaling', options, ['scale', 'offset']));
    for (const option of ['scale', 'offset'] as const) {
      const value = option === 'scale' ? options.scale : (options.offset ?? 0);
      if (Number.isFinite(value)) continue;
      throw new HarrierError('bad-option', option, {
        where: 'Rescaling',
        expected: 'a number',
        received: `${value}`,
      });
    }
  }

  call({ graph }: LayerContext, input: Activations): Activations {
    const { scale: factor, offset = 0 } = this.options;
    return { ...input, value: shift(graph, scale(graph, input.value, factor), offset) };
  }
}
