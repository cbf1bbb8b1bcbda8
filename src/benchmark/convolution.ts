import { modelOf } from '../onnx/index.ts';
import { createGraph, slice } from '../ops/index.ts';
import { lower } from '../passes/index.ts';
import type { Runtime } from '../runtime/index.ts';
import { type Clock, measureModel, sampleTensor } from './measure.ts';

/** 3×3 convolutions of a small residual network, on 32 images: channels in and out, side of the maps. */
const SHAPES = [
  { channels: 64, side: 32 },
  { channels: 128, side: 16 },
  { channels: 256, side: 8 },
] as const;
const BATCH = 32;
const KERNEL = 3;

/**
 * Rate of a convolution with both its gradients, in GFLOP/s, by shape: `64x64 k3 32x32` is 64 channels to 64, kernel
 * 3×3, maps of 32×32.
 */
export async function convolutionRates(runtime: Runtime, clock: Clock): Promise<Record<string, number>> {
  const rates: Record<string, number> = {};
  for (const { channels, side } of SHAPES) {
    const graph = createGraph('convolution');
    const dims = [BATCH, channels, side, side];
    const kernelDims = [channels, channels, KERNEL, KERNEL];
    const [x, dy] = [graph.input('x', 'float32', dims), graph.input('dy', 'float32', dims)];
    const weight = graph.input('weight', 'float32', kernelDims);
    const attributes = { strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1], group: 1 };
    const kernel_shape = [KERNEL, KERNEL];
    const composite = { domain: 'harrier' };
    const made = [
      graph.op('Conv', [x, weight], { ...attributes, kernel_shape }),
      graph.op('ConvInputGradient', [dy, weight], { ...attributes, input_shape: dims }, composite),
      graph.op('ConvKernelGradient', [dy, x], { ...attributes, kernel_shape }, composite),
    ];
    // One row of each is given out, so that the figure is not that of copying results.
    made.forEach((value, i) => {
      graph.output(slice(graph, value, [0, 1, 2], [0, 0, 0], [1, 1, 1]), `row${i}`);
    });
    const model = modelOf(
      lower(graph.build(), runtime.target, { convolutionBlock: await runtime.convolutionBlock?.() }),
    );
    const feeds = { x: sampleTensor(dims), dy: sampleTensor(dims), weight: sampleTensor(kernelDims) };
    const { median } = await measureModel(runtime, model, feeds, { clock, runs: 15 });
    const operations = 3 * 2 * BATCH * channels * channels * side * side * KERNEL * KERNEL;
    rates[`${channels}x${channels} k${KERNEL} ${side}x${side}`] = operations / median / 1e6;
  }
  return rates;
}
