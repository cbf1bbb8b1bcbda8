import { expect, it } from 'vitest';
import { float32, modelOf } from '../onnx/index.ts';
import { createGraph } from '../ops/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { correctCount } from './index.ts';

it('counts the images whose largest output stands at the largest target; of equal ones, the first counts', async () => {
  const dims = [5, 3];
  const graph = createGraph('accuracy');
  const inputs = ['output', 'targets'].map((name) => graph.input(name, 'float32', dims));
  graph.output(correctCount(graph, inputs[0], inputs[1]), 'correct');
  const executable = await nodeRuntime({ threads: 1 }).compile(modelOf(graph.build()));
  const rows = (values: number[][]) => float32(dims, values.flat());
  const output = rows([
    [0.1, 0.7, 0.2],
    [-3, -2, -1],
    [9, 0, 0],
    [0.5, 0.5, 0],
    [0.5, 0.5, 0],
  ]);
  const targets = rows([
    [0, 1, 0],
    [0, 0, 1],
    [0, 1, 0],
    [1, 0, 0],
    [0.1, 0.8, 0.1],
  ]);
  const { correct } = await executable.step({ output, targets });
  await executable.dispose();
  expect(correct.data[0]).toBe(3);
});
