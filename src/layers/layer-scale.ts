import { HarrierError } from '../errors.ts';
import { mul } from '../ops/index.ts';
import {
  type Activations,
  knownOptions,
  Layer,
  type LayerContext,
  type LayerOptions,
  rowLayout,
} from './layer.ts';

/** Options of `LayerScale`. */
export interface LayerScaleOptions extends LayerOptions {
  /** What every channel is scaled by at first. Default 1e-5. */
  initialValue?: number;
}

/**
 * Scales every channel by a learnt amount that is small at first, so that a deep residual network begins as a shallow
 * one (Touvron et al., "Going deeper with image transformers", 2021).
 */
export class LayerScale extends Layer<LayerScaleOptions> {
  readonly type = 'LayerScale';

  constructor(options: LayerScaleOptions = {}) {
    super(knownOptions('LayerScale', options, ['initialValue']));
    const { initialValue = 1e-5 } = options;
    if (Number.isFinite(initialValue)) return;
    throw new HarrierError('bad-option', 'initialValue', {
      where: 'LayerScale',
      expected: 'a number',
      received: `${initialValue}`,
    });
  }

  call({ graph, parameter }: LayerContext, input: Activations): Activations {
    const channels = input.shape.at(-1)!;
    const gamma = parameter({
      name: 'gamma',
      shape: [channels],
      layout: rowLayout(input, []),
      graphShape: input.shape.length === 3 ? [channels, 1, 1] : [channels],
      initializer: { constant: this.options.initialValue ?? 1e-5 },
    });
    return { ...input, value: mul(graph, input.value, gamma) };
  }
}
