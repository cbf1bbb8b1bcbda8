import { measureInTurns } from '../../../benchmark/index.ts';
import { imageBytes } from '../../../data/dataset.ts';
import { Classifier } from '../../../models/index.ts';
import type { Runtime } from '../../../runtime/index.ts';

/** Images that run together where the rate counts. */
const BATCH = 16;
const ROUNDS = 5;
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
    const clock = () => performance.now();
    const timesOf = (pixels: Uint8Array) =>
      measureInTurns(
        classifiers.map((classifier) => () => classifier.predict(pixels)),
        { clock, rounds: ROUNDS },
      );
    const one = images(1);
    const alone = await timesOf(one);
    const together = await timesOf(images(BATCH));
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
      coldStart: starts[i].sort((a, b) => a - b)[STARTS >> 1],
      oneImage: alone[i],
      imagesPerSecond: (1000 * BATCH) / together[i],
    }));
  } finally {
    for (const classifier of classifiers) await classifier.dispose();
  }
}
