import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { normalTensor } from '../../test/gradients/check.ts';
import { oracle } from '../../test/oracle/index.ts';
import type { OracleTensor } from '../../test/oracle/tensor.ts';
import {
  decodeModel,
  elementCount,
  float,
  float32,
  type Graph,
  type GraphBuilder,
  modelOf,
  numbersOf,
  type Tensor,
  type Value,
} from '../onnx/index.ts';
import { createGraph } from '../ops/index.ts';
import { createSession, fromOrt, toOrt } from '../platform/node/engine/ort-session.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { observe } from './observe.ts';
import { affinesOf, planIntegers } from './plan.ts';
import { rangeOf } from './ranges.ts';
import { writeQuantized } from './write-graph.ts';

const runtime = nodeRuntime({ threads: 1 });
const random = (name: string, dims: readonly number[], scale = 1): Tensor =>
  normalTensor(`quantization/${name}`, dims, scale);

interface Case {
  readonly build: (graph: GraphBuilder, x: Value) => Value;
  /** Integer ops of ONNX Runtime that must be in the graph it runs. */
  readonly fused: readonly string[];
  /** Float ops that must not be there any more. */
  readonly gone: readonly string[];
}

const DIMS = [2, 8, 9, 7];
const weight = (graph: GraphBuilder, name: string, ...dims: number[]) =>
  graph.initializer(name, random(name, dims, 0.3));
const conv = (graph: GraphBuilder, x: Value, name: string, dims: number[], attributes = {}) =>
  graph.op('Conv', [x, weight(graph, `${name}/w`, ...dims), weight(graph, `${name}/b`, dims[0])], {
    kernel_shape: dims.slice(2),
    ...attributes,
  });
const SAME = { pads: [1, 1, 1, 1] };

const CASES: Readonly<Record<string, Case>> = {
  'Conv, padded': {
    build: (g, x) => conv(g, x, 'a', [6, 8, 3, 3], SAME),
    fused: ['QLinearConv'],
    gone: ['Conv'],
  },
  'Conv with ReLU behind it, strided': {
    build: (g, x) => g.op('Relu', [conv(g, x, 'b', [6, 8, 3, 3], { strides: [2, 2] })]),
    fused: ['QLinearConv'],
    gone: ['Conv', 'Relu'],
  },
  'Conv with ReLU6 behind it': {
    build: (g, x) => {
      const limits = [0, 6].map((limit) => g.constant(float32([], [limit])));
      return g.op('Clip', [conv(g, x, 'c', [6, 8, 1, 1]), ...limits]);
    },
    fused: ['QLinearConv'],
    gone: ['Conv', 'Clip'],
  },
  'Conv of each channel by itself': {
    build: (g, x) => g.op('Relu', [conv(g, x, 'd', [8, 1, 3, 3], { ...SAME, group: 8 })]),
    fused: ['QLinearConv'],
    gone: ['Conv', 'Relu'],
  },
  'Conv in groups': {
    build: (g, x) => conv(g, x, 'e', [4, 4, 3, 3], { ...SAME, group: 2 }),
    fused: ['QLinearConv'],
    gone: ['Conv'],
  },
  'a residual block': {
    build: (g, x) => {
      const first = conv(g, x, 'f', [8, 8, 1, 1]);
      const second = conv(g, g.op('Relu', [first]), 'g', [8, 8, 3, 3], SAME);
      return conv(g, g.op('Relu', [g.op('Add', [first, second])]), 'h', [3, 8, 1, 1]);
    },
    fused: ['QLinearConv', 'QLinearAdd'],
    gone: ['Conv', 'Add', 'Relu'],
  },
  'branches that are joined': {
    build: (g, x) => {
      const branches = [conv(g, x, 'i', [3, 8, 1, 1]), conv(g, x, 'j', [5, 8, 1, 1])];
      return conv(g, g.op('Concat', branches, { axis: 1 }), 'k', [4, 8, 1, 1]);
    },
    fused: ['QLinearConv', 'QLinearConcat'],
    gone: ['Conv', 'Concat'],
  },
  'MaxPool between': {
    build: (g, x) => {
      const pooled = g.op('MaxPool', [conv(g, x, 'l', [6, 8, 3, 3], SAME)], {
        kernel_shape: [2, 2],
        strides: [2, 2],
      });
      return conv(g, pooled, 'm', [4, 6, 1, 1]);
    },
    fused: ['QLinearConv', 'NhwcMaxPool'],
    gone: ['Conv', 'MaxPool'],
  },
  'a mean over the image, and a product': {
    build: (g, x) => {
      const mean = g.op('GlobalAveragePool', [g.op('Relu', [conv(g, x, 'n', [16, 8, 1, 1])])]);
      const rows = g.op('Flatten', [mean]);
      return g.op('Gemm', [rows, weight(g, 'o/w', 16, 5), weight(g, 'o/b', 5)], { alpha: float(1) });
    },
    fused: ['QLinearConv', 'QLinearGlobalAveragePool', 'MatMulIntegerToFloat'],
    gone: ['Conv', 'GlobalAveragePool', 'Gemm', 'MatMul', 'Relu'],
  },
  'a product with transposed weights': {
    build: (g, x) => {
      const rows = g.op('Flatten', [x]);
      return g.op('Gemm', [rows, weight(g, 'p/w', 5, 504), weight(g, 'p/b', 5)], { transB: 1 });
    },
    fused: ['MatMulIntegerToFloat'],
    gone: ['Gemm', 'MatMul'],
  },
};

