/** Convolutions in the processor's blocked layout: the same numbers as the plain ones. */
import { describe, expect, it } from 'vitest';
import { BLOCKED_DOMAIN, float32, modelOf, numbersOf } from '../../src/onnx/index.ts';
import { lower } from '../../src/passes/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { largest, largestDifference, normal } from '../gradients/check.ts';
import { gradientGraph, type Problem } from '../gradients/problem.ts';

const TOLERANCE = 1e-5;

const runtime = nodeRuntime({ threads: 1 });
const block = await runtime.convolutionBlock?.();

const cases = [
  { x: [2, 32, 7, 6], weight: [16, 32, 3, 3], attributes: { pads: [1, 1, 1, 1] } },
  { x: [1, 16, 9, 8], weight: [32, 16, 3, 3], attributes: { strides: [2, 2], pads: [0, 1, 1, 0] } },
  { x: [1, 16, 9, 9], weight: [16, 16, 3, 2], attributes: { dilations: [2, 3] } },
  { x: [1, 16, 8, 8], weight: [16, 16, 3, 3], attributes: { auto_pad: 'SAME_UPPER', strides: [2, 2] } },
  { x: [2, 16, 5, 5], weight: [16, 16, 5, 5], attributes: { pads: [2, 2, 2, 2] } },
  // A batch that makes blocks.
  { x: [16, 16, 7, 6], weight: [16, 16, 3, 3], attributes: { pads: [1, 1, 1, 1] } },
  { x: [32, 4, 6, 8], weight: [16, 4, 3, 2], attributes: { pads: [0, 1, 2, 0] } },
  { x: [16, 5, 5, 5], weight: [32, 5, 1, 1], attributes: {} },
  { x: [16, 20, 15, 15], weight: [32, 20, 3, 3], attributes: { pads: [1, 1, 1, 1] } },
  // A batch that images of zeros fill up.
  { x: [14, 16, 7, 6], weight: [16, 16, 3, 3], attributes: { pads: [1, 1, 1, 1] } },
  { x: [30, 20, 15, 15], weight: [32, 20, 3, 3], attributes: { pads: [1, 1, 1, 1] } },
  { x: [45, 16, 5, 5], weight: [16, 16, 3, 2], attributes: {} },
  // Every channel by itself.
  { x: [2, 32, 7, 6], weight: [32, 1, 3, 3], attributes: { group: 32, pads: [1, 1, 1, 1] } },
  { x: [1, 16, 9, 8], weight: [16, 1, 3, 2], attributes: { group: 16, strides: [2, 1], pads: [0, 1, 1, 0] } },
  { x: [1, 16, 9, 9], weight: [16, 1, 3, 3], attributes: { group: 16, dilations: [2, 3] } },
  { x: [2, 16, 8, 7], weight: [16, 1, 3, 3], attributes: { group: 16, strides: [2, 3], pads: [1, 1, 1, 1] } },
  {
    x: [2, 16, 8, 12],
    weight: [16, 1, 5, 5],
    attributes: { group: 16, strides: [2, 3], pads: [1, 2, 2, 1] },
  },
  { x: [1, 32, 7, 9], weight: [32, 1, 5, 3], attributes: { group: 32, strides: [2, 2], pads: [2, 1, 2, 1] } },
  { x: [3, 16, 9, 9], weight: [16, 1, 3, 2], attributes: { group: 16, strides: [3, 2], dilations: [2, 1] } },
  // Filled up to whole blocks.
  { x: [2, 24, 6, 7], weight: [32, 24, 3, 3], attributes: { pads: [1, 1, 1, 1] } },
  { x: [1, 32, 6, 7], weight: [28, 32, 2, 3], attributes: { strides: [2, 1] } },
  // Left as they are: one cell, groups, channels that make no blocks.
  { x: [1, 16, 4, 4], weight: [16, 16, 1, 1], attributes: {}, plain: true },
  { x: [1, 32, 5, 5], weight: [32, 16, 3, 3], attributes: { group: 2 }, plain: true },
  { x: [1, 16, 5, 5], weight: [32, 1, 3, 3], attributes: { group: 16 }, plain: true },
  { x: [1, 12, 5, 5], weight: [12, 1, 3, 3], attributes: { group: 12 }, plain: true },
  { x: [1, 3, 5, 5], weight: [16, 3, 3, 3], attributes: {}, plain: true },
  // Filled up to 16 they would be 1.8 times the work, in blocks of 8 and of 16 alike.
  { x: [1, 12, 5, 5], weight: [12, 12, 3, 3], attributes: {}, plain: true },
] as const;

describe.skipIf(block === undefined)(`blocked convolutions, ${block} channels a block`, () => {
  for (const { x, weight, attributes, ...rest } of cases) {
    it(`${x} with ${weight} ${JSON.stringify(attributes)}`, async () => {
      const values = [x, weight, [weight[0]]].map((dims, i) =>
        float32(
          dims,
          Float32Array.from(
            normal(
              dims.reduce<number>((n, size) => n * size, 1),
              `blocked${i}`,
            ),
          ),
        ),
      );
      const problem = {
        name: 'Conv',
        inputs: values.map(({ dims }) => ({ dims: [...dims], data: new Float64Array() })),
        wrt: [0, 1, 2],
        build: (graph, inputs) => graph.op('Conv', inputs, attributes),
      } as Pick<Problem, 'name' | 'inputs' | 'wrt' | 'build'> as Problem;
      const graph = gradientGraph(problem);
      const y = graph.outputs[0].shape.map(Number);
      const feeds = {
        ...Object.fromEntries(values.map((value, i) => [`x${i}`, value])),
        weights: float32(
          y,
          Float32Array.from(
            normal(
              y.reduce((n, size) => n * size, 1),
              'weights',
            ),
          ),
        ),
      };
      const run = async (convolutionBlock: number | undefined) => {
        const lowered = lower(graph, 'cpu', { convolutionBlock });
        const blocked = lowered.nodes.some(({ domain }) => domain === BLOCKED_DOMAIN);
        expect(blocked).toBe(convolutionBlock !== undefined && !('plain' in rest));
        const executable = await runtime.compile(modelOf(lowered));
        const outputs = await executable.step(feeds);
        await executable.dispose();
        return outputs;
      };
      const expected = await run(undefined);
      for (const [name, tensor] of Object.entries(await run(block))) {
        const numbers = numbersOf(expected[name]);
        expect(tensor.dims).toEqual(expected[name].dims);
        expect(largestDifference(numbersOf(tensor), numbers) / largest(numbers), name).toBeLessThan(
          TOLERANCE,
        );
      }
    });
  }
});
