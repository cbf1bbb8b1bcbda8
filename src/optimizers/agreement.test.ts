/** Each expression has three readings: ONNX ops, a WebAssembly loop, and plain float32 arithmetic. All must agree. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { random } from '../data/random.ts';
import {
  constant,
  defineKernel,
  emitOnnx,
  emitWasm,
  emitWasmSumOfSquares,
  type Kernel,
  kernelArguments,
  type Operation,
} from '../kernels/index.ts';
import { encodeModel, GraphBuilder, type InferTypes, modelOf, type Value } from '../onnx/index.ts';
import {
  Adam,
  AdamW,
  emitOnnxGradientScale,
  exponentialMovingAverage,
  exponentialMovingAverageScalars,
  gradientScale,
  type Optimizer,
  SGD,
} from './index.ts';

declare const WebAssembly: {
  Memory: new (limits: { initial: number }) => { readonly buffer: ArrayBuffer };
  Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: { run(...parameters: number[]): number } };
};

type Arrays = Record<string, Float32Array>;
type Scalars = Record<string, number>;

const memory = new WebAssembly.Memory({ initial: 16 });

function instantiate(bytes: Uint8Array<ArrayBuffer>): (...parameters: number[]) => number {
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports.run;
}

function wasmRunner(kernel: Kernel): (arrays: Arrays, scalars: Scalars) => Arrays {
  const run = instantiate(emitWasm(kernel));
  return (arrays, scalars) => {
    const count = arrays[kernel.arrays[0]].length;
    const views: Arrays = {};
    for (const [i, name] of kernel.arrays.entries()) {
      views[name] = new Float32Array(memory.buffer, 4 + i * (count + 1) * 4, count);
      views[name].set(arrays[name]);
    }
    const pointers = Object.fromEntries(kernel.arrays.map((name) => [name, views[name].byteOffset]));
    run(...kernelArguments(kernel, count, pointers, scalars));
    return Object.fromEntries(kernel.arrays.map((name) => [name, views[name].slice()]));
  };
}

/** Elementwise: the shape of the largest operand; reductions: none. */
const inferTypes: InferTypes = ({ opType, inputs }) => {
  const widest = inputs.reduce((a, b) => (b && b.shape.length > (a?.shape.length ?? 0) ? b : a));
  return [{ type: 'float32', shape: opType.startsWith('Reduce') ? [] : (widest?.shape ?? []) }];
};

async function onnxRunner(kernel: Kernel): Promise<(arrays: Arrays, scalars: Scalars) => Promise<Arrays>> {
  const builder = new GraphBuilder(kernel.name, inferTypes);
  const values: Record<string, Value> = {};
  for (const name of kernel.arrays) values[name] = builder.input(name, 'float32', ['N']);
  for (const name of kernel.scalars) values[name] = builder.input(name, 'float32', []);
  const updated = emitOnnx(builder, kernel, values);
  for (const [name, value] of Object.entries(updated)) builder.output(value, `new/${name}`);
  const session = await InferenceSession.create(encodeModel(modelOf(builder.build())), {
    intraOpNumThreads: 1,
  });
  return async (arrays, scalars) => {
    const feeds: Record<string, Tensor> = {};
    for (const name of session.inputNames) {
      feeds[name] = Object.hasOwn(arrays, name)
        ? new Tensor('float32', arrays[name], [arrays[name].length])
        : new Tensor('float32', [scalars[name]], []);
    }
    const results = await session.run(feeds);
    const after = Object.keys(updated).map((name) => [name, results[`new/${name}`].data as Float32Array]);
    return { ...arrays, ...Object.fromEntries(after) };
  };
}

const ARITHMETIC: Record<Operation, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  minimum: Math.min,
  maximum: Math.max,
  negate: (a) => -a,
  absolute: Math.abs,
  squareRoot: Math.sqrt,
};

function interpret(kernel: Kernel, arrays: Arrays, scalars: Scalars): Arrays {
  const after = Object.fromEntries(Object.entries(arrays).map(([name, values]) => [name, values.slice()]));
  for (let i = 0; i < arrays[kernel.arrays[0]].length; i++) {
    const results: number[] = [];
    for (const step of kernel.steps) {
      if (step.kind === 'array') results.push(arrays[step.name][i]);
      else if (step.kind === 'scalar') results.push(Math.fround(scalars[step.name]));
      else if (step.kind === 'constant') results.push(step.value);
      else {
        const [a, b] = step.operands.map((operand) => results[operand]);
        results.push(Math.fround(ARITHMETIC[step.operation](a, b)));
      }
    }
    for (const { array, step } of kernel.updates) after[array][i] = results[step];
  }
  return after;
}

/** The largest difference, relative to the expected magnitude. */
function difference(actual: Arrays, expected: Arrays): number {
  let largest = 0;
  for (const [name, values] of Object.entries(expected)) {
    for (const [i, value] of values.entries()) {
      largest = Math.max(largest, Math.abs(actual[name][i] - value) / Math.max(Math.abs(value), 1e-30));
    }
  }
  return largest;
}

const stream = random(20, 'test/agreement');

function randomArrays(kernel: Kernel, count: number): Arrays {
  return Object.fromEntries(
    kernel.arrays.map((name) => {
      const values = Float32Array.from({ length: count }, () => stream.normal());
      return [name, name === 'secondMoment' ? values.map(Math.abs) : values];
    }),
  );
}

