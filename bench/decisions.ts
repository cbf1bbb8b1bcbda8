/**
 * Prints the figures behind docs/decisions 1, 2 and 22 on this machine, both ways in one run:
 *
 *   npx tsx bench/decisions.ts
 */
import { parseArgs } from 'node:util';
import { type Measured, measureModel, sampleTensor } from '../src/benchmark/measure.ts';
import { seedStep } from '../src/benchmark/seed.ts';
import { BLOCKED_DOMAIN, float32, int64, modelOf } from '../src/onnx/index.ts';
import { createGraph, reduceSum, reshape, slice } from '../src/ops/index.ts';
import { nodeRuntime } from '../src/platform/node/engine/runtime.ts';

const { values } = parseArgs({ options: { threads: { type: 'string' } } });
const threads = values.threads === undefined ? undefined : Number(values.threads);
const clock = () => performance.now();
const block = (await nodeRuntime({ threads }).convolutionBlock?.()) ?? 0;

/** Rows and columns of the sum that ends the gradient of a convolution's kernel, 64 channels to 64, 32 images. */
const ROWS = 32;
const COLUMNS = 589_824;

async function batchSum(way: 'ReduceSum' | 'MatMul'): Promise<Measured> {
  const graph = createGraph(way);
  const x = graph.input('x', 'float32', [ROWS, COLUMNS]);
  const ones = graph.constant(float32([1, ROWS], new Array(ROWS).fill(1)));
  graph.output(way === 'MatMul' ? graph.op('MatMul', [ones, x]) : reduceSum(graph, x, [0]), 'sum');
  const feeds = { x: sampleTensor([ROWS, COLUMNS]) };
  return measureModel(nodeRuntime({ threads }), modelOf(graph.build()), feeds, { clock, runs: 50 });
}

/** Channels in and out, and images, of the convolutions of 3 × 3 that tell what padding costs. */
const [CHANNELS, IMAGES] = [256, 64];
const PADDINGS = {
  'zeros of the convolution': { ofConvolution: 1, ofInput: 0 },
  'zeros put there before': { ofConvolution: 0, ofInput: 1 },
  'no zeros to put there': { ofConvolution: 0, ofInput: 0 },
};

/** A convolution in the processor's blocks on rows of so many positions, with rows padded in one of three ways. */
async function paddedRows(side: number, way: keyof typeof PADDINGS): Promise<Measured> {
  const { ofConvolution, ofInput } = PADDINGS[way];
  const graph = createGraph(way);
  const width = side + 2 - 2 * (ofConvolution + ofInput);
  const dims = [IMAGES, CHANNELS, side, width];
  const kernel = [CHANNELS, CHANNELS, 3, 3];
  const [x, weight] = [graph.input('x', 'float32', dims), graph.input('weight', 'float32', kernel)];
  const rows = reshape(graph, x, [IMAGES, CHANNELS / block, side, width, block]);
  const zeros = graph.constant(int64([0, 0, 0, ofInput, 0, 0, 0, 0, ofInput, 0]));
  const wide = [IMAGES, CHANNELS, side, width + 2 * ofInput];
  const image = ofInput ? reshape(graph, graph.op('Pad', [rows, zeros]), wide) : x;
  const y = graph.op(
    'Conv',
    [image, weight],
    {
      kernel_shape: [3, 3],
      strides: [1, 1],
      dilations: [1, 1],
      group: 1,
      pads: [1, ofConvolution, 1, ofConvolution],
    },
    { domain: BLOCKED_DOMAIN },
  );
  graph.output(slice(graph, y, [0, 1, 2, 3], [0, 0, 0, 0], [1, 1, 1, 1]), 'y');
  const feeds = { x: sampleTensor(dims), weight: sampleTensor(kernel) };
  return measureModel(nodeRuntime({ threads }), modelOf(graph.build()), feeds, { clock, runs: 50 });
}

function row(what: string, { min, median, max }: Measured): void {
  const ms = (value: number) => `${value.toFixed(1)} ms`.padStart(10);
  process.stdout.write(`${what.padEnd(52)}${ms(median)}  (${min.toFixed(1)} to ${max.toFixed(1)})\n`);
}

process.stdout.write(
  `${nodeRuntime({ threads }).name}, ${nodeRuntime({ threads }).threads} threads; medians\n\n`,
);
const step = (keepCopies: boolean) => seedStep(nodeRuntime({ threads, keepCopies }), 'SGD', clock);
row('1. step of keras-cnn, copies of outputs freed at once', await step(false));
row('   … left to the garbage collector', await step(true));
row(
  `2. sum of ${ROWS} × ${COLUMNS.toLocaleString('en-US')} over the batch by MatMul`,
  await batchSum('MatMul'),
);
row('   … by ReduceSum', await batchSum('ReduceSum'));
for (const side of block > 0 ? [3, 6, 7, 15, 30] : []) {
  for (const way of Object.keys(PADDINGS) as (keyof typeof PADDINGS)[]) {
    const measured = await paddedRows(side, way);
    const rate = (2 * IMAGES * CHANNELS ** 2 * 9 * side ** 2) / measured.median / 1e6;
    row(`22. ${side} × ${side}, ${way}: ${rate.toFixed(0)} GFLOP/s`, measured);
  }
}
