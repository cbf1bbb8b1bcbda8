import { HarrierError } from '../../errors.ts';
import { PredictionSets } from '../../evaluation/prediction-sets.ts';
import { UNKNOWN_FROM } from '../../models/contract.ts';
import { kindOf } from '../json.ts';
import { HttpError } from '../problem.ts';
import type { Answer, ServedModel } from '../service.ts';

/** Sets as a model's metadata has them, read once for each model. */
const known = new WeakMap<ServedModel, PredictionSets | undefined>();

/** The classes of one image's set, the most probable first. */
export type SetOf = (probabilities: Float32Array) => number[];

/**
 * How a request's sets of classes are made; undefined where it asks for none.
 *
 * @param coverage as the request has it: the fraction of images whose class is in their set
 * @param where what errors call it
 * @throws HarrierError `bad-data` for a coverage that is no such fraction, HttpError `not-supported` when the model is not
 *   calibrated for sets
 */
export function setsFor(model: ServedModel, coverage: unknown, where: string): SetOf | undefined {
  if (coverage === undefined) return undefined;
  if (typeof coverage !== 'number' || !(coverage > 0 && coverage < 1)) {
    throw new HarrierError('bad-data', 'this is not the coverage of sets', {
      where,
      expected: 'a number between 0 and 1, such as 0.95',
      received: kindOf(coverage),
    });
  }
  if (model.thresholds) {
    throw new HttpError(
      400,
      'not-supported',
      'this model gives images any number of labels, each by its threshold',
      {
        where,
        next: 'Ask without sets: the labels that it gives are the set.',
      },
    );
  }
  if (!known.has(model)) known.set(model, PredictionSets.read(model.metadata));
  const sets = known.get(model);
  if (sets) return (probabilities) => sets.setOf(probabilities, { coverage });
  throw new HttpError(
    400,
    'not-supported',
    'this model can promise no sets: no validation images calibrated it',
    {
      where,
      next: 'Train it with --validation-split 0.1, or ask without sets.',
    },
  );
}

/** Whether an image shows none of the classes; undefined where the model does not tell. */
export function isUnknown({ unknown }: Answer, image: number): boolean | undefined {
  return unknown && unknown[image] > UNKNOWN_FROM;
}

/** Which labels an image is given, in the order of the classes; undefined where each image has one class. */
export function givenLabels({ thresholds }: ServedModel, probabilities: Float32Array): boolean[] | undefined {
  return thresholds?.map((threshold, label) => probabilities[label] >= threshold);
}

/** The same by name, the most probable first. */
export function givenNames(model: ServedModel, probabilities: Float32Array): string[] | undefined {
  const given = givenLabels(model, probabilities);
  return given
    ?.flatMap((is, label) => (is ? [label] : []))
    .sort((a, b) => probabilities[b] - probabilities[a])
    .map((label) => model.classNames[label]);
}
