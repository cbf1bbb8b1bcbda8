import { readFile, stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { subset } from '../../src/data/subset.ts';
import { evaluatePredictions } from '../../src/evaluation/index.ts';
import { decodeModel } from '../../src/onnx/index.ts';
import { cifar10 } from '../../src/platform/node/datasets/cifar10.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { shippedModel } from '../../src/platform/node/runs/shipped-model.ts';
import { predictionsOf } from '../../src/runs/predictions-of.ts';

// The model that the package carries keeps its word.

const file = await shippedModel();
/** Test images that it is tried on; `scripts/ship-model.ts` evaluates it on all of them. */
const COUNT = 250;

test('is small, and as accurate on the real test images as it and its card say', {
  timeout: 600_000,
}, async (context) => {
  if (!file) {
    context.skip('models/ holds no model yet');
    return;
  }
  expect((await stat(file)).size).toBeLessThanOrEqual(5e6);
  const bytes = await readFile(file);
  const { test: all } = await cifar10();
  const images = subset(
    all,
    Array.from({ length: COUNT }, (_, i) => i * (all.size / COUNT)),
  );
  const { accuracy } = evaluatePredictions(
    await predictionsOf(nodeRuntime({ threads: 1 }), bytes, images, 'evaluating'),
  );
  const stated = Number(decodeModel(bytes, file).metadata['harrier.testAccuracy']);
  // Three standard errors of a sample without replacement.
  const error = Math.sqrt(((stated * (1 - stated)) / COUNT) * (1 - COUNT / all.size));
  expect(Math.abs(accuracy - stated)).toBeLessThanOrEqual(3 * error);
  const card = await readFile(file.replace(/\.onnx$/, '.md'), 'utf8');
  expect(card).toContain(`**${(stated * 100).toFixed(2)}%** correct`);
  expect(card).toContain(`is ${(stated * 100).toFixed(2)}% as stored here`);
});
