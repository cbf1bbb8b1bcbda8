/** Muon's steps against float64 loops written from its description. */
import { describe, expect, it } from 'vitest';
import { random } from '../data/random.ts';
import { float32, modelOf } from '../onnx/index.ts';
import { createGraph } from '../ops/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { Muon, type MuonOptions, optimizerFrom, parameterGroups } from './index.ts';

type Matrix = number[][];
const multiply = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0].map((_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)));
const transposed = (a: Matrix): Matrix => a[0].map((_, j) => a.map((row) => row[j]));
const zip = (a: Matrix, b: Matrix, f: (x: number, y: number) => number): Matrix =>
  a.map((row, i) => row.map((value, j) => f(value, b[i][j])));
const norm = (a: Matrix): number => Math.hypot(...a.flat());

function orthogonalized(matrix: Matrix, steps: number): Matrix {
  if (matrix.length > matrix[0].length) return transposed(orthogonalized(transposed(matrix), steps));
  const size = norm(matrix);
  let x = matrix.map((row) => row.map((value) => value / size));
  for (let i = 0; i < steps; i++) {
    const gram = multiply(x, transposed(x));
    const mixed = zip(gram, multiply(gram, gram), (one, two) => -4.775 * one + 2.0315 * two);
    x = zip(x, multiply(mixed, x), (one, two) => 3.4445 * one + two);
  }
  return x;
}

const runtime = nodeRuntime({ threads: 1 });

async function trajectory(optimizer: Muon, dims: number[], first: Float32Array, gradients: Float32Array[]) {
  const graph = createGraph('muon');
  const values = Object.fromEntries(
    ['parameter', 'gradient', ...optimizer.slots].map((name) => [name, graph.input(name, 'float32', dims)]),
  );
  for (const name of optimizer.scalarNames) values[name] = graph.input(name, 'float32', []);
  for (const [name, next] of Object.entries(optimizer.emit(graph, values))) {
    graph.output(next, `next/${name}`);
  }
  const executable = await runtime.compile(modelOf(graph.build()));
  let parameter = first;
  let velocity: Float32Array = new Float32Array(first.length);
  const steps: Float32Array[] = [];
  for (const [i, gradient] of gradients.entries()) {
    const scalars = Object.entries(optimizer.scalars(i + 1, 0.1)).map(([name, value]) => [
      name,
      float32([], [value]),
    ]);
    const out = await executable.step({
      parameter: float32(dims, parameter),
      gradient: float32(dims, gradient),
      ...(optimizer.slots.length > 0 && { velocity: float32(dims, velocity) }),
      ...Object.fromEntries(scalars),
    });
    parameter = out['next/parameter'].data as Float32Array;
    velocity = (out['next/velocity']?.data as Float32Array) ?? velocity;
    steps.push(parameter);
  }
  await executable.dispose();
  return steps;
}

const stream = random(3, 'test/muon');
const draw = (count: number) => Float32Array.from({ length: count }, () => stream.normal());

