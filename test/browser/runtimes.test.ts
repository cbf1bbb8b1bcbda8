/** The contract of every runtime (test/conformance/contract.ts), by the browser's. */
import { afterAll, describe, expect, it } from 'vitest';
import { encodeModel, float32, modelOf, numbersOf } from '../../src/onnx/index.ts';
import { createGraph } from '../../src/ops/index.ts';
import { runtimeContract } from '../conformance/contract.ts';
import { closeTestBrowser, noChromium } from './browser.ts';
import { remoteRuntime } from './remote-runtime.ts';

const wanted = [
  { backend: 'wasm', threads: 1 },
  { backend: 'wasm', threads: 2 },
  { backend: 'webgpu' },
] as const;

if (noChromium) describe.skip(noChromium, () => {});
else {
  afterAll(closeTestBrowser);
  for (const options of wanted) {
    const runtime = await remoteRuntime(options);
    describe(`${runtime.name}, ${runtime.threads} threads ${runtime.gpu ?? ''}`, () => {
      runtimeContract(runtime);

      it('takes a file in which an input that is left out has an empty name', async () => {
        const graph = createGraph('empty');
        const x = graph.input('x', 'float32', [1, 1, 2, 2]);
        graph.output(graph.op('Conv', [x, graph.constant(float32([1, 1, 1, 1], [3]))]), 'y');
        const model = modelOf(graph.build());
        const nodes = model.graph.nodes.map((node) => ({ ...node, inputs: [...node.inputs, ''] }));
        const file = encodeModel({ ...model, graph: { ...model.graph, nodes } });
        const executable = await runtime.compile(file);
        const { y } = await executable.step({ x: float32([1, 1, 2, 2], [1, 2, 3, 4]) });
        expect(numbersOf(y)).toEqual([3, 6, 9, 12]);
        await executable.dispose();
      });

      it.runIf(options.backend === 'webgpu')('refuses what it would compute wrongly', async () => {
        const graph = createGraph('rows');
        const x = graph.input('x', 'float32', ['N', 2]);
        const ones = graph.constant(float32([2], [1, 1]));
        graph.output(graph.op('BatchNormalization', [x, ones, ones, ones, ones]), 'y');
        await expect(runtime.compile(encodeModel(modelOf(graph.build())))).rejects.toMatchObject({
          code: 'not-supported',
          message: expect.stringContaining("Use the backend 'wasm'."),
        });
      });
    });
  }
}
