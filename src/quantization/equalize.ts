import { float32, type Graph, numbersOf, type Tensor } from '../onnx/index.ts';
import { placeOf } from './integers.ts';
import type { ObservedChannels } from './observe.ts';
import { type LinearUnit, readersOf, type Unit, unitsOf } from './units.ts';

/** A channel may be scaled by no more than this, up or down. */
const MOST = 1024;

/** Two linear units where one reads the other alone, and nothing between them minds a factor. */
interface Pair {
  readonly first: LinearUnit;
  readonly second: LinearUnit;
}

/**
 * Cross-layer equalisation: moves a factor of each channel from one convolution into the next, which leaves the network as
 * it is, as ReLU(s · x) = s · ReLU(x) for s > 0. Then the channels between the two have similar ranges, and one scale
 * serves all of them. M. Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019,
 * section 4.1; with the ranges of activations in the place of the first layer's weights, which have a scale for each
 * channel here.
 *
 * @param channels what was seen of the values between, by name
 * @returns undefined where no two layers can be equalised
 */
export function equalized(graph: Graph, channels: ReadonlyMap<string, ObservedChannels>): Graph | undefined {
  const pairs = pairsOf(graph).filter(({ first }) => channels.has(first.output));
  if (pairs.length === 0) return undefined;
  const initializers = new Map(graph.initializers);
  for (const { first, second } of pairs) {
    const factors = factorsOf(channels.get(first.output)!.peaks, initializers.get(second.weight)!, second);
    const divided = (name: string, axis: number) => {
      const tensor = initializers.get(name)!;
      initializers.set(
        name,
        scaled(tensor, axis, (c) => 1 / factors[c]),
      );
    };
    divided(first.weight, 0);
    if (first.bias) divided(first.bias, 0);
    const kernel = initializers.get(second.weight)!;
    const axis = isDepthwise(kernel, factors.length) ? 0 : 1;
    initializers.set(
      second.weight,
      scaled(kernel, axis, (c) => factors[c]),
    );
  }
  return { ...graph, initializers };
}

function pairsOf(graph: Graph): Pair[] {
  const units = unitsOf(graph);
  const readers = readersOf(graph);
  const uses = new Map<string, number>();
  for (const { inputs } of graph.nodes) for (const name of inputs) uses.set(name, (uses.get(name) ?? 0) + 1);
  const isAlone = ({ weight, bias }: LinearUnit) =>
    [weight, bias].every((name) => !name || uses.get(name) === 1);
  const pairs: Pair[] = [];
  for (const unit of units.values()) {
    if (!isConvolution(unit) || !isHomogeneous(unit)) continue;
    const [reader, ...others] = readers.get(unit.output) ?? [];
    const next = reader && units.get(reader.outputs[0]);
    if (others.length > 0 || !next || !isConvolution(next) || next.inputs[0] !== unit.output) continue;
    const [channels] = graph.initializers.get(unit.weight)!.dims;
    const { dims } = graph.initializers.get(next.weight)!;
    if (dims[1] !== channels && !isDepthwise({ dims }, channels)) continue;
    if (isAlone(unit) && isAlone(next)) pairs.push({ first: unit, second: next });
  }
  return pairs;
}

function isConvolution(unit: Unit): unit is LinearUnit {
  return unit.kind === 'linear' && unit.node.opType === 'Conv';
}

function isHomogeneous({ clip }: Unit): boolean {
  return !clip || (clip.lowest === 0 && clip.highest === Number.POSITIVE_INFINITY);
}

function isDepthwise({ dims }: Pick<Tensor, 'dims'>, channels: number): boolean {
  return dims[1] === 1 && dims[0] === channels;
}

/** s[i] = √(r₁[i] / r₂[i]), both ranges relative to their largest. A depthwise kernel takes all: each output has a scale. */
function factorsOf(peaks: Float64Array, kernel: Tensor, { layout }: LinearUnit): number[] {
  const largest = Math.max(...peaks);
  const within = isDepthwise(kernel, peaks.length) ? undefined : placeOf(kernel.dims, layout.along);
  const ranges = new Float64Array(peaks.length).fill(within ? 0 : 1);
  if (within) {
    numbersOf(kernel).forEach((value, i) => {
      ranges[within(i)] = Math.max(ranges[within(i)], Math.abs(value));
    });
  }
  const widest = Math.max(...ranges);
  return Array.from(peaks, (peak, i) => {
    if (!(peak > 0 && ranges[i] > 0)) return 1;
    const ratio = peak / largest / (ranges[i] / widest);
    const factor = within ? Math.sqrt(ratio) : ratio;
    return Math.min(MOST, Math.max(1 / MOST, factor));
  });
}

function scaled({ dims, data }: Tensor, axis: number, factor: (channel: number) => number): Tensor {
  const channel = placeOf(dims, axis);
  return float32(
    dims,
    (data as Float32Array).map((value, i) => value * factor(channel(i))),
  );
}
