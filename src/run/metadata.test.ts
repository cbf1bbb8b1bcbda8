import { expect, it } from 'vitest';
import { encodeModel, type Model, modelOf } from '../onnx/index.ts';
import { createGraph } from '../ops/index.ts';
import { metadataOf } from './metadata.ts';

function modelWith(metadata: Model['metadata']): Model {
  const graph = createGraph('small');
  graph.output(graph.op('Neg', [graph.input('x', 'float32', [1])]), 'y');
  return modelOf(graph.build(), metadata);
}

it('reads what encodeModel wrote', () => {
  const metadata = { a: 'Ünïcode 🦅 … ', empty: '', long: 'x'.repeat(300_000), '': 'no key' };
  expect(metadataOf(encodeModel(modelWith(metadata)), 'it')).toEqual(metadata);
  expect(metadataOf(encodeModel(modelWith({})), 'it')).toEqual({});
});

it('throws nothing but its own errors, wherever a file is cut off', () => {
  const bytes = encodeModel(modelWith({ key: 'value' }));
  let refused = 0;
  for (let end = 0; end < bytes.length; end++) {
    try {
      metadataOf(bytes.subarray(0, end), 'it');
    } catch (error) {
      refused++;
      expect(String(error)).toMatch(
        /^HarrierError: it: (this is not an ONNX model|the model file is cut off)/,
      );
    }
  }
  expect(refused).toBeGreaterThan(bytes.length / 2);
});
