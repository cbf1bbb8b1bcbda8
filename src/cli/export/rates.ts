import { measureInTurns } from '../../benchmark/index.ts';
import { imageBytes } from '../../data/dataset.ts';
import { Classifier } from '../../models/index.ts';
import { nodeRuntime } from '../../platform/node/engine/runtime.ts';

/** Images that run together. */
const BATCH = 16;
const ROUNDS = 4;

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
    const [before, after] = (
      await measureInTurns(
        classifiers.map((classifier) => () => classifier.predict(pixels)),
        { clock: () => performance.now(), rounds: ROUNDS },
      )
    ).map((time) => (1000 * BATCH) / time);
    return { before, after, batch: BATCH, threads: runtime.threads };
  } finally {
    for (const classifier of classifiers) await classifier.dispose();
  }
}
