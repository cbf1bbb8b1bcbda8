import { measure } from '../../../benchmark/index.ts';
import { imageBytes } from '../../../data/dataset.ts';
import { Classifier } from '../../../models/index.ts';
import type { Runtime } from '../../../runtime/index.ts';

/** Images that run together where the rate counts. */
const BATCH = 16;
const ROUNDS = 9;
/** Times that a model is loaded anew. */
const STARTS = 5;

/** A form of a model, as `export` writes it. */
export interface Form {
  /** Its format: `onnx-int8`. */
  readonly format: string;
  readonly bytes: Uint8Array;
}

/** What a form costs. */
export interface FormResult {
  readonly format: string;
  readonly bytes: number;
  /** Milliseconds from the bytes of the file to the first answer. */
  readonly coldStart: number;
  /** Milliseconds for one image. */
  readonly oneImage: number;
  /** Images a second, 16 at a time. */
  readonly imagesPerSecond: number;
}

/** Measures forms in turns, so that what else the machine does falls on all of them; medians. */
export async function measureForms(forms: readonly Form[], runtime: Runtime): Promise<FormResult[]> {
  const classifiers = await Promise.all(forms.map(({ bytes }) => Classifier.load(runtime, bytes)));
  try {
    const [{ imageShape }] = classifiers;
    const images = (count: number) =>
      Uint8Array.from({ length: count * imageBytes(imageShape) }, (_, i) => (i * 7919) % 256);
    const [one, many] = [images(1), images(BATCH)];
    const clock = () => performance.now();
    const timed = async (work: () => Promise<unknown>): Promise<number> =>
      (await measure(work, { clock, warmUp: 0, runs: 1 })).median;
    const times = forms.map(() => ({ one: [] as number[], many: [] as number[], start: [] as number[] }));
    for (let round = -1; round < ROUNDS; round++) {
      for (const [i, classifier] of classifiers.entries()) {
        const taken = [
          await timed(() => classifier.predict(one)),
          await timed(() => classifier.predict(many)),
        ];
        if (round < 0) continue;
        times[i].one.push(taken[0]);
        times[i].many.push(taken[1]);
      }
    }
    for (let round = 0; round < STARTS; round++) {
      for (const [i, { bytes }] of forms.entries()) {
        let loaded: Classifier | undefined;
        const start = async () => {
          loaded = await Classifier.load(runtime, bytes);
          await loaded.predict(one);
        };
        times[i].start.push(await timed(start));
        await loaded?.dispose();
      }
    }
    return forms.map(({ format, bytes }, i) => ({
      format,
      bytes: bytes.length,
      coldStart: median(times[i].start),
      oneImage: median(times[i].one),
      imagesPerSecond: (1000 * BATCH) / median(times[i].many),
    }));
  } finally {
    for (const classifier of classifiers) await classifier.dispose();
  }
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}
