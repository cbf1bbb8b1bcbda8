import type { TestTimeAugmentation } from '../../data/views.ts';
import { HarrierError } from '../../errors.ts';
import { exportModel, exportOptionsOf, Network, weightsOf } from '../../models/index.ts';
import { decodeModel, type Model } from '../../onnx/index.ts';
import { readModelFile } from '../../platform/node/files/model-file.ts';
import type { ModelSource } from '../../platform/node/runs/find-run.ts';

/**
 * The model to evaluate, as it stands or with other views inside.
 *
 * @throws HarrierError `not-supported` for other views of a model that no run folder tells how to build
 */
export async function modelToEvaluate(
  { modelFile, run }: ModelSource,
  views: TestTimeAugmentation | undefined,
): Promise<Uint8Array | Model> {
  const bytes = await readModelFile(modelFile);
  if (views === undefined) return bytes;
  const model = decodeModel(bytes, modelFile);
  const { testTimeAugmentation: own, temperature } = exportOptionsOf(model);
  if (own === views) return bytes;
  const record = await run?.record();
  if (!record) {
    throw new HarrierError('not-supported', 'the test-time augmentation of a model file cannot be changed', {
      where: modelFile,
      expected: `--tta ${own}`,
      received: `--tta ${views}`,
      next: 'Leave --tta out, or give the run folder of the model.',
    });
  }
  const network = Network.from(record.network);
  const weights = weightsOf(network, model, modelFile);
  return exportModel(network, weights, model.metadata, { testTimeAugmentation: views, temperature });
}
