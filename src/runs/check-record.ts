import { TEST_TIME_AUGMENTATIONS } from '../data/views.ts';
import { HarrierError } from '../errors.ts';
import { TUNED_PARTS } from '../models/index.ts';
import { isObject } from '../options/values.ts';
import { DEVICES } from './device.ts';

/** What a field must hold: the test, and its words. */
interface Kind {
  readonly fits: (value: unknown) => boolean;
  readonly expected: string;
}

const REMEDY = 'Restore the file, or start a new run.';

const text: Kind = { fits: (value) => typeof value === 'string', expected: 'a text' };
const flag: Kind = { fits: (value) => typeof value === 'boolean', expected: 'true or false' };
const object: Kind = { fits: isObject, expected: 'an object' };
const texts: Kind = {
  fits: (value) =>
    Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string'),
  expected: 'a list of texts',
};
const whole = (atLeast: number): Kind => ({
  fits: (value) => Number.isSafeInteger(value) && Number(value) >= atLeast,
  expected: `a whole number of at least ${atLeast}`,
});
const number = (atLeast: number, atMost = Number.POSITIVE_INFINITY): Kind => ({
  fits: (value) => Number.isFinite(value) && Number(value) >= atLeast && Number(value) <= atMost,
  expected: `a number of at least ${atLeast}${Number.isFinite(atMost) ? ` and at most ${atMost}` : ''}`,
});
const oneOf = (...words: string[]): Kind => ({
  fits: (value) => words.some((word) => word === value),
  expected: words.map((word) => JSON.stringify(word)).join(' or '),
});

const dataFacts = (part: string): Record<string, Kind> => ({
  [`data.${part}`]: object,
  [`data.${part}.name`]: text,
  [`data.${part}.images`]: whole(0),
  [`data.${part}.hash`]: text,
});

/** The fields of `run.json` that Harrier relies on, parents first. A `?` marks what may be absent, with all below it. */
const FIELDS: Readonly<Record<string, Kind>> = {
  'id?': text,
  command: text,
  created: text,
  options: object,
  'options.recipe': text,
  'options.from?': object,
  'options.from?.name': text,
  'options.from?.path?': text,
  'options.from?.hash': text,
  'options.from?.trainable': oneOf(...TUNED_PARTS),
  'options.data': text,
  'options.epochs': whole(1),
  'options.batchSize': whole(1),
  'options.seed': whole(0),
  'options.limit?': whole(1),
  'options.threads': whole(1),
  'options.device?': oneOf(...DEVICES),
  'options.optimizer': object,
  'options.loss': object,
  'options.microBatch?': whole(1),
  'options.averageMomentum?': number(0, 1),
  'options.validationSplit': number(0, 1),
  'options.earlyStopping?': whole(1),
  'options.imageSize?': whole(1),
  'options.source?': oneOf('original', 'npm'),
  'options.skipBad': flag,
  'options.marks?': oneOf('none'),
  'options.testTimeAugmentation?': oneOf(...TEST_TIME_AUGMENTATIONS),
  'options.calibrate?': flag,
  data: object,
  'data.path?': text,
  ...dataFacts('train'),
  ...dataFacts('validation?'),
  ...dataFacts('test'),
  'data.classNames': texts,
  'data.imageShape': object,
  'data.imageShape.height': whole(1),
  'data.imageShape.width': whole(1),
  'data.imageShape.channels': whole(1),
  'data.marks?': object,
  'data.marks?.images': object,
  network: object,
  versions: object,
  hardware: object,
  'hardware.cpu': text,
  'hardware.cores': whole(1),
  'hardware.memoryBytes': number(0),
  'hardware.platform': text,
  'hardware.architecture': text,
  'hardware.gpu?': text,
  'result?': object,
  'result?.ended': oneOf('finished', 'early'),
  'result?.finished': text,
  'result?.seconds': number(0),
  'result?.epochs': whole(1),
  'result?.bestEpoch?': whole(1),
  'result?.trainingAccuracy': number(0, 1),
  'result?.testAccuracy': number(0, 1),
};

/**
 * Checks the fields of a `run.json` one by one.
 * @throws HarrierError `bad-checkpoint` that names the first that cannot be used
 */
export function checkRecord(record: unknown, where: string): void {
  for (const [path, { fits, expected }] of Object.entries(FIELDS)) {
    const value = valueAt(record, path.split('.'));
    if (value === ABSENT || fits(value)) continue;
    throw new HarrierError('bad-checkpoint', `its field "${path.replaceAll('?', '')}" cannot be used`, {
      where,
      expected,
      received: JSON.stringify(value) ?? 'nothing',
      next: REMEDY,
    });
  }
}

/**
 * Makes something of a field of a `run.json`.
 * @throws HarrierError `bad-checkpoint` that names the field when it cannot be made
 */
export function fromField<T>(field: string, where: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    const reason = cause instanceof HarrierError ? cause.message : 'it is malformed';
    throw new HarrierError('bad-checkpoint', `its field "${field}" cannot be used: ${reason}`, {
      where,
      next: REMEDY,
      cause,
    });
  }
}

const ABSENT = Symbol('absent');

/** What is there; `ABSENT` where something that may be absent is. */
function valueAt(from: unknown, [step, ...rest]: string[]): unknown {
  const name = step.replace('?', '');
  const value = isObject(from) ? from[name] : undefined;
  if (value === undefined && step !== name) return ABSENT;
  return rest.length === 0 ? value : valueAt(value, rest);
}
