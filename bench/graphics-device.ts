/**
 * Prints what a graphics device can do beside what the convolutions of a recipe ask of it:
 *
 *   npx tsx bench/graphics-device.ts
 *   npx tsx bench/graphics-device.ts --recipe record --micro-batch 400
 *
 * First the device itself: large matrix products, memory, and the time that each further kernel takes. Then each
 * convolution with its gradients, as Harrier writes them for a device (matrix products), and forward as ONNX Runtime's
 * own Conv. All of it in float32 and, where the device computes in it, in float16. The whole step beside this, and the
 * layers that its time is spent for: npx harrier bench --recipe deep --device gpu
 */
import { parseArgs } from 'node:util';
import { recipeRows } from '../src/benchmark/index.ts';
import { measureFor } from '../src/benchmark/measure.ts';
import { number, wholeNumber } from '../src/cli/values.ts';
import { HarrierError } from '../src/errors.ts';
import {
  elementTypeCode,
  float32,
  type GraphBuilder,
  int64,
  modelOf,
  type Value,
} from '../src/onnx/index.ts';
import { createGraph, mul, slice } from '../src/ops/index.ts';
import { lower } from '../src/passes/index.ts';
import { openRuntime } from '../src/platform/node/engine/open-runtime.ts';
import { recipeNamed } from '../src/recipes/index.ts';

const { values } = parseArgs({
  options: {
    recipe: { type: 'string', default: 'deep' },
    'micro-batch': { type: 'string' },
    seconds: { type: 'string', default: '2' },
    size: { type: 'string', default: '4096' },
  },
});
// A wrong value is told in a sentence.
process.once('uncaughtException', (error) => {
  process.stderr.write(`${error instanceof HarrierError ? `error: ${error.message}` : error.stack}\n`);
  process.exit(error instanceof HarrierError && error.code === 'bad-option' ? 2 : 1);
});
const recipe = recipeNamed(values.recipe);
const batch = wholeNumber('--micro-batch')(
  `${values['micro-batch'] ?? recipe.microBatch ?? recipe.batchSize}`,
);
const seconds = number('--seconds', { above: 0 })(values.seconds);
const size = wholeNumber('--size')(values.size);
const [KERNEL, PRODUCTS, KERNELS] = [3, 8, 256];
const runtime = await openRuntime({ device: 'gpu' });

/** Makes an array on the device, of the precision that is measured, whose elements no compiler knows beforehand. */
type Filled = (dims: readonly number[]) => Value;
type Build = (graph: GraphBuilder, filled: Filled) => Value | readonly Value[];

/** Median of some seconds of runs, in milliseconds; of what the graph makes, one element each is read. */
async function milliseconds(
  precision: 'float32' | 'float16',
  build: Build,
  isLowered: boolean,
): Promise<number> {
  const graph = createGraph('case');
  const input = graph.input('x', 'float32', []);
  const cast = (value: Value, to: 'float32' | 'float16') =>
    value.type === to ? value : graph.op('Cast', [value], { to: elementTypeCode(to) });
  const x = cast(input, precision);
  const filled: Filled = (dims) => graph.op('Expand', [x, graph.constant(int64([...dims]))]);
  [build(graph, filled)].flat().forEach((value, i) => {
    const axes = value.shape.map((_, axis) => axis);
    const [zeros, ones] = [axes.map(() => 0), axes.map(() => 1)];
    graph.output(cast(slice(graph, value, axes, zeros, ones), 'float32'), `y${i}`);
  });
  const built = graph.build();
  const executable = await runtime.compile(modelOf(isLowered ? lower(built, runtime.target) : built));
  try {
    const step = () => executable.step({ x: float32([], [1 / size]) });
    return (await measureFor(step, { clock: () => performance.now(), seconds })).median;
  } finally {
    await executable.dispose();
  }
}

/** One line: the case in both precisions, or why there is no figure. */
async function row(
  what: string,
  rate: (ms: number) => string,
  build: Build,
  isLowered = true,
): Promise<void> {
  const cells: string[] = [];
  for (const precision of ['float32', 'float16'] as const) {
    const cell = await milliseconds(precision, build, isLowered).then(
      (ms) => `${ms.toFixed(2)} ms, ${rate(ms)}`,
      (error: Error) =>
        `none: ${error.message.split('Status Message: ').at(-1)!.split('\n')[0].slice(0, 70)}`,
    );
    cells.push(cell.padEnd(30));
  }
  process.stdout.write(`${what.padEnd(44)}${cells.join('').trimEnd()}\n`);
}

const gigaflops = (operations: number) => (ms: number) => `${(operations / ms / 1e6).toPrecision(3)} GFLOP/s`;

process.stdout.write(`${runtime.name}; medians\n${' '.repeat(44)}${'float32'.padEnd(30)}float16\n`);
await row(
  `${PRODUCTS} products of ${size} × ${size}`,
  gigaflops(2 * PRODUCTS * size ** 3),
  (graph, filled) => {
    const factor = filled([size, size]);
    let product = factor;
    for (let i = 0; i < PRODUCTS; i++) product = graph.op('MatMul', [product, factor]);
    return product;
  },
);
const elements = 4 * size * size;
await row(
  `${PRODUCTS} squares of ${elements / 1e6} million elements`,
  (ms) => `${((PRODUCTS * elements) / ms / 1e6).toPrecision(3)} billion/s`,
  (graph, filled) => {
    let x = filled([4, size, size]);
    for (let i = 0; i < PRODUCTS; i++) x = mul(graph, x, x);
    return x;
  },
);
await row(
  `${KERNELS} kernels of 64 elements, one after another`,
  (ms) => `${((1000 * ms) / KERNELS).toFixed(1)} µs each`,
  (graph, filled) => {
    let x = filled([64]);
    for (let i = 0; i < KERNELS; i++) x = i % 2 ? graph.op('Neg', [x]) : mul(graph, x, x);
    return x;
  },
);

process.stdout.write(`\n${recipe.name}, micro-batch ${batch}\n`);
const convolutions = recipeRows(recipe).filter(({ type }) => type === 'Conv2D');
for (const { outputShape, parameters } of convolutions) {
  const [, side, channels] = outputShape;
  const inputs = parameters / channels / KERNEL ** 2;
  const rate = gigaflops(2 * batch * inputs * channels * side * side * KERNEL ** 2);
  const [input, output] = [inputs, channels].map((depth) => [batch, depth, side, side]);
  const kernel = [channels, inputs, KERNEL, KERNEL];
  const attributes = { strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1], group: 1 };
  const shaped = { ...attributes, kernel_shape: [KERNEL, KERNEL] };
  const composite = { domain: 'harrier' };
  const forward: Build = (graph, filled) => graph.op('Conv', [filled(input), filled(kernel)], shaped);
  const inputGradient: Build = (graph, filled) => {
    const dy = [filled(output), filled(kernel)];
    return graph.op('ConvInputGradient', dy, { ...attributes, input_shape: input }, composite);
  };
  const kernelGradient: Build = (graph, filled) =>
    graph.op('ConvKernelGradient', [filled(output), filled(input)], shaped, composite);
  const name = `${inputs} → ${channels} at ${side} × ${side}`;
  await row(`${name}, forward`, rate, forward);
  await row(`${name}, forward by Conv`, rate, forward, false);
  await row(`${name}, input gradient`, rate, inputGradient);
  await row(`${name}, kernel gradient`, rate, kernelGradient);
}
