import './no-telemetry.ts';
import * as ort from 'onnxruntime-node';
import { modelOf } from '../../../onnx/index.ts';
import { createGraph } from '../../../ops/index.ts';
import { convolveInBlocks } from '../../../passes/blocked/convolution.ts';
import { BlockedLayout } from '../../../passes/blocked/layout.ts';
import { withSession } from './ort-session.ts';

/** Widths of the vector units that ONNX Runtime has kernels for: AVX-512, then AVX2 and NEON. */
const CANDIDATES = [16, 8];
const CHANNELS = 16;
const SIDE = 3;

let found: Promise<number | undefined> | undefined;

/**
 * Channels per block of the blocked convolutions on this processor, found by trial: with the wrong number they compute
 * something else. Undefined where ONNX Runtime has none.
 */
export function convolutionBlock(): Promise<number | undefined> {
  found ??= (async () => {
    for (const block of CANDIDATES) if (await worksWith(block)) return block;
    return undefined;
  })();
  return found;
}

/** Whether a 3×3 convolution over one 3×3 image, whose middle is the sum of products of all, comes out right. */
async function worksWith(block: number): Promise<boolean> {
  const graph = createGraph('trial');
  const xDims = [1, CHANNELS, SIDE, SIDE];
  const weightDims = [CHANNELS, CHANNELS, SIDE, SIDE];
  const inputs = [graph.input('x', 'float32', xDims), graph.input('weight', 'float32', weightDims)] as const;
  const layout = new BlockedLayout(graph, block);
  graph.output(convolveInBlocks(layout, inputs, { kernel_shape: [SIDE, SIDE] })!, 'y');
  const cells = CHANNELS * SIDE * SIDE;
  const x = Float32Array.from({ length: cells }, (_, i) => (i * 7) % 5);
  const weight = Float32Array.from({ length: CHANNELS * cells }, (_, i) => (i * 11) % 13);
  const feeds = {
    x: new ort.Tensor('float32', x, xDims),
    weight: new ort.Tensor('float32', weight, weightDims),
  };
  const options = { intraOpNumThreads: 1, logSeverityLevel: 4 } as const;
  try {
    const { y } = await withSession(modelOf(graph.build()), options, (session) => session.run(feeds));
    // Small whole numbers: exact in any order of summation.
    return (y.data as Float32Array).every((value, output) => {
      let sum = 0;
      for (let i = 0; i < cells; i++) sum += x[i] * weight[output * cells + i];
      return value === sum;
    });
  } catch {
    return false;
  }
}
