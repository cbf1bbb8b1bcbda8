import { describe, expect, it } from 'vitest';
import { GraphBuilder, modelOf } from './builder.ts';
import { printGraph } from './printer.ts';
import { float32, tensor } from './types.ts';

/** A builder whose every op gives values of its first input's type, or one number. */
function builder(): GraphBuilder {
  return new GraphBuilder('g', (node, count) =>
    Array.from({ length: count }, () => {
      const { type, shape } = node.inputs[0] ?? { type: 'float32' as const, shape: [] };
      return { type, shape };
    }),
  );
}

const nodeLines = (graph: GraphBuilder): string[] =>
  printGraph(graph.build())
    .split('\n')
    .filter((line) => line.includes(' = '))
    .map((line) => line.trim());

describe('names', () => {
  it('are made unique by numbers', () => {
    const g = builder();
    const x = g.input('x', 'float32', [2]);
    expect(
      [g.op('Neg', [x]), g.op('Neg', [x]), g.op('Neg', [x], {}, { name: 'x' })].map(({ name }) => name),
    ).toEqual(['Neg', 'Neg_2', 'x_2']);
  });

  it('are put under scopes, and out of them again even after an error', () => {
    const g = builder();
    const x = g.input('x', 'float32', [2]);
    const inner = g.in('block', () => g.in('conv', () => g.op('Neg', [x])));
    expect(inner.name).toBe('block/conv/Neg');
    expect(() =>
      g.in('block', () => {
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect(g.op('Neg', [x]).name).toBe('Neg');
    expect(g.in('block', () => g.initializer('w', float32([1], [1]))).name).toBe('block/w');
  });

  it('of second outputs are numbered too', () => {
    const g = builder();
    const x = g.input('x', 'float32', [2]);
    g.op('Neg', [x], {}, { name: 'pool:1' });
    const names = g.ops('Pool', [x], {}, { name: 'pool', outputs: 3 }).map(({ name }) => name);
    expect(names).toEqual(['pool', 'pool:1_2', 'pool:2']);
  });

  it('of inputs are taken as they are, so a second one is an error', () => {
    const g = builder();
    g.input('x', 'float32', []);
    expect(() => g.input('x', 'float32', [])).toThrow(expect.objectContaining({ code: 'bad-graph' }));
  });
});

describe('constants', () => {
  it('that are small and equal are one', () => {
    const g = builder();
    const a = g.constant(float32([2], [1, 2]));
    expect(g.in('scope', () => g.constant(float32([2], [1, 2])))).toBe(a);
    expect(a.name).toBe('constant');
    for (const other of [
      float32([2, 1], [1, 2]),
      float32([2], [1, 3]),
      tensor('int32', [2], [1, 2]),
      float32([], [0]),
      float32([], [-0]),
    ]) {
      expect(g.constant(other)).not.toBe(a);
    }
    expect(g.constant(float32([], [0]))).not.toBe(g.constant(float32([], [-0])));
  });

  it('that are large are not compared', () => {
    const g = builder();
    const large = float32([100], new Float32Array(100));
    expect(g.constant(large)).not.toBe(g.constant(large));
  });

  it('know their contents', () => {
    expect(builder().constant(float32([], [7])).constant?.data[0]).toBe(7);
  });
});

describe('build', () => {
  it('leaves out what no output needs', () => {
    const g = builder();
    const x = g.input('x', 'float32', [2]);
    g.input('unused', 'float32', [2]);
    g.initializer('forgotten', float32([1], [1]));
    const w = g.initializer('w', float32([2], [1, 2]));
    g.op('Dead', [g.op('DeadToo', [x])]);
    g.output(g.op('Mul', [x, w]), 'y');
    g.op('After', [x]);
    const graph = g.build();
    expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Mul']);
    expect([...graph.initializers.keys()]).toEqual(['w']);
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x', 'unused']);
  });

  it('keeps the places of inputs that are left out', () => {
    const g = builder();
    const x = g.input('x', 'float32', [2]);
    g.output(g.op('Clip', [x, undefined, x]), 'y');
    expect(g.build().nodes[0].inputs).toEqual(['x', '', 'x']);
  });

  it('calls an output by the name that it is asked for under', () => {
    const g = builder();
    const x = g.input('x', 'float32', [2]);
    const a = g.op('Neg', [x]);
    g.output(g.op('Abs', [a]), 'loss');
    g.output(a, 'score');
    expect(nodeLines(g)).toEqual(['score = Neg(x)', 'loss = Abs(score)']);
  });

  it('gives one value two names', () => {
    const g = builder();
    const a = g.op('Neg', [g.input('x', 'float32', [2])]);
    g.output(a, 'first');
    g.output(a, 'second');
    g.output(a);
    expect(nodeLines(g)).toEqual(['Neg = Neg(x)', 'first = Identity(Neg)', 'second = Identity(Neg)']);
    const h = builder();
    const b = h.op('Neg', [h.input('x', 'float32', [2])]);
    h.output(b, 'first');
    h.output(b, 'second');
    expect(nodeLines(h)).toEqual(['first = Neg(x)', 'second = Identity(first)']);
  });

  it('passes an input or a constant on', () => {
    const g = builder();
    const x = g.input('x', 'float32', [2]);
    g.output(x);
    g.output(x, 'copy');
    g.output(g.initializer('w', float32([1], [1])), 'weight');
    expect(nodeLines(g)).toEqual(['copy = Identity(x)', 'weight = Identity(w)']);
    expect(g.build().outputs.map(({ name }) => name)).toEqual(['x', 'copy', 'weight']);
  });

  it('lets two values change names', () => {
    const g = builder();
    const x = g.input('x', 'float32', [2]);
    const a = g.op('Neg', [x], {}, { name: 'a' });
    const b = g.op('Abs', [a], {}, { name: 'b' });
    g.output(a, 'b');
    g.output(b, 'a');
    expect(nodeLines(g)).toEqual(['b = Neg(x)', 'a = Abs(b)']);
  });

  it('renames what has the name of an output without being it', () => {
    const g = builder();
    const x = g.input('x', 'float32', [2]);
    const inner = g.op('Neg', [x], {}, { name: 'y' });
    const w = g.initializer('z', float32([1], [1]));
    g.output(g.op('Mul', [inner, w]), 'y');
    g.output(g.op('Abs', [x]), 'z');
    expect(nodeLines(g)).toEqual(['y_2 = Neg(x)', 'y = Mul(y_2, z_2)', 'z = Abs(x)']);
    expect([...g.build().initializers.keys()]).toEqual(['z_2']);
  });

  it('gives the same graph every time', () => {
    const g = builder();
    const x = g.input('x', 'float32', [2]);
    g.output(g.op('Abs', [g.op('Neg', [x], {}, { name: 'y' })]), 'y');
    expect(g.build()).toEqual(g.build());
  });

  it('refuses two outputs of one name, and an output with the name of an input', () => {
    const g = builder();
    const x = g.input('x', 'float32', [2]);
    const a = g.op('Neg', [x]);
    g.output(a, 'y');
    expect(() => g.output(x, 'y')).toThrow(expect.objectContaining({ code: 'bad-graph' }));
    g.output(a, 'x');
    expect(() => g.build()).toThrow(expect.objectContaining({ code: 'bad-graph' }));
  });

  it('states the operator sets that are used', () => {
    const g = builder();
    g.output(g.op('FusedMatMul', [g.input('x', 'float32', [2])], {}, { domain: 'com.microsoft' }), 'y');
    expect(modelOf(g.build(), { by: 'me' })).toMatchObject({
      opsets: { '': 21, 'com.microsoft': 1 },
      metadata: { by: 'me' },
    });
  });
});
