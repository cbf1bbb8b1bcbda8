import type { Dataset } from '../data/dataset.ts';
import type { OnProgress } from '../data/progress.ts';
import { type Predictions, predictionsFor } from '../evaluation/index.ts';
import { Classifier } from '../models/index.ts';
import type { Model } from '../onnx/index.ts';
import type { Runtime } from '../runtime/index.ts';

/** What a model says of all images of a data set. */
export async function predictionsOf(
  runtime: Runtime,
  model: Model | Uint8Array,
  dataset: Dataset,
  what: string,
  onProgress?: OnProgress,
): Promise<Predictions> {
  const classifier = await Classifier.load(runtime, model);
  try {
    const answer = await classifier.answerImages(dataset, {
      onProgress: (done, total) =>
        onProgress?.({ what: `${what} on ${dataset.name}`, done, total, unit: 'images' }),
    });
    return predictionsFor(answer, dataset, classifier.thresholds);
  } finally {
    await classifier.dispose();
  }
}
