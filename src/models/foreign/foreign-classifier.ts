import { preprocessingMetadata } from '../../data/preprocessing.ts';
import { HarrierError } from '../../errors.ts';
import type { Model } from '../../onnx/index.ts';
import { CLASS_NAMES_KEY } from '../contract.ts';
import { exportModel } from '../export.ts';
import type { ForeignOptions } from './options.ts';
import { type ForeignSource, readForeignModel } from './read-foreign-model.ts';

/** From which probability on an image has a class whose model names no threshold. */
const EVEN = 0.5;

/** What a user says of a classifier of another program. */
export interface ForeignClassifierOptions extends ForeignOptions {
  /** Names of its classes, in the order of its scores. Default: what the files beside it say, else numbers. */
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
  const { network, weights, preprocessing, classNames, isMultiLabel, thresholds } = read;
  const classes = network.outputSize;
  if (labels && labels.length !== classes) {
    throw new HarrierError('bad-option', 'these are labels for another number of classes', {
      where: source.where,
      expected: `${classes}`,
      received: `${labels.length}`,
      next: 'Give a file with one name a line, in the order of the scores.',
    });
  }
  const names = labels ?? classNames;
  const metadata = {
    ...preprocessingMetadata(preprocessing),
    ...(names && { [CLASS_NAMES_KEY]: JSON.stringify(names) }),
  };
  if (thresholds)
    return { model: exportModel(network, weights, metadata, { thresholds }), assumed: read.assumed };
  if (!isMultiLabel) return { model: exportModel(network, weights, metadata), assumed: read.assumed };
  return {
    model: exportModel(network, weights, metadata, { thresholds: new Array<number>(classes).fill(EVEN) }),
    assumed: [
      ...read.assumed,
      `${source.where ?? 'model'} ends in a sigmoid: an image may have several of its classes, each from a probability of ${EVEN} on.`,
    ],
  };
}