function built({ build }: Case): Graph {
  const graph = createGraph('case');
  graph.output(build(graph, graph.input('x', 'float32', ['N', ...DIMS.slice(1)])), 'y');
  return graph.build();
}

/** y = saturate(round(x / scale) + zero point), ties to even; x = (y − zero point) · scale: ONNX's own formulas. */
function integerOp(
  opType: string,
  [x, scale, zero]: readonly (OracleTensor | undefined)[],
  axis: number,
): OracleTensor {
  const inner = scale!.dims.length === 0 ? x!.data.length : elementCount(x!.dims.slice(axis + 1));
  const at = (i: number) => Math.floor(i / inner) % scale!.data.length;
  const zeroAt = (i: number) => zero?.data[at(i) % zero.data.length] ?? 0;
  const data = x!.data.map((value, i) => {
    if (opType === 'DequantizeLinear') return (value - zeroAt(i)) * scale!.data[at(i)];
    const ratio = Math.fround(Math.fround(value) / scale!.data[at(i)]);
    const floor = Math.floor(ratio);
    const rest = ratio - floor;
    const rounded = rest === 0.5 ? floor + (floor & 1) : Math.round(ratio);
    return Math.min(255, Math.max(0, rounded + zeroAt(i)));
  });
  return { dims: x!.dims, data };
}

/** A graph by the specification's formulas, in float64. */
function specified(graph: Graph, x: Tensor): OracleTensor {
  const values = new Map<string, OracleTensor>();
  const put = (name: string, tensor: Tensor) =>
    values.set(name, { dims: [...tensor.dims], data: Float64Array.from(numbersOf(tensor)) });
  for (const [name, tensor] of graph.initializers) put(name, tensor);
  put('x', x);
  for (const { opType, inputs, outputs, attributes } of graph.nodes) {
    const given = inputs.map((name) => values.get(name));
    const result =
      opType.endsWith('quantizeLinear') || opType === 'QuantizeLinear'
        ? integerOp(opType, given, Number(attributes.axis ?? 1))
        : oracle[opType](given, attributes)[0];
    values.set(outputs[0], result);
  }
  return values.get(graph.outputs[0].name)!;
}

describe('a graph in integers, as ONNX Runtime computes it', () => {
  it.each(Object.entries(CASES))('%s', async (_, given) => {
    const graph = built(given);
    const x = random('x', DIMS);
    const plan = planIntegers(graph);
    const seen = await observe(graph, plan.ranged, [x], runtime);
    const affines = affinesOf(plan, (name) => rangeOf(seen.histograms.get(name)!, 'min-max'));
    const quantized = writeQuantized(graph, { ...plan, affines });

    // What ONNX Runtime makes of it: integer kernels alone.
    const folder = await mkdtemp(join(tmpdir(), 'harrier-quantized-'));
    const optimizedModelFilePath = join(folder, 'optimized.onnx');
    const session = await createSession(modelOf(quantized), { intraOpNumThreads: 1, optimizedModelFilePath });
    try {
      const ran = decodeModel(await readFile(optimizedModelFilePath), 'optimized').graph;
      const ops = new Set(ran.nodes.map(({ opType }) => opType));
      expect([...ops]).toEqual(expect.arrayContaining([...given.fused]));
      for (const op of given.gone) expect([...ops]).not.toContain(op);

      const y = fromOrt((await session.run({ x: toOrt(x) })).y);
      const wanted = specified(quantized, x);
      expect(y.dims).toEqual(wanted.dims);
      const range = Math.max(...wanted.data) - Math.min(...wanted.data);
      // Sums in another order may round to the next integer at each of a few layers: two steps of 255.
      numbersOf(y).forEach((value, i) => {
        expect(Math.abs(value - wanted.data[i])).toBeLessThanOrEqual((2.1 / 255) * range);
      });
      // Nearly all are the very same integers.
      const same = numbersOf(y).filter((value, i) => Math.abs(value - wanted.data[i]) < (0.01 / 255) * range);
      expect(same.length / wanted.data.length).toBeGreaterThan(0.95);

      // And the floats are near: by a few steps in hundreds.
      const exact = specified(graph, x);
      const error = Math.sqrt(
        numbersOf(y).reduce((sum, value, i) => sum + (value - exact.data[i]) ** 2, 0) / exact.data.length,
      );
      expect(error).toBeLessThan(0.02 * range);
    } finally {
      await session.release();
      await rm(folder, { recursive: true });
    }
  });
});
