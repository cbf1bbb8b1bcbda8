import type { ImageInput } from '../data/dataset.ts';
import { HarrierError } from '../errors.ts';
// Not the index: programs that only run finished models carry this file.
import { readSetScores, setThreshold } from '../evaluation/conformal.ts';
import { type Contract, contractOf, type End, THRESHOLDS_KEY, UNKNOWN_FROM } from '../models/contract.ts';
import { metadataOf } from './metadata.ts';
import type { Answer, ClassifyOptions, ImageClassifier, ImageSource } from './types.ts';

/** What is used of ONNX Runtime, in Node as in browsers. */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options: object): Promise<Session>;
  };
  readonly Tensor: new (type: 'uint8', data: Uint8Array, dims: readonly number[]) => object;
}

interface Session {
  readonly inputMetadata: readonly ValueMetadata[];
  readonly outputMetadata: readonly ValueMetadata[];
  run(
    inputs: Readonly<Record<string, object>>,
  ): Promise<Readonly<Record<string, { readonly data: unknown }>>>;
  release(): Promise<void>;
}

interface ValueMetadata {
  readonly name: string;
  readonly type?: string;
  readonly shape?: readonly (number | string)[];
}

/** What a platform brings. */
export interface RunPlatform {
  readonly ort: OnnxRuntime;
  /** Options of a session. */
  readonly session: object;
  /** Does one thing after another, where ONNX Runtime cannot do two at a time. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** An image as the model takes it: uint8 `[height, width, 3]`. */
  pixelsOf(image: ImageSource, shape: ImageInput): Promise<Uint8Array>;
}

/**
 * Makes a model ready to run.
 *
 * @param where what to call it in errors
 * @throws HarrierError `bad-graph` when it is damaged, `not-supported` when it does not keep to Harrier's contract
 */
export async function openClassifier(
  model: Uint8Array,
  { ort, session: options, inTurn, pixelsOf }: RunPlatform,
  where: string,
): Promise<ImageClassifier> {
  const metadata = metadataOf(model, where);
  const session = await inTurn(() => createSession(ort, model, options, where));
  const contract = endsOf(session, metadata, where);
  const { classNames, imageShape, thresholds } = contract;
  const { height, width, channels } = imageShape;
  let disposed = false;
  const checkThere = () => {
    if (disposed) throw new HarrierError('bad-option', 'this model was disposed of', { where });
  };
  return {
    labels: classNames,
    ...(thresholds && { thresholds }),
    metadata,
    async classify(image, { top = classNames.length, coverage }: ClassifyOptions = {}) {
      checkTop(top);
      const limit = coverage === undefined ? Number.POSITIVE_INFINITY : limitOf(metadata, coverage, where);
      checkThere();
      const pixels = await pixelsOf(image, imageShape);
      const { probabilities, unknown } = await inTurn(() => {
        checkThere();
        return session.run({ image: new ort.Tensor('uint8', pixels, [1, height, width, channels]) });
      });
      const answers = answersOf(probabilities.data as Float32Array, contract, where)
        .filter(inSet(limit))
        .slice(0, top);
      if (!contract.tellsUnknown) return answers;
      const isUnknown = (unknown.data as Float32Array)[0] > UNKNOWN_FROM;
      return answers.map((answer) => ({ ...answer, unknown: isUnknown }));
    },
    async dispose() {
      if (disposed) return;
      disposed = true;
      await inTurn(() => session.release());
    },
  };
}

async function createSession(
  { InferenceSession }: OnnxRuntime,
  model: Uint8Array,
  options: object,
  where: string,
): Promise<Session> {
  try {
    return await InferenceSession.create(model, options);
  } catch (cause) {
    throw new HarrierError('bad-graph', 'ONNX Runtime rejects this model', {
      where,
      received: (cause instanceof Error ? cause.message : String(cause)).split('\n')[0],
      cause,
    });
  }
}

function endsOf(session: Session, metadata: Readonly<Record<string, string>>, where: string) {
  const ends = (values: readonly ValueMetadata[]): End[] =>
    values.map(({ name, type = 'unknown', shape = [] }) => ({ name, type, shape }));
  const { inputMetadata, outputMetadata } = session;
  return contractOf({ inputs: ends(inputMetadata), outputs: ends(outputMetadata) }, metadata, where);
}

function checkTop(top: number): void {
  if (Number.isInteger(top) && top >= 1) return;
  throw new HarrierError('bad-option', 'top is the number of classes to name', {
    expected: 'a whole number, at least 1',
    received: `${top}`,
  });
}

/** The score up to which a class is in a set. */
function limitOf(metadata: Readonly<Record<string, string>>, coverage: number, where: string): number {
  if (THRESHOLDS_KEY in metadata) {
    throw new HarrierError(
      'not-supported',
      'this model gives images any number of labels, each by its threshold',
      {
        where,
        next: 'Ask without coverage: the labels that it gives are the set.',
      },
    );
  }
  const scores = readSetScores(metadata, where);
  if (scores) {
    return setThreshold(
      scores.flat().sort((a, b) => a - b),
      coverage,
    );
  }
  throw new HarrierError('not-supported', 'this model can promise no sets: no images calibrated it', {
    where,
    next: 'Train it with --validation-split 0.1, or ask without coverage.',
  });
}

/** A class is in a set by the probability of all before it. */
function inSet(limit: number): (answer: Answer) => boolean {
  let above = 0;
  return ({ probability }) => {
    const isIn = above === 0 || above <= limit;
    above += probability;
    return isIn;
  };
}

/** The classes by their probabilities, the most probable one first; of equal ones the first. */
function answersOf(
  probabilities: Float32Array,
  { classNames: labels, thresholds }: Contract,
  where: string,
): Answer[] {
  if (probabilities.length !== labels.length || !probabilities.every(Number.isFinite)) {
    throw new HarrierError('bad-graph', 'the model gives no probabilities', {
      where,
      expected: `${labels.length} numbers from 0 to 1`,
      received: Array.from(probabilities.subarray(0, 8)).join(', '),
      next: 'Its weights are damaged: take another model.',
    });
  }
  return labels

    .map((label, i) => ({
      label,
      probability: probabilities[i],
      ...(thresholds && { given: probabilities[i] >= thresholds[i] }),
    }))
    .sort((a, b) => b.probability - a.probability);
}