const everything = defineKernel('everything', {
  arrays: ['a', 'b', 'c'],
  scalars: ['s', 't'],
  updates: ({ a, b, c }, { s, t }) => ({
    a: a
      .times(s)
      .plus(b.dividedBy(constant(1).minus(t)))
      .minimum(c.absolute()),
    b: b.maximum(a.negated()).minus(c.times(c).plus(0.1).squareRoot()),
  }),
});

const optimizers: Record<string, Optimizer & { kernel: Kernel }> = {
  'plain SGD': new SGD(),
  'SGD with momentum': new SGD({ momentum: 0.9 }),
  'SGD with Nesterov momentum and weight decay': new SGD({
    momentum: 0.9,
    nesterov: true,
    weightDecay: 5e-4,
  }),
  'SGD clipped by value': new SGD({ clipValue: 0.5 }),
  'SGD clipped by norm': new SGD({ globalClipNorm: 1 }),
  Adam: new Adam(),
  'Adam clipped by value': new Adam({ clipValue: 0.5 }),
  AdamW: new AdamW(),
  'AdamW clipped by norm': new AdamW({ clipNorm: 1 }),
};

const cases: [string, Kernel, (step: number) => Scalars][] = [
  ['every operation', everything, () => ({ s: 0.3, t: 0.9 })],
  [
    'exponential moving average',
    exponentialMovingAverage,
    () => ({ ...exponentialMovingAverageScalars(0.99) }),
  ],
  ...Object.entries(optimizers).map(([name, optimizer]): (typeof cases)[number] => [
    name,
    optimizer.kernel,
    (step) => {
      const scalars = optimizer.scalars(step, 0.01);
      return 'gradientScale' in scalars ? { ...scalars, gradientScale: 0.7 } : scalars;
    },
  ]),
];

describe.each(cases)('%s', (_, kernel, scalarsAt) => {
  test('the WebAssembly loop is plain float32 arithmetic, bit for bit, at lengths 0 to 35', () => {
    const run = wasmRunner(kernel);
    for (let count = 0; count <= 35; count++) {
      const arrays = randomArrays(kernel, count);
      expect(run(arrays, scalarsAt(count + 1))).toEqual(interpret(kernel, arrays, scalarsAt(count + 1)));
    }
  });

  test('ONNX Runtime agrees with the WebAssembly loop to 1e-6, step after step', async () => {
    const onWasm = wasmRunner(kernel);
    const onOnnx = await onnxRunner(kernel);
    for (const count of [1, 15, 16, 1003, 20011]) {
      const first = randomArrays(kernel, count);
      let [wasm, onnx] = [first, first];
      for (let step = 1; step <= 5; step++) {
        const gradient = randomArrays(kernel, count)[kernel.arrays[1]];
        const scalars = scalarsAt(step);
        wasm = onWasm({ ...wasm, [kernel.arrays[1]]: gradient }, scalars);
        onnx = await onOnnx({ ...onnx, [kernel.arrays[1]]: gradient }, scalars);
        expect(difference(onnx, wasm)).toBeLessThanOrEqual(1e-6);
      }
    }
  });

  test('a NaN spoils its own element in both, and no other', async () => {
    const arrays = randomArrays(kernel, 21);
    arrays[kernel.arrays[1]][7] = Number.NaN;
    const written = kernel.updates[0].array;
    const wasm = wasmRunner(kernel)(arrays, scalarsAt(1))[written];
    const onnx = (await (await onnxRunner(kernel))(arrays, scalarsAt(1)))[written];
    for (const result of [wasm, onnx]) {
      expect([...result.entries()].filter(([, value]) => Number.isNaN(value)).map(([i]) => i)).toEqual([7]);
    }
  });
});

test('the scale that clips by norm: ONNX Runtime agrees with float64 to 1e-6, and both show a NaN', async () => {
  const counts = [1003, 17];
  const limit = 3;
  const builder = new GraphBuilder('clip', inferTypes);
  const gradients = counts.map((count, i) => builder.input(`gradient${i}`, 'float32', [count]));
  builder.output(emitOnnxGradientScale(builder, gradients, limit), 'scale');
  const session = await InferenceSession.create(encodeModel(modelOf(builder.build())));
  const sumOfSquares = instantiate(emitWasmSumOfSquares());
  const bothScales = async (factor: number, broken?: number): Promise<[number, number]> => {
    const data = counts.map((count) => Float32Array.from({ length: count }, () => stream.normal() * factor));
    if (broken !== undefined) data[1][5] = broken;
    let sum = 0;
    for (const values of data) {
      new Float32Array(memory.buffer).set(values, 3);
      sum += sumOfSquares(values.length, 12);
    }
    const feeds = data.map((values, i) => [`gradient${i}`, new Tensor('float32', values, [values.length])]);
    const { scale } = await session.run(Object.fromEntries(feeds));
    return [gradientScale(sum, limit), (scale.data as Float32Array)[0]];
  };
  const [exact, onnx] = await bothScales(1);
  expect(exact).toBeGreaterThan(0.08);
  expect(exact).toBeLessThan(0.11);
  expect(Math.abs(onnx / exact - 1)).toBeLessThan(1e-6);
  expect(await bothScales(0.01)).toEqual([1, 1]);
  expect(await bothScales(1, Number.NaN)).toEqual([Number.NaN, Number.NaN]);
  expect(await bothScales(1, Infinity)).toEqual([Number.NaN, Number.NaN]);
});
