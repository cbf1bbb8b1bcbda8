import { expect, it } from 'vitest';
import { float32, modelOf } from '../onnx/index.ts';
import { createGraph } from '../ops/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { exactMatchCount } from './index.ts';

it('counts the images that have exactly the labels whose score is 0 or more', async () => {
  const dims = [4, 2];
  const graph = createGraph('matches');
  const [scores, targets] = ['scores', 'targets'].map((name) => graph.input(name, 'float32', dims));
  graph.output(exactMatchCount(graph, scores, targets), 'matches');
  const executable = await nodeRuntime({ threads: 1 }).compile(modelOf(graph.build()));
  const { matches } = await executable.step({
    scores: float32(dims, [0, -1, 2, 1, -1, -1, 0, 0]),
    targets: float32(dims, [1, 0, 1, 0, 0, 0, 1, 1]),
  });
  await executable.dispose();
  expect(matches.data[0]).toBe(3);
});
