/** Runs a graph's nodes in float64 by the oracle, so that differences of its outputs can be taken. */
import type { BuiltNode } from '../../src/onnx/index.ts';
import { numbersOf, type Value } from '../../src/onnx/index.ts';
import { type OracleTensor, oracle } from '../oracle/index.ts';

export type Known = ReadonlyMap<string, OracleTensor>;

/** @param known values that are given; nodes that make them are not run */
export function evaluate(nodes: readonly BuiltNode[], known: Known): Map<string, OracleTensor> {
  const values = new Map(known);
  const contentsOf = (value: Value): OracleTensor => {
    const found = values.get(value.name);
    if (found) return found;
    if (!value.constant) throw new Error(`nothing gives ${value.name}`);
    return { dims: [...value.constant.dims], data: Float64Array.from(numbersOf(value.constant)) };
  };
  for (const { opType, inputs, outputs, attributes } of nodes) {
    if (outputs.every(({ name }) => values.has(name))) continue;
    const results = oracle[opType](
      inputs.map((input) => input && contentsOf(input)),
      attributes,
    );
    outputs.forEach(({ name }, i) => {
      values.set(name, results[i]);
    });
  }
  return values;
}

/**
 * ∂output / ∂value by central differences.
 * @returns for every element of the output, its slopes along all elements of the value
 */
export function gradients(
  nodes: readonly BuiltNode[],
  known: Known,
  value: string,
  output: string,
  step = 1e-4,
): Float64Array[] {
  const all = evaluate(nodes, known);
  const changing = new Set([value]);
  const after = nodes.filter(({ inputs, outputs }) => {
    if (!inputs.some((input) => input && changing.has(input.name))) return false;
    for (const { name } of outputs) changing.add(name);
    return true;
  });
  const fixed = [...all].filter(([name]) => !changing.has(name));
  const { dims, data } = all.get(value)!;
  const outputAt = (i: number, by: number): Float64Array => {
    const moved = { dims, data: data.with(i, data[i] + by) };
    return evaluate(after, new Map([...fixed, [value, moved]])).get(output)!.data;
  };
  const columns = Array.from(data, (_, i) => {
    const [up, down] = [outputAt(i, step), outputAt(i, -step)];
    return up.map((at, o) => (at - down[o]) / (2 * step));
  });
  return Array.from(all.get(output)!.data, (_, o) => Float64Array.from(columns, (column) => column[o]));
}
