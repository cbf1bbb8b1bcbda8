import type { UnknownPredictions } from '../../evaluation/index.ts';
import type { Classifier } from '../../models/index.ts';
import { usableImages } from '../images-below.ts';
import type { Reporter } from '../reporter.ts';

/**
 * What a model says of images that show none of its classes.
 * @param files the images below the folder, whatever their folders are called
 * @throws HarrierError as `usableImages`
 */
export async function unknownPredictions(
  folder: string,
  files: readonly string[],
  classifier: Classifier,
  skipBad: boolean | undefined,
  reporter: Reporter,
): Promise<UnknownPredictions> {
  const probabilities = new Float32Array(files.length * classifier.classNames.length);
  const unknown = classifier.tellsUnknown ? new Float32Array(files.length) : undefined;
  let count = 0;
  const what = `evaluating on ${folder}`;
  for await (const { pixels } of usableImages(files, {
    shape: classifier.imageShape,
    what,
    skipBad,
    reporter,
  })) {
    const answer = await classifier.answer(pixels);
    probabilities.set(answer.probabilities, count * classifier.classNames.length);
    if (answer.unknown) unknown?.set(answer.unknown, count);
    count++;
  }
  return {
    probabilities: probabilities.subarray(0, count * classifier.classNames.length),
    ...(unknown && { unknown: unknown.subarray(0, count) }),
  };
}
