import { type Graph, modelOf, type Tensor } from '../onnx/index.ts';
import { createGraph, importGraph } from '../ops/index.ts';
import type { Runtime } from '../runtime/index.ts';
import { Histogram } from './ranges.ts';

/** Numbers of a value that are counted for each batch: the histograms of large values need no more. */
const COUNTED = 1 << 18;

/** What calibration saw of the values of a graph, by their names. */
export interface Observed {
  readonly histograms: ReadonlyMap<string, Histogram>;
  /** Of images by their channels, of rows that go into a product by their features. */
  readonly channels: ReadonlyMap<string, ObservedChannels>;
}

/** What was seen of each channel. */
export interface ObservedChannels {
  readonly means: Float64Array;
  /** The largest absolute values. */
  readonly peaks: Float64Array;
}

interface ChannelSums {
  readonly sums: Float64Array;
  readonly peaks: Float64Array;
  count: number;
}

/**
 * Runs a graph on images and takes note of values inside it.
 *
 * @param batches feeds of the graph's one input
 * @throws HarrierError `bad-graph` when ONNX Runtime refuses the graph
 */
export async function observe(
  graph: Graph,
  names: readonly string[],
  batches: Iterable<Tensor>,
  runtime: Runtime,
  onBatch: () => void = () => {},
): Promise<Observed> {
  const histograms = new Map(names.map((name) => [name, new Histogram()]));
  const channels = new Map<string, ChannelSums>();
  // Rows of a product have their features last; images have channels as their second axis.
  const products = graph.nodes.filter(({ opType }) => opType === 'MatMul' || opType === 'Gemm');
  const rows = new Set(products.map(({ inputs }) => inputs[0]));
  const executable = await runtime.compile(modelOf(withOutputs(graph, names)));
  try {
    for (const batch of batches) {
      const values = await executable.step({ [graph.inputs[0].name]: batch });
      for (const name of names) {
        const { data, dims } = values[name];
        const numbers = data as Float32Array;
        // An odd step meets all channels and positions in turn.
        histograms.get(name)!.add(numbers, Math.max(1, Math.floor(numbers.length / COUNTED)) | 1);
        const last = dims.at(-1)!;
        const seen = rows.has(name) ? [numbers.length / last, last] : dims;
        if (dims.length >= 2) addChannels(channels, name, numbers, seen);
      }
      onBatch();
    }
  } finally {
    await executable.dispose();
  }
  return {
    histograms,
    channels: new Map(
      [...channels].map(([name, { sums, peaks, count }]) => [
        name,
        { means: sums.map((sum) => sum / Math.max(1, count)), peaks },
      ]),
    ),
  };
}

function addChannels(
  channels: Map<string, ChannelSums>,
  name: string,
  numbers: Float32Array,
  [images, count, ...spatial]: readonly number[],
): void {
  const size = spatial.reduce((product, each) => product * each, 1);
  const known = channels.get(name) ?? {
    sums: new Float64Array(count),
    peaks: new Float64Array(count),
    count: 0,
  };
  channels.set(name, known);
  const { sums, peaks } = known;
  for (let i = 0, at = 0; i < images; i++) {
    for (let c = 0; c < count; c++) {
      let sum = 0;
      let peak = peaks[c];
      for (const end = at + size; at < end; at++) {
        const value = numbers[at];
        sum += value;
        if (value > peak) peak = value;
        else if (-value > peak) peak = -value;
      }
      sums[c] += sum;
      peaks[c] = peak;
    }
  }
  known.count += images * size;
}

/** The graph with values inside it as its outputs. */
export function withOutputs(graph: Graph, names: readonly string[]): Graph {
  const builder = createGraph(graph.name);
  const values = importGraph(builder, graph);
  for (const name of names) builder.output(values.get(name)!, name);
  return builder.build();
}
