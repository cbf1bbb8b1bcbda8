import { describe, expect, it } from 'vitest';
import { largest, largestDifference, normal } from '../../test/gradients/check.ts';
import { differentiate } from '../autodiff/index.ts';
import { elementCount, float, float32, type Graph, modelOf, numbersOf, type Value } from '../onnx/index.ts';
import { add, createGraph, importGraph, mul, reduceSum } from '../ops/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { foldFixedNormalization } from './fold-fixed-normalization.ts';
import { lower } from './index.ts';

const runtime = nodeRuntime({ threads: 1 });
const [CHANNELS, OUTPUTS] = [4, 6];
const TOLERANCE = 1e-5;

interface Case {
  readonly kernel: readonly number[];
  readonly group?: number;
  readonly bias?: boolean;
  readonly training?: boolean;
  /** Whether the convolution's own output is read besides. */
  readonly readTwice?: boolean;
  readonly left: number;
}

const cases: Readonly<Record<string, Case>> = {
  'a convolution without biases': { kernel: [OUTPUTS, CHANNELS, 3, 3], left: 0 },
  'a convolution with biases': { kernel: [OUTPUTS, CHANNELS, 1, 1], bias: true, left: 0 },
  'a depthwise convolution': { kernel: [CHANNELS, 1, 3, 3], group: CHANNELS, bias: true, left: 0 },
  'no convolution that something else reads': { kernel: [OUTPUTS, CHANNELS, 3, 3], readTwice: true, left: 1 },
  'no statistics of the batch': { kernel: [OUTPUTS, CHANNELS, 3, 3], training: true, left: 1 },
};

/** A normalized convolution with every weight as an input; `y` is its output. */
function forwardOf({ kernel, group = 1, bias, training, readTwice }: Case): Graph {
  const graph = createGraph('normalized');
  const [outputs] = kernel;
  const input = (name: string, dims: readonly number[]) => graph.input(name, 'float32', dims);
  const x = input('x', [2, CHANNELS, 5, 5]);
  const attributes = { group, pads: kernel[2] === 3 ? [1, 1, 1, 1] : [0, 0, 0, 0] };
  const inputs = [x, input('weight', kernel), ...(bias ? [input('bias', [outputs])] : [])];
  const convolved = graph.op('Conv', inputs, attributes);
  const [gamma, beta, mean, variance] = ['gamma', 'beta', 'mean', 'variance'].map((name) =>
    input(name, [outputs]),
  );
  const [normalized] = graph.ops(
    'BatchNormalization',
    [convolved, gamma, beta, mean, variance],
    { epsilon: float(1e-3), ...(training && { training_mode: 1 }) },
    { outputs: training ? 3 : 1 },
  );
  graph.output(readTwice ? add(graph, normalized, convolved) : normalized, 'y');
  return graph.build();
}

/** The output and the gradients of all weights. */
async function numbersOfStep(forward: Graph): Promise<Map<string, Float64Array>> {
  const graph = createGraph('step');
  const values = importGraph(graph, forward);
  const y = values.get('y')!;
  const factors = graph.input('factors', 'float32', y.shape);
  const wanted = ['x', 'weight', 'bias', 'gamma', 'beta'].filter((name) => values.has(name));
  const loss = reduceSum(graph, mul(graph, y, factors), [0, 1, 2, 3], false);
  const gradients = differentiate(
    graph,
    loss,
    wanted.map((name): Value => values.get(name)!),
  );
  graph.output(y, 'y');
  gradients.forEach((gradient, i) => {
    graph.output(gradient, `gradient of ${wanted[i]}`);
  });
  const step = graph.build();
  const feeds = step.inputs.map(({ name, shape }) => {
    const drawn = normal(elementCount(shape.map(Number)), `fold/${name}`);
    const numbers = name === 'variance' ? drawn.map((value) => value ** 2 + 0.1) : drawn;
    return [name, float32(shape.map(Number), Float32Array.from(numbers))] as const;
  });
  const executable = await runtime.compile(modelOf(lower(step, 'cpu')));
  const outputs = await executable.step(Object.fromEntries(feeds));
  await executable.dispose();
  return new Map(
    Object.entries(outputs).map(([name, tensor]) => [name, Float64Array.from(numbersOf(tensor))]),
  );
}

describe('fixed normalization is folded into', () => {
  it.each(Object.entries(cases))('%s', async (_, given) => {
    const forward = forwardOf(given);
    const folded = foldFixedNormalization(forward);
    const left = folded.nodes.filter(({ opType }) => opType === 'BatchNormalization');
    expect(left).toHaveLength(given.left);
    if (given.training) return;
    const expected = await numbersOfStep(forward);
    for (const [name, numbers] of await numbersOfStep(folded)) {
      const wanted = expected.get(name)!;
      expect(largestDifference(numbers, wanted) / largest(wanted), name).toBeLessThan(TOLERANCE);
    }
  });
});
