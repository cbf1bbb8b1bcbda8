import { expect, it } from 'vitest';
import { Dense, GlobalAveragePooling2D } from '../../layers/index.ts';
import { exportModel, initialWeights, Network } from '../../models/index.ts';
import { encodeModel } from '../../onnx/index.ts';
import { nativeSha256 } from '../../platform/node/files/sha256.ts';
import { newRun, type TrainOptions } from '../../platform/node/runs/new-run.ts';
import { fineTuningMethod, recipeNamed } from '../../recipes/index.ts';
import { startingModelOf } from '../../runs/starting-model.ts';
import { formFields } from './form.ts';
import { fieldValue } from './plan.ts';

const network = new Network({
  inputShape: [16, 16, 3],
  layers: [new GlobalAveragePooling2D(), new Dense({ units: 2 })],
});
const bytes = encodeModel(exportModel(network, initialWeights(network.parameters, 1)));
const model = startingModelOf(bytes, { name: 'm' }, 'm.onnx', nativeSha256);

it.each([
  ['head', false],
  ['head', true],
  ['all', false],
  ['all', true],
  ['recipe', false],
  ['recipe', true],
] as const)('a field of a few words has one of them: %s, several labels: %s', async (kind, multiLabel) => {
  const given: TrainOptions = {
    ...(kind === 'recipe' ? { recipe: 'quick' } : { from: 'm', trainable: kind }),
    ...(multiLabel && { multiLabel }),
  };
  const { options } = await newRun(given, undefined, kind === 'recipe' ? undefined : model);
  const method = kind === 'recipe' ? recipeNamed('quick') : fineTuningMethod(model.network, kind);
  const fields = formFields({ kind, method, multiLabel }).filter(({ type }) => type === 'choice');
  expect(fields.map(({ name }) => name)).toContain(multiLabel && kind !== 'head' ? 'loss' : 'resize');
  const known = { shape: { height: 16, width: 16 }, images: 20 };
  for (const field of fields) {
    expect({ [field.name]: field.choices }).toEqual({
      [field.name]: expect.arrayContaining([fieldValue(field, options, known)]),
    });
  }
});