describe('Muon', () => {
  it.each<[string, MuonOptions, number[]]>([
    ['a wide kernel', {}, [4, 3, 3, 3]],
    ['a tall kernel', { steps: 3 }, [40, 2, 2, 2]],
    ['a Dense kernel', { momentum: 0.6, nesterov: false }, [7, 5]],
    ['without momentum', { momentum: 0 }, [5, 6]],
    ['with weight decay', { weightDecay: 0.5 }, [6, 2, 3, 3]],
    ['a convolution of a set norm', { normalizeKernels: true }, [6, 2, 3, 3]],
    ['a Dense kernel of a set norm', { normalizeKernels: true }, [6, 3]],
  ])('takes five steps on %s as the float64 loops do', async (_, options, dims) => {
    const {
      momentum = 0.95,
      nesterov = true,
      steps = 5,
      weightDecay = 0,
      normalizeKernels = false,
    } = options;
    const columns = dims.slice(1).reduce((product, size) => product * size, 1);
    const matrix = (values: Float32Array): Matrix =>
      Array.from({ length: dims[0] }, (__, i) => [...values.subarray(i * columns, (i + 1) * columns)]);
    const first = draw(dims[0] * columns);
    const gradients = [1, 2, 3, 4, 5].map(() => draw(dims[0] * columns));
    let parameter = matrix(first);
    let velocity = parameter.map((row) => row.map(() => 0));
    const expected = gradients.map((gradient) => {
      const g = matrix(gradient);
      velocity = zip(velocity, g, (v, d) => momentum * v + d);
      const towards = nesterov ? zip(g, velocity, (d, v) => d + momentum * v) : velocity;
      parameter = parameter.map((row) => row.map((value) => value * (1 - weightDecay * 0.1)));
      if (normalizeKernels) {
        const target = Math.sqrt(dims.length === 2 ? dims[1] : dims[0]) / norm(parameter);
        parameter = parameter.map((row) => row.map((value) => value * target));
      }
      parameter = zip(parameter, orthogonalized(towards, steps), (p, step) => p - 0.1 * step);
      return parameter.flat();
    });
    const actual = await trajectory(new Muon(options), dims, first, gradients);
    for (const [i, values] of actual.entries()) {
      for (const [j, value] of values.entries()) expect(value).toBeCloseTo(expected[i][j], 4);
    }
  });

  it('steps by a matrix whose singular values are near 1', async () => {
    const gradient = draw(8 * 20);
    const [after] = await trajectory(new Muon({ momentum: 0 }), [8, 20], new Float32Array(160), [gradient]);
    const step = Array.from({ length: 8 }, (_, i) =>
      [...after.subarray(i * 20, i * 20 + 20)].map((v) => -v / 0.1),
    );
    const gram = multiply(step, transposed(step));
    gram.forEach((row, i) => {
      expect(row[i]).toBeGreaterThan(0.4);
      expect(row[i]).toBeLessThan(1.5);
    });
  });

  it('leaves what is no matrix to AdamW', () => {
    const parameters = [
      { name: 'conv2d/kernel', graphShape: [4, 3, 3, 3] },
      { name: 'conv2d/bias', graphShape: [4] },
      { name: 'dense/kernel', graphShape: [4, 2] },
    ];
    const groups = parameterGroups(new Muon({ vectorLearningRate: 0.25 }), parameters);
    expect(
      groups.map(({ optimizer, parameters: own }) => [optimizer.name, own.map(({ name }) => name)]),
    ).toEqual([
      ['Muon', ['conv2d/kernel', 'dense/kernel']],
      ['AdamW', ['conv2d/bias']],
    ]);
    expect(groups[1].optimizer.learningRate.at(0)).toBe(0.25);
  });

  it('leaves vectors to AdamW where it is the optimizer of a group, or they are laid along an axis of images', () => {
    const config = {
      name: 'SGD',
      groups: [{ parameters: 'conv2d/*', optimizer: { name: 'Muon', vectorLearningRate: 0.25 } }],
    };
    const optimizer = optimizerFrom(config);
    const parameters = [
      { name: 'conv2d/kernel', graphShape: [4, 3, 3, 3] },
      { name: 'conv2d/bias', graphShape: [4] },
      { name: 'conv2d/gamma', graphShape: [4, 1, 1] },
      { name: 'dense/kernel', graphShape: [4, 1] },
    ];
    const divided = (of: typeof optimizer) =>
      parameterGroups(of, parameters).map((group) => [
        group.optimizer.name,
        group.parameters.map(({ name }) => name),
      ]);
    expect(divided(optimizer)).toEqual([
      ['SGD', ['dense/kernel']],
      ['AdamW', ['conv2d/bias', 'conv2d/gamma']],
      ['Muon', ['conv2d/kernel']],
    ]);
    expect(divided(optimizerFrom(optimizer.config))).toEqual(divided(optimizer));
    const inside = { ...config.groups[0].optimizer, groups: [{ parameters: '*', optimizer: 'SGD' }] };
    expect(() => optimizerFrom({ name: 'SGD', groups: [{ parameters: '*', optimizer: inside }] })).toThrow(
      'one without groups of its own',
    );
  });

  it('comes back from its configuration, groups and all', () => {
    const optimizer = optimizerFrom({
      name: 'muon',
      learningRate: { name: 'polynomialDecay', initialLearningRate: 0.24, endLearningRate: 0 },
      groups: [{ parameters: '*/bias', optimizer: { name: 'SGD', momentum: 0.5 } }],
    });
    const { config } = optimizer;
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
    expect(optimizerFrom(config).config).toEqual(config);
    expect(optimizer.groups.map((group) => group.optimizer.name)).toEqual(['SGD', 'AdamW']);
  });

  it.each([
    [{ steps: 0 }, 'Muon: steps'],
    [{ momentum: 1 }, 'momentum'],
    [{ nesterov: 'yes' as never }, 'nesterov'],
    [{ learningrate: 1 } as never, 'unknown option of Muon "learningrate"'],
  ])('refuses %j', (options, message) => {
    expect(() => new Muon(options)).toThrow(message);
  });

  it.each([
    [{ groups: {} }, 'a list of { parameters, optimizer }'],
    [{ groups: [{ parameters: 3, optimizer: 'SGD' }] }, 'names such as "dense/*"'],
    [{ groups: [{ parameters: '*', optimizer: 'SGDD' }] }, 'unknown optimizer "SGDD"'],
    [
      { groups: [{ parameters: '*', optimiser: 'SGD' }] },
      'unknown option of group of parameters "optimiser"',
    ],
  ])('refuses groups %j', (options, message) => {
    expect(() => optimizerFrom({ name: 'SGD', ...options })).toThrow(message);
  });
});
