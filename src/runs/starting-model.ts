import { isStateDict, networkOfStateDict } from '../applications/index.ts';
import { catalogueEntry, licenseWarning } from '../backbones/index.ts';
import { type Preprocessing, preprocessingOf } from '../data/preprocessing.ts';
import { type Sha256, sha256 } from '../data/sha256.ts';
import type { TestTimeAugmentation } from '../data/views.ts';
import { HarrierError } from '../errors.ts';
import { formatPercent } from '../format/format.ts';
import {
  checkLeastSize,
  ENSEMBLE_KEY,
  exportOptionsOf,
  type ForeignOptions,
  type ForeignSource,
  NETWORK_KEY,
  originIn,
  readForeignModel,
  type TrainedNetwork,
  trainedNetwork,
  withImageSize,
} from '../models/index.ts';
import { decodeModel } from '../onnx/index.ts';
import type { FineTunedFrom } from './run-record.ts';

/** A finished model that can be trained on. */
export interface StartingModel extends TrainedNetwork, Omit<FineTunedFrom, 'trainable'> {
  /** Views of each image that it averages. */
  readonly testTimeAugmentation: TestTimeAugmentation;
  /** How it wants its images; their size is the network's `inputShape`. */
  readonly preprocessing: Preprocessing;
  /** In the order of its scores, where a model of another program says so. */
  readonly classNames?: readonly string[];
  /** What was assumed of a file of another program: a sentence each. */
  readonly assumed?: readonly string[];
  /** Height and width of the images that it was made for, where it takes others. */
  readonly ownSize?: readonly [height: number, width: number];
}

/** What is known of a model of another program; the size of the images may be said of all. */
export interface ForeignModelOptions extends ForeignOptions, Omit<ForeignSource, 'where'> {}

/**
 * A model file with its layers and weights: an ONNX model of Harrier or of another program, or PyTorch's weights of a
 * network that Harrier has in its own layers.
 *
 * @param called what a run calls it: see `FineTunedFrom`
 * @param where its file, for errors
 * @param hash begins a SHA-256
 * @param foreign how a model of another program is to be read; `imageSize` gives every network whose weights allow it
 *   another size of images
 * @throws HarrierError as `decodeModel`, `trainedNetwork`, `networkOfStateDict`, `readForeignModel` and `withImageSize` do;
 *   `bad-option` for options of a model of another program with one that says itself how it wants its images
 */
export function startingModelOf(
  bytes: Uint8Array,
  called: Pick<FineTunedFrom, 'name' | 'path'>,
  where: string,
  hash: () => Sha256 = sha256,
  foreign: ForeignModelOptions = {},
): StartingModel {
  const { companions, external, ...options } = foreign;
  const named = { ...called, hash: hash().update(bytes).digest() };
  if (isStateDict(bytes)) {
    checkNoOptions(options, 'these are weights of a network whose preprocessing is known', where);
    const known = networkOfStateDict(bytes, where);
    return { ...known, ...named, testTimeAugmentation: 'none', ...sized(known, options, called.name) };
  }
  const model = decodeModel(bytes, where, external);
  const origin = originIn(model.metadata);
  const began = origin && { origin };
  if (!Object.hasOwn(model.metadata, NETWORK_KEY) && !Object.hasOwn(model.metadata, ENSEMBLE_KEY)) {
    const { head, assumed, ...read } = readForeignModel(model, options, { where, companions });
    if (options.imageSize !== undefined) checkLeastSize(read.network, read.network.inputShape[0], where);
    // Its names say that what it gives are scores.
    const onScores =
      !head && read.classNames
        ? [
            `${where} does not show which layer gives its scores: a new head learns on the scores themselves (--features names another value).`,
          ]
        : [];
    return { ...read, ...named, ...began, assumed: [...assumed, ...onScores], testTimeAugmentation: 'none' };
  }
  checkNoOptions(options, 'a model of Harrier states its own preprocessing and class names', where);
  const trained = trainedNetwork(model, where);
  return {
    ...trained,
    ...named,
    ...began,
    testTimeAugmentation: exportOptionsOf(model).testTimeAugmentation,
    preprocessing: preprocessingOf(model.metadata, where),
    ...sized(trained, options, called.name),
  };
}

/** The network for the size of images that was asked for; nothing where that is its own. */
function sized(
  model: TrainedNetwork,
  { imageSize }: ForeignOptions,
  name: string,
): Partial<Pick<StartingModel, 'network' | 'weights' | 'imageSize' | 'ownSize'>> {
  if (typeof imageSize !== 'number') return {};
  const changed = withImageSize(model, imageSize, name);
  const [height, width] = model.network.inputShape;
  return changed.network === model.network ? {} : { ...changed, imageSize, ownSize: [height, width] };
}

/** What another size of images costs, as a sentence; undefined for a model that takes its own. */
export function sizeSentence({
  name,
  network,
  ownSize,
}: Pick<StartingModel, 'name' | 'network' | 'ownSize'>): string | undefined {
  if (!ownSize) return undefined;
  const [height, width] = network.inputShape;
  const work = (height * width) / (ownSize[0] * ownSize[1]);
  const cost = work < 1 ? `${formatPercent(work, 0)} of` : `${work.toFixed(1)} times`;
  return `${name} is given images of ${width} × ${height} instead of ${ownSize[1]} × ${ownSize[0]}: about ${cost} the work for each.`;
}

/**
 * What there is to know of a model before it is used, a sentence each: what the licence of a fetched one asks for, what was
 * assumed, another size of images.
 */
export function notesOn(model: StartingModel): readonly string[] {
  return [licenseNote(model), ...(model.assumed ?? []), sizeSentence(model)].filter(
    (sentence) => sentence !== undefined,
  );
}

/** What the licence of a fetched model asks for, where it asks for more than to be named. */
export function licenseNote({ name, source }: Pick<StartingModel, 'name' | 'source'>): string | undefined {
  return source && licenseWarning(name, source.license, catalogueEntry(name)?.licenseNote);
}

/** All of this is known without the user. */
function checkNoOptions(options: ForeignOptions, why: string, where: string): void {
  const { imageSize: _, preprocessing: __, ...others } = options;
  const [given] = Object.keys(others);
  if (given === undefined) return;
  throw new HarrierError('bad-option', `${why}: ${given} cannot be given`, {
    where,
    next: 'Leave it out.',
  });
}
