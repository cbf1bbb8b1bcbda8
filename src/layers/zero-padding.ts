import { HarrierError } from '../errors.ts';
import { axes, scalar } from '../ops/index.ts';
import { channelsLast } from './conv2d.ts';
import {
  type Activations,
  imageShape,
  knownOptions,
  Layer,
  type LayerContext,
  type LayerOptions,
} from './layer.ts';

type Cells = readonly [number, number];

/** Options of `ZeroPadding2D`. */
export interface ZeroPadding2DOptions extends LayerOptions {
  /**
   * Cells to add: a number for all sides, [rows above and below, columns left and right], or
   * [[above, below], [left, right]]. Default 1.
   */
  padding?: number | Cells | readonly [Cells, Cells];
}

/** Rows and columns of zeros around an image. */
export class ZeroPadding2D extends Layer<ZeroPadding2DOptions> {
  readonly type = 'ZeroPadding2D';

  constructor(options: ZeroPadding2DOptions = {}) {
    super(knownOptions('ZeroPadding2D', options, ['padding']));
    sides(options.padding);
  }

  call({ graph }: LayerContext, input: Activations): Activations {
    imageShape('ZeroPadding2D', input);
    const [[top, bottom], [left, right]] = sides(this.options.padding);
    const pads = axes(graph, [0, 0, top, left, 0, 0, bottom, right]);
    const value = graph.op('Pad', [input.value, pads, scalar(graph, 0)], { mode: 'constant' });
    return { value, shape: channelsLast(value.shape) };
  }
}

/** [[above, below], [left, right]]. */
function sides(padding: ZeroPadding2DOptions['padding'] = 1): [Cells, Cells] {
  const both: readonly unknown[] = Array.isArray(padding) ? padding : [padding, padding];
  const pairs = both.map((each) => (Array.isArray(each) ? each : [each, each]));
  const counts = pairs.flat();
  if (pairs.length === 2 && counts.length === 4 && counts.every((n) => Number.isInteger(n) && n >= 0))
    return pairs as unknown as [Cells, Cells];
  throw new HarrierError('bad-option', 'padding', {
    where: 'ZeroPadding2D',
    expected: 'a whole number, two, or [[above, below], [left, right]]',
    received: JSON.stringify(padding),
  });
}
