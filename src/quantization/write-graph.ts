import {
  float32,
  type Graph,
  type GraphBuilder,
  numbersOf,
  type Tensor,
  tensor,
  type Value,
} from '../onnx/index.ts';
import { createGraph, importGraph, type NodeToWrite, writeNode } from '../ops/index.ts';
import { biasCorrections } from './bias-corrections.ts';
import { type Affine, quantizeWeights } from './integers.ts';
import type { LinearUnit, Unit } from './units.ts';

export interface QuantizedParts {
  /** What is computed in integers, by the name of its op. */
  readonly units: ReadonlyMap<string, Unit>;
  /** The integers of values, by name. */
  readonly affines: ReadonlyMap<string, Affine>;
  /** The mean of each channel of values, by name: biases then make up for what rounding the weights adds on average. */
  readonly channelMeans?: ReadonlyMap<string, Float64Array>;
}

/**
 * The graph with units computed in integers, in the form that ONNX Runtime recognises: `DequantizeLinear` before an op
 * and `QuantizeLinear` behind it (QDQ) become one integer kernel. A runtime that does not know the form computes the same
 * in floats, rounded to the same integers.
 */
export function writeQuantized(graph: Graph, parts: QuantizedParts): Graph {
  const { units, affines } = parts;
  const builder = createGraph(graph.name);
  const clips = new Map<string, Unit>();
  for (const unit of units.values())
    if (unit.clip && affines.has(unit.output)) clips.set(unit.clip.node.outputs[0], unit);
  const names = new Map<Value, string>();
  const quantized = new Map<Value, Value>();
  const named = (node: NodeToWrite, outputs: readonly Value[]): readonly Value[] => {
    node.outputs.forEach((name, i) => {
      if (outputs[i]) names.set(outputs[i], name);
    });
    return outputs;
  };
  /** A value as one that was rounded to its integers. */
  const rounded = (value: Value): Value => {
    const known = quantized.get(value);
    if (known) return known;
    // Inputs of the graph keep their names.
    const name = names.get(value) ?? value.name;
    const affine = affines.get(name)!;
    const twin = throughIntegers(builder, value, affine, name);
    quantized.set(value, twin);
    return twin;
  };
  const values = importGraph(builder, graph, {}, {}, (node) => {
    const [output] = node.outputs;
    const behind = clips.get(output);
    // The integers end where the activation cuts off: it is done already.
    if (behind) return named(node, [node.inputs[0]!]);
    const unit = node.domain === '' ? units.get(output) : undefined;
    if (!unit) return named(node, writeNode(builder, node));
    const inputs = node.inputs.map((value, i) =>
      unit.inputs.includes(graphName(unit, i)) && value ? rounded(value) : value,
    );
    const [result, ...others] =
      unit.kind === 'linear'
        ? [linear(builder, node, unit as LinearUnit, inputs, parts)]
        : writeNode(builder, { ...node, inputs });
    const affine = affines.get(unit.output);
    if (!affine) return named(node, [result, ...others]);
    const through = throughIntegers(builder, result, affine, unit.output);
    quantized.set(through, through);
    return named(node, [through, ...others]);
  });
  for (const { name } of graph.outputs) builder.output(values.get(name)!, name);
  return builder.build();
}

function graphName({ node }: Unit, place: number): string {
  return node.inputs[place];
}

function throughIntegers(
  builder: GraphBuilder,
  value: Value,
  { scale, zeroPoint }: Affine,
  name: string,
): Value {
  const parts = [
    builder.constant(float32([], [scale])),
    builder.constant(tensor('uint8', [], [zeroPoint])),
  ] as const;
  const integers = builder.op('QuantizeLinear', [value, ...parts], {}, { name: `${name}/uint8` });
  return builder.op('DequantizeLinear', [integers, ...parts], {}, { name: `${name}/rounded` });
}

/** A linear op with its weights as int8. */
function linear(
  builder: GraphBuilder,
  node: NodeToWrite,
  unit: LinearUnit,
  [x, kernel, offset]: readonly (Value | undefined)[],
  { affines, channelMeans }: QuantizedParts,
): Value {
  const { weight, layout } = unit;
  const [input] = unit.inputs;
  const floats = kernel!.constant!;
  const { scale } = affines.get(input)!;
  const bias = offset && numbersOf(offset.constant!);
  const isConvolution = node.opType === 'Conv';
  const least = isConvolution ? bias?.map((value) => Math.abs(value) / scale / LARGEST_BIAS) : undefined;
  const quantized = quantizeWeights(floats, layout, least);
  const { scales } = quantized;
  const means = channelMeans?.get(input);
  const corrections = means && biasCorrections(floats, quantized, layout, means);
  const biases =
    (bias ?? corrections) && Array.from(scales, (_, i) => (bias?.[i] ?? 0) + (corrections?.[i] ?? 0));
  if (!isConvolution) {
    // ONNX Runtime has an integer kernel for MatMul, and none for Gemm; MatMul and Add it would make a Gemm of.
    const isTransposed = layout.axis === 0;
    const integers = isTransposed ? transposed(quantized.integers) : quantized.integers;
    const product = builder.op(
      'MatMul',
      [x, dequantized(builder, weight, integers, scales, 1)],
      {},
      {
        name: biases ? `${node.outputs[0]}/product` : node.outputs[0],
      },
    );
    if (!biases) return product;
    const row = builder.initializer(offset?.name ?? `${weight}/bias`, float32([biases.length], biases));
    return builder.op('Sum', [product, row], {}, { name: node.outputs[0] });
  }
  const inputs = [x, dequantized(builder, weight, quantized.integers, scales, 0)];
  if (biases) {
    const steps = scales.map((each) => each * scale);
    const whole = tensor(
      'int32',
      [biases.length],
      biases.map((value, i) => Math.round(value / steps[i])),
    );
    inputs.push(dequantized(builder, offset?.name ?? `${weight}/bias`, whole, steps, 0));
  }
  return writeNode(builder, { ...node, inputs })[0];
}

/** Integers that belong to the graph, with a scale for each place along an axis. */
function dequantized(
  builder: GraphBuilder,
  name: string,
  integers: Tensor,
  scales: Float32Array,
  axis: number,
): Value {
  const parts = [
    builder.initializer(`${name}/${integers.type}`, integers),
    builder.initializer(`${name}/scale`, float32([scales.length], scales)),
  ];
  return builder.op('DequantizeLinear', parts, { axis }, { name: `${name}/rounded` });
}

function transposed(integers: Tensor): Tensor {
  const [rows, columns] = integers.dims;
  const values = numbersOf(integers);
  return tensor(
    integers.type,
    [columns, rows],
    values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]),
  );
}

/** Half of what 32 bits hold: the other half is for the products. */
const LARGEST_BIAS = 2 ** 30;
