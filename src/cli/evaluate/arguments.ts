import { HarrierError } from '../../errors.ts';
import { isCifar10Point1 } from '../../platform/node/datasets/cifar10-1.ts';

export const CIFAR10_1 = 'cifar10.1';

/** Which model to evaluate, and on what. */
export interface EvaluationArguments {
  readonly model: string | undefined;
  /** A data set's name or path; `cifar10.1:PATH` for CIFAR-10.1. */
  readonly data: string | undefined;
}

/**
 * Sorts out what was typed. `--data cifar10.1 PATH` takes two words, of which the parser of options sees the second
 * as an argument: behind that of the model, or before it.
 *
 * @throws HarrierError `bad-option` when there is a word too many or too few
 */
export async function evaluationArguments(
  words: readonly string[],
  data: string | undefined,
): Promise<EvaluationArguments> {
  if (data !== CIFAR10_1) {
    if (words.length < 2) return { model: words[0], data };
    throw new HarrierError('bad-option', 'there are too many arguments', {
      received: `"${words[1]}"`,
      next: `Only --data ${CIFAR10_1} takes a path as a second argument.`,
    });
  }
  const places = await Promise.all(words.map(isCifar10Point1));
  const at = places.includes(true) ? places.indexOf(true) : words.length - 1;
  const isModelAlone = words.length === 1 && !places[0];
  if (words.length === 0 || isModelAlone) {
    throw new HarrierError(
      'bad-option',
      'Harrier does not download CIFAR-10.1, so its folder must be given',
      {
        where: `--data ${CIFAR10_1}`,
        expected: 'as an argument, the folder of cifar10.1_v6_data.npy and cifar10.1_v6_labels.npy',
        ...(isModelAlone && { received: `"${words[0]}"` }),
        next: 'Download both files from https://github.com/modestyachts/CIFAR-10.1 (folder datasets).',
      },
    );
  }
  return { model: words.find((_, i) => i !== at), data: `${CIFAR10_1}:${words[at]}` };
}
