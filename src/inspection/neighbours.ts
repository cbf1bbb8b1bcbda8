import { float32, int64, modelOf } from '../onnx/index.ts';
import { createGraph } from '../ops/index.ts';
import { lower } from '../passes/index.ts';
import type { Runtime } from '../runtime/index.ts';

/** Of every image the most similar others, by the features of a network. */
export interface Neighbours {
  /** Neighbours of an image; fewer than asked for where there are not so many images. */
  readonly count: number;
  /** Their places in the list of images, the most similar first: `[images, count]`. */
  readonly indices: Int32Array;
  /** Their similarities, from −1 to 1: cosines of the angles between features less the mean. */
  readonly cosines: Float32Array;
}

/** Images whose neighbours are looked for at once. */
const BLOCK = 128;

/**
 * The nearest neighbours of every image among the others.
 *
 * Features of a network are all positive, so that any two have a large cosine. Without their mean, 0 stands for images
 * that have no more in common than any two.
 *
 * @param features float32 `[images, size]`
 * @param onProgress images done, of all
 */
export async function nearestNeighbours(
  runtime: Runtime,
  features: Float32Array,
  size: number,
  wanted: number,
  onProgress?: (done: number, total: number) => void,
): Promise<Neighbours> {
  const images = features.length / size;
  const count = Math.min(wanted, images - 1);
  const indices = new Int32Array(images * count);
  const cosines = new Float32Array(images * count);
  if (count < 1) return { count: 0, indices, cosines };
  const { columns, rows } = directions(features, size);
  const graph = createGraph('neighbours');
  const block = graph.input('block', 'float32', ['N', size]);
  const all = graph.input('all', 'float32', [size, images]);
  const products = graph.op('MatMul', [block, all]);
  // One more: the nearest is the image itself, or a copy of it.
  const [values, places] = graph.ops(
    'TopK',
    [products, graph.constant(int64([count + 1]))],
    {},
    { outputs: 2 },
  );
  graph.output(values, 'values');
  graph.output(places, 'places');
  const executable = await runtime.compile(modelOf(lower(graph.build(), runtime.target)));
  try {
    const all = float32([size, images], columns);
    for (let start = 0; start < images; start += BLOCK) {
      const here = Math.min(BLOCK, images - start);
      const block = float32([here, size], rows.subarray(start * size, (start + here) * size));
      const found = await executable.step({ block, all });
      const [values, places] = [found.values.data as Float32Array, found.places.data as BigInt64Array];
      for (let row = 0; row < here; row++) {
        let at = (start + row) * count;
        const end = at + count;
        for (let i = row * (count + 1); at < end; i++) {
          if (Number(places[i]) === start + row) continue;
          indices[at] = Number(places[i]);
          cosines[at++] = Math.min(1, values[i]);
        }
      }
      onProgress?.(start + here, images);
    }
  } finally {
    await executable.dispose();
  }
  return { count, indices, cosines };
}

/** Features less their mean, each row of length 1: as rows, and as columns. */
function directions(
  features: Float32Array,
  size: number,
): { readonly rows: Float32Array; readonly columns: Float32Array } {
  const images = features.length / size;
  const mean = new Float64Array(size);
  for (let i = 0; i < features.length; i++) mean[i % size] += features[i] / images;
  const rows = new Float32Array(features.length);
  const columns = new Float32Array(features.length);
  for (let image = 0; image < images; image++) {
    let squares = 0;
    for (let i = 0; i < size; i++) squares += (features[image * size + i] - mean[i]) ** 2;
    // An image that is exactly as the mean has no direction, and is similar to none.
    const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares);
    for (let i = 0; i < size; i++) {
      const value = (features[image * size + i] - mean[i]) * scale;
      rows[image * size + i] = value;
      columns[i * images + image] = value;
    }
  }
  return { rows, columns };
}
