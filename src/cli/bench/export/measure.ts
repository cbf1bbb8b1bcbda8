import { measureInTurns } from '../../../benchmark/index.ts';
import { imageBytes } from '../../../data/dataset.ts';
import { Classifier } from '../../../models/index.ts';
import type { Runtime } from '../../../runtime/index.ts';

/** Images that run together where the rate counts. */
const BATCH = 16;
const ROUNDS = 5;
/** Times that a model is loaded anew. */
export const STARTS = 5;

/** A form of a model, as `export` writes it. */
export interface Form {
  /** Its format: `onnx-int8`. */
  readonly format: string;
  readonly bytes: Uint8Array;
}

/** How fast a form is once it is loaded. */
export interface FormSpeed {
  /** Milliseconds for one image. */
  readonly oneImage: number;
  /** Images a second, 16 at a time. */
  readonly imagesPerSecond: number;
}

/** What a form costs. */
export interface FormResult extends FormSpeed {
  readonly format: string;
  readonly bytes: number;
  /** Milliseconds to the first answer: in Node from the bytes of the file, in a page from its address. */
  readonly coldStart: number;
}

const clock = () => performance.now();

/** Pixels that are not all equal: uint8 `[count, height, width, channels]`. */
export function somePixels(count: number, { imageShape }: Pick<Classifier, 'imageShape'>): Uint8Array {
  return Uint8Array.from({ length: count * imageBytes(imageShape) }, (_, i) => (i * 7919) % 256);
}

/** The middle of measurements. */
export function medianOf(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1];
}

/** Measures loaded models in turns, so that what else the machine does falls on all of them; medians. */
export async function measureSpeeds(classifiers: readonly Classifier[]): Promise<FormSpeed[]> {
  const timesOf = (pixels: Uint8Array) =>
    measureInTurns(
      classifiers.map((classifier) => () => classifier.predict(pixels)),
      { clock, rounds: ROUNDS },
    );
  const alone = await timesOf(somePixels(1, classifiers[0]));
  const together = await timesOf(somePixels(BATCH, classifiers[0]));
  return alone.map((oneImage, i) => ({ oneImage, imagesPerSecond: (1000 * BATCH) / together[i] }));
}

/** Measures forms in this process. */
export async function measureForms(forms: readonly Form[], runtime: Runtime): Promise<FormResult[]> {
  const classifiers = await Promise.all(forms.map(({ bytes }) => Classifier.load(runtime, bytes)));
  try {
    const speeds = await measureSpeeds(classifiers);
    const one = somePixels(1, classifiers[0]);
    const starts: number[][] = forms.map(() => []);
    for (let round = 0; round < STARTS; round++) {
      for (const [i, { bytes }] of forms.entries()) {
        const start = clock();
        const loaded = await Classifier.load(runtime, bytes);
        await loaded.predict(one);
        starts[i].push(clock() - start);
        await loaded.dispose();
      }
    }
    return forms.map(({ format, bytes }, i) => ({
      format,
      bytes: bytes.length,
      coldStart: medianOf(starts[i]),
      ...speeds[i],
    }));
  } finally {
    for (const classifier of classifiers) await classifier.dispose();
  }
}
