/** A graph that went through a file and was rebuilt is the same graph. */
import { describe, expect, it } from 'vitest';
import {
  decodeModel,
  encodeModel,
  float,
  float32,
  type Graph,
  modelOf,
  printGraph,
  tensor,
} from '../../src/onnx/index.ts';
import { createGraph, importGraph } from '../../src/ops/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { normal } from '../gradients/check.ts';
import { feedsOf, loweredGradientGraph } from '../gradients/problem.ts';
import { problemOf, rows } from '../gradients/table.ts';
import { opOf } from '../oracle/cases.ts';

const runtime = nodeRuntime({ threads: 1 });

function rebuilt(graph: Graph): Graph {
  const { graph: read } = decodeModel(encodeModel(modelOf(graph)));
  const builder = createGraph(read.name);
  const values = importGraph(builder, read);
  for (const { name } of read.outputs) builder.output(values.get(name)!, name);
  return builder.build();
}

const firstOfEachOp = rows.filter((row, i) => rows.findIndex((other) => opOf(other) === opOf(row)) === i);

describe('importGraph', () => {
  it('rebuilds every graph of the gradient table, value for value', () => {
    for (const row of rows) {
      const graph = loweredGradientGraph(problemOf(row), 'cpu');
      const { graph: read } = decodeModel(encodeModel(modelOf(graph)));
      const again = rebuilt(graph);
      expect(printGraph(again)).toBe(printGraph(read));
      expect(again.initializers).toEqual(read.initializers);
    }
  });

  it.each(firstOfEachOp.map((row) => problemOf(row)))('keeps the outputs: $name', async (problem) => {
    const graph = loweredGradientGraph(problem, 'cpu');
    const { dims, data } = problem.reference(problem.inputs);
    const feeds = { ...feedsOf(problem), weights: float32(dims, Array.from(normal(data.length, 'import'))) };
    const [before, after] = [graph, rebuilt(graph)].map(async (given) => {
      const executable = await runtime.compile(modelOf(given));
      const outputs = await executable.step(feeds);
      await executable.dispose();
      return outputs;
    });
    expect(await after).toEqual(await before);
  });

  it('puts values in the place of inputs and of initializers', () => {
    const inner = createGraph('inner');
    const product = inner.op('Mul', [
      inner.input('x', 'float32', [2]),
      inner.initializer('w', float32([2], [1, 2])),
    ]);
    inner.output(product, 'y');
    const outer = createGraph('outer');
    const image = outer.input('image', 'float32', [2]);
    const weight = outer.input('weight', 'float32', [2]);
    const values = importGraph(outer, inner.build(), { x: outer.op('Neg', [image]) }, { w: weight });
    outer.output(values.get('y')!, 'y');
    expect(printGraph(outer.build())).toBe(
      [
        'graph outer(image: float32(2,), weight: float32(2,))',
        '  Neg = Neg(image)',
        '  y = Mul(Neg, weight)',
        '  return y: float32(2,)',
      ].join('\n'),
    );
  });

  it('reads the constants of Constant nodes', () => {
    const constants = {
      value: { tensor: tensor('int64', [2], [3, 4]) },
      value_float: float(0.5),
      value_floats: { floats: [1, 2] },
      value_int: 7,
      value_ints: [8, 9],
    };
    // Numbers beyond ±2⁵³, as ends of slices are written.
    const wide = { value_int: { wide: -(2n ** 63n) }, value_ints: { wides: [2n ** 63n - 1n] } };
    for (const [name, expected] of [
      ['value_int', -(2n ** 63n)],
      ['value_ints', 2n ** 63n - 1n],
    ] as const) {
      const node = {
        name,
        opType: 'Constant',
        domain: '',
        inputs: [],
        outputs: ['y'],
        attributes: { [name]: wide[name] },
      };
      const lone: Graph = { name: 'wide', inputs: [], outputs: [], initializers: new Map(), nodes: [node] };
      expect(importGraph(createGraph('outer'), lone).get('y')!.constant!.data[0]).toBe(expected);
    }
    const graph: Graph = {
      name: 'constants',
      inputs: [],
      outputs: [],
      initializers: new Map(),
      nodes: Object.entries(constants).map(([name, value]) => ({
        name,
        opType: 'Constant',
        domain: '',
        inputs: [],
        outputs: [name],
        attributes: { [name]: value },
      })),
    };
    const values = importGraph(createGraph('outer'), graph);
    const contents = Array.from(values, ([name, { constant }]) => [
      name,
      constant?.type,
      constant?.dims,
      constant?.data,
    ]);
    expect(contents).toEqual([
      ['value', 'int64', [2], BigInt64Array.of(3n, 4n)],
      ['value_float', 'float32', [], Float32Array.of(0.5)],
      ['value_floats', 'float32', [2], Float32Array.of(1, 2)],
      ['value_int', 'int64', [], BigInt64Array.of(7n)],
      ['value_ints', 'int64', [2], BigInt64Array.of(8n, 9n)],
    ]);
  });

  it('copes with names of which one could be made from another', () => {
    const graph = createGraph('names');
    const x = graph.input('y:1', 'float32', [1, 1, 2, 2]);
    const [y] = graph.ops('MaxPool', [x], { kernel_shape: [2, 2] }, { name: 'y', outputs: 2 });
    graph.output(y);
    expect(printGraph(rebuilt(graph.build()))).toContain('y, y:1_2 = MaxPool(y:1)');
  });

  it('refuses a value that nothing makes', () => {
    const graph = createGraph('dangling');
    graph.output(graph.op('Relu', [graph.input('x', 'float32', [1])]), 'y');
    const whole = graph.build();
    const broken = { ...whole, nodes: whole.nodes.map((node) => ({ ...node, inputs: ['nowhere'] })) };
    expect(() => importGraph(createGraph('outer'), broken)).toThrow(
      expect.objectContaining({ code: 'bad-graph', message: expect.stringContaining('"nowhere"') }),
    );
  });

  it('refuses an op that is not in the table', () => {
    const graph = createGraph('foreign');
    graph.output(graph.op('Relu', [graph.input('x', 'float32', [1])]), 'y');
    const whole = graph.build();
    const foreign = { ...whole, nodes: whole.nodes.map((node) => ({ ...node, opType: 'Abracadabra' })) };
    expect(() => importGraph(createGraph('outer'), foreign)).toThrow(
      expect.objectContaining({ code: 'not-supported', message: expect.stringContaining('Abracadabra') }),
    );
  });
});
