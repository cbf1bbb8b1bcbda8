/**
 * Prints the figures behind docs/decisions 1 and 2 on this machine, both ways in one run:
 *
 *   npx tsx bench/decisions.ts
 */
import { parseArgs } from 'node:util';
import { type Measured, measureModel, sampleTensor } from '../src/benchmark/measure.ts';
import { seedStep } from '../src/benchmark/seed.ts';
import { float32, modelOf } from '../src/onnx/index.ts';
import { createGraph, reduceSum } from '../src/ops/index.ts';
import { nodeRuntime } from '../src/platform/node/engine/runtime.ts';

const { values } = parseArgs({ options: { threads: { type: 'string' } } });
const threads = values.threads === undefined ? undefined : Number(values.threads);
const clock = () => performance.now();

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
