import { imageBytes } from '../../data/dataset.ts';
import { Classifier } from '../../models/index.ts';
import { nodeRuntime } from '../../platform/node/engine/runtime.ts';

/** Images that run together. */
const BATCH = 16;
const ROUNDS = 7;

/** Images a second, of pixels that are in memory. */
export interface ImageRates {
  readonly before: number;
  readonly after: number;
  readonly batch: number;
  readonly threads: number;
}

/** How fast two forms of a model are on this machine: in turns, so that what else it does falls on both; medians. */
export async function imageRates(
  models: readonly [Uint8Array, Uint8Array],
  options: { readonly threads?: number },
): Promise<ImageRates> {
  const runtime = nodeRuntime(options);
  const classifiers: Classifier[] = [];
  try {
    for (const model of models) classifiers.push(await Classifier.load(runtime, model));
    const pixels = Uint8Array.from(
      { length: BATCH * imageBytes(classifiers[0].imageShape) },
      (_, i) => (i * 7919) % 256,
    );
    const times: number[][] = models.map(() => []);
    for (let round = -1; round < ROUNDS; round++) {
      for (const [i, classifier] of classifiers.entries()) {
        const start = performance.now();
        await classifier.predict(pixels);
        if (round >= 0) times[i].push(performance.now() - start);
      }
    }
    const [before, after] = times.map((all) => (1000 * BATCH) / all.sort((a, b) => a - b)[ROUNDS >> 1]);
    return { before, after, batch: BATCH, threads: runtime.threads };
  } finally {
    for (const classifier of classifiers) await classifier.dispose();
  }
}
