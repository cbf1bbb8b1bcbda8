import * as ort from 'onnxruntime-node';
import { expect, it, vi } from 'vitest';
import { modelOf } from '../../../onnx/index.ts';
import { createGraph } from '../../../ops/index.ts';
import { withSession } from './ort-session.ts';

const graph = createGraph('negated');
graph.output(graph.op('Neg', [graph.input('x', 'float32', [1])]), 'y');
const model = modelOf(graph.build());

/** Uses a session with these inputs; tells how often it was released. */
async function use(feeds: Record<string, ort.Tensor>) {
  let release: ReturnType<typeof vi.spyOn> | undefined;
  const result = withSession(model, {}, (session) => {
    release = vi.spyOn(session, 'release');
    return session.run(feeds);
  });
  const numbers = await result.then(
    ({ y }) => Array.from(y.data as Float32Array),
    (error: Error) => error.message,
  );
  return { numbers, released: release?.mock.calls.length };
}

it('a session that is used once gives its memory back', async () => {
  const x = new ort.Tensor('float32', Float32Array.of(3), [1]);
  expect(await use({ x })).toEqual({ numbers: [-3], released: 1 });
});

it('also when its use fails', async () => {
  const { numbers, released } = await use({});
  expect(numbers).toMatch(/'x' is missing/);
  expect(released).toBe(1);
});
