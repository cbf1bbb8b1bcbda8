import { describe, expect, it } from 'vitest';
import { HarrierError } from '../errors.ts';
import { fits } from '../options/check.ts';
import { schemaOf } from '../options/schema.ts';
import { fieldOf, optionsWhere } from '../options/table.ts';
import { fromField, readRecord } from './run-record.ts';

const facts = (images: number) => ({ name: 'images/train', images, hash: 'ab' });
const record = {
  format: 1,
  id: 'x',
  command: 'npx harrier train',
  created: '2026-11-24T12:00:00.000Z',
  options: {
    recipe: 'keras-cnn',
    data: 'images',
    epochs: 2,
    batchSize: 8,
    seed: 0,
    threads: 2,
    optimizer: { name: 'SGD' },
    loss: {},
    validationSplit: 0.1,
    earlyStopping: 3,
    skipBad: false,
    testTimeAugmentation: 'flip',
    calibrate: true,
  },
  data: {
    train: facts(7),
    validation: facts(1),
    test: facts(2),
    classNames: ['cat', 'dog'],
    imageShape: { height: 8, width: 8, channels: 3 },
  },
  network: { name: 'keras-cnn', layers: [] },
  versions: { harrier: '0.1.0' },
  hardware: { cpu: 'x', cores: 2, memoryBytes: 1e9, platform: 'linux', architecture: 'x64' },
  result: {
    ended: 'finished',
    finished: '2026-11-24T12:01:00.000Z',
    seconds: 1.5,
    epochs: 2,
    trainingAccuracy: 0.5,
    testAccuracy: 0.5,
  },
};
/** Fields that may hold any object: what is in them is checked by what is made of them. */
const OPEN = ['options.optimizer', 'options.loss', 'network', 'versions'];
const MAY_BE_ABSENT = [
  'id',
  'data.validation',
  'options.earlyStopping',
  'options.testTimeAugmentation',
  'options.calibrate',
  'result',
];

type Path = readonly string[];

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  const below = Object.entries(value).flatMap(([key, each]) => pathsOf(each, [...path, key]));
  if (path.length === 0) return below;
  return OPEN.includes(path.join('.')) ? [path] : [path, ...below];
}

/** The record with something else in one place; undefined removes it. */
function changed(path: Path, value: unknown, from: object = record): string {
  const copy = structuredClone(from) as Record<string, unknown>;
  const parent = path.slice(0, -1).reduce((at, key) => at[key] as Record<string, unknown>, copy);
  parent[path.at(-1)!] = value;
  return JSON.stringify(copy);
}

function errorOf(text: string): HarrierError {
  try {
    readRecord(text, 'run.json');
  } catch (error) {
    if (error instanceof HarrierError) return error;
    throw error;
  }
  return expect.fail(`accepted: ${text}`);
}

describe('the fields of run.json', () => {
  it('are accepted as they are written', () => {
    expect(readRecord(JSON.stringify(record), 'run.json')).toEqual(record);
    for (const path of MAY_BE_ABSENT) readRecord(changed(path.split('.'), undefined), 'run.json');
  });

  const paths = pathsOf(record).filter(([first]) => first !== 'format');
  it.each(paths.map((path) => [path.join('.'), path] as const))('%s must be what it is', (name, path) => {
    const own = path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], record);
    const wrong: unknown[] = [null, [], [1], -1, 0.1, '?', {}, true].filter((value) => {
      const isSameKind = typeof value === typeof own && Array.isArray(value) === Array.isArray(own);
      return value === null || typeof own === 'number' || !isSameKind;
    });
    // Where a fraction is right.
    const isFraction = (value: unknown) => value === 0.1 && /Split|Accuracy|seconds|memory/.test(name);
    for (const value of wrong.filter((each) => !isFraction(each))) {
      const { code, message } = errorOf(changed(path, value));
      expect(code).toBe('bad-checkpoint');
      expect(message).toMatch(/^run\.json: its field ".*" cannot be used: expected .*, received .*Restore/);
      expect(message).toContain(`"${name}`);
    }
    if (MAY_BE_ABSENT.includes(name)) return;
    expect(errorOf(changed(path, undefined)).message).toContain(`"${name}`);
  });

  /** Their fields hold other words: adaptive views have one of their own. */
  const OTHER_WORDS = ['tta'];
  const kept = optionsWhere(
    ({ recorded, type }) => recorded && ['number', 'duration', 'boolean', 'choice'].includes(type.kind),
  ).filter(([name]) => !OTHER_WORDS.includes(name));
  it.each(kept)('%s may be what the table of options says', (name, option) => {
    const preprocessing = { resize: 'crop', cropFraction: 1, interpolation: 'bilinear' };
    const path = ['options', ...fieldOf(name).split('.')];
    const choices = option.type.kind === 'choice' ? option.type.choices : [];
    const schema = schemaOf(option);
    for (const value of [-1, 0, 0.1, 1, 1.5, 2, true, 'no such word', ...choices, undefined]) {
      const text = changed(path, value, { ...record, options: { ...record.options, preprocessing } });
      const isOptional = value === undefined && option.recorded === 'if given' && path.length === 2;
      const isRight = isOptional || fits(schema, value);
      if (isRight) expect(() => readRecord(text, `${value}`)).not.toThrow();
      else expect(() => readRecord(text, `${value}`)).toThrow('cannot be used');
    }
  });

  it('say why nothing can be made of them', () => {
    const make = () => {
      throw new HarrierError('bad-option', 'learningRate', { expected: 'a number above 0', received: '-1' });
    };
    expect(() => fromField('options.optimizer', 'run.json', make)).toThrow(
      'run.json: its field "options.optimizer" cannot be used: learningRate: expected a number above 0, received -1. ' +
        'Restore the file, or start a new run.',
    );
  });
});
