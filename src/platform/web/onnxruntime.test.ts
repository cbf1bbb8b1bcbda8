import { expect, it } from 'vitest';
import { fromBase64 } from '../../base64.ts';
import { encodeModel, modelOf } from '../../onnx/index.ts';
import { createGraph } from '../../ops/index.ts';
import { SMALLEST_MODEL } from './onnxruntime.ts';

it('the smallest model is one that Harrier would write', () => {
  const graph = createGraph('start');
  graph.output(graph.op('Neg', [graph.input('x', 'float32', [1])]), 'y');
  expect(fromBase64(SMALLEST_MODEL)).toEqual(encodeModel(modelOf(graph.build())));
});
