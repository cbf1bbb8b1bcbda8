import { preprocessingMetadata } from '../../data/preprocessing.ts';
import { HarrierError } from '../../errors.ts';
import type { Model } from '../../onnx/index.ts';
import { CLASS_NAMES_KEY } from '../contract.ts';
import { exportModel } from '../export.ts';
import type { ForeignOptions } from './options.ts';
import { type ForeignSource, readForeignModel } from './read-foreign-model.ts';
import { inTwoClasses } from './two-classes.ts';

/** From which probability on an image has a class whose model names no threshold. */
const EVEN = 0.5;

/** What a user says of a classifier of another program. */
export interface ForeignClassifierOptions extends ForeignOptions {
  /**
   * Names of its classes, in the order of its scores. Default: what the files beside it say, else numbers. A model of one
   * score takes two as well: the score is then the second's, as in Keras.
   */
  readonly labels?: readonly string[];
}

/** A classifier of another program by Harrier's contract, with what was assumed: a sentence each. */
export interface ForeignClassifier {
  readonly model: Model;
  readonly assumed: readonly string[];
}

/**
 * A classifier of another program as a model by Harrier's contract (pixels to probabilities), which every command takes.
 *
 * @throws HarrierError as `readForeignModel`; `bad-option` for labels of another number
 */
export function foreignClassifier(
  given: Uint8Array | Model,
  { labels, ...options }: ForeignClassifierOptions = {},
  source: ForeignSource = {},
): ForeignClassifier {
  const read = readForeignModel(given, options, source);
  const { preprocessing, classNames, isMultiLabel, thresholds } = read;
  const classes = read.network.outputSize;
  const { where = 'model' } = source;
  const isOfOneScore = classes === 1 && !thresholds;
  const isOfTwoClasses = isOfOneScore && labels?.length === 2;
  if (labels && labels.length !== classes && !isOfTwoClasses) {
    throw new HarrierError('bad-option', 'these are labels for another number of classes', {
      where: source.where,
      expected: isOfOneScore ? '2, or 1 for the label of its one score' : `${classes}`,
      received: `${labels.length}`,
      next: 'Give a file with one name a line, in the order of the scores.',
    });
  }
  const names = labels ?? classNames;
  const metadata = {
    ...preprocessingMetadata(preprocessing),
    ...(names && { [CLASS_NAMES_KEY]: JSON.stringify(names) }),
  };
  const { network, weights } = isOfTwoClasses ? inTwoClasses(read) : read;
  const isOfLabels = (isMultiLabel || isOfOneScore) && !isOfTwoClasses;
  const from = thresholds ?? (isOfLabels ? new Array<number>(classes).fill(EVEN) : undefined);
  const assumed = [...read.assumed];
  if (isOfTwoClasses) {
    assumed.push(`${where} gives one score: it is taken as that of the second label, "${labels[1]}".`);
  } else if (isOfOneScore) {
    const how = isMultiLabel ? 'through a sigmoid' : 'a sigmoid after it is assumed';
    assumed.push(
      `${where} gives one score (${how}): an image has its label from a probability of ${EVEN} on. If it tells two classes apart, give the names of both (--labels), that of the score second.`,
    );
  } else if (isOfLabels && !thresholds) {
    assumed.push(
      `${where} ends in a sigmoid: an image may have several of its classes, each from a probability of ${EVEN} on.`,
    );
  }
  return { model: exportModel(network, weights, metadata, from && { thresholds: from }), assumed };
}
