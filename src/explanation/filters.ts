import { HarrierError } from '../errors.ts';
import { decodeModel, type Model, modelOf } from '../onnx/index.ts';
import { lower } from '../passes/index.ts';
import type { Runtime } from '../runtime/index.ts';
import { dissect } from './anatomy.ts';
import { placedLayers } from './layers.ts';

/** The kernels of a convolution that sees the image itself. */
export interface Filters {
  /** Name of the convolution. */
  readonly layer: string;
  /** Number of filters. */
  readonly count: number;
  /** 3 where it sees colours. */
  readonly channels: number;
  /** Rows of each filter. */
  readonly height: number;
  /** Columns of each filter. */
  readonly width: number;
  /** float32 `[count, channels, height, width]`, row-major. */
  readonly data: Float32Array;
}

/**
 * The filters of a model's first convolution as numbers, also if the model stores them in fewer bits.
 *
 * @param source a model, or the bytes of an `.onnx` file
 * @throws HarrierError `not-supported` when there is no convolution
 */
export async function firstFilters(
  runtime: Runtime,
  source: Model | Uint8Array,
  where = 'model',
): Promise<Filters> {
  const model = source instanceof Uint8Array ? decodeModel(source, where) : source;
  const anatomy = dissect(model, 1, where);
  const first = anatomy.nodes.find(({ opType }) => opType === 'Conv');
  const kernel = first?.inputs[1];
  if (!first || !kernel || kernel.shape.length !== 4) {
    throw new HarrierError('not-supported', 'this model has no convolution over images', { where });
  }
  const layer = placedLayers(anatomy).find(({ ops }) => ops.includes('Conv'))!.name;
  const [count, channels, height, width] = kernel.shape.map(Number);
  anatomy.graph.output(kernel, 'filters');
  // What brings stored weights back needs no image.
  const graph = { ...anatomy.graph.build(), inputs: [] };
  const executable = await runtime.compile(modelOf(lower(graph, runtime.target)));
  try {
    const { filters } = await executable.step({});
    return { layer, count, channels, height, width, data: (filters.data as Float32Array).slice() };
  } finally {
    await executable.dispose();
  }
}
