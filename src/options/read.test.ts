import { describe, expect, it } from 'vitest';
import { fits } from './check.ts';
import { readText } from './read.ts';
import { schemaOf } from './schema.ts';
import { OPTIONS } from './table.ts';

const read = (name: keyof typeof OPTIONS, text: string) => readText(OPTIONS[name].type, text, '--it');

describe('what is typed after a flag', () => {
  it.each<[keyof typeof OPTIONS, string, unknown]>([
    ['epochs', '3', 3],
    ['epochs', ' 12 ', 12],
    ['seed', '0', 0],
    ['learningRate', '1e-3', 0.001],
    ['validationSplit', '0', 0],
    ['optimizer', 'adamw', 'AdamW'],
    ['tta', 'flip-shift', 'flip-shift'],
    ['skipBad', 'true', true],
    ['calibrate', '0', false],
    [
      'resolution',
      '1:24, 5:32',
      [
        { fromEpoch: 1, size: 24 },
        { fromEpoch: 5, size: 32 },
      ],
    ],
    ['classWeight', ' balanced ', 'balanced'],
    ['classWeight', 'cat=2,dog=0.5', { cat: 2, dog: 0.5 }],
    ['classWeight', ' big cat = 2 , dog = 1', { 'big cat': 2, dog: 1 }],
    ['classWeight', 'a,b=2', { 'a,b': 2 }],
    ['classWeight', 'a,b=2,c=1e-1', { 'a,b': 2, c: 0.1 }],
    ['classWeight', 'x=y=3', { 'x=y': 3 }],
    ['classWeight', '{"a=1,b": 2}', { 'a=1,b': 2 }],
    ['data', '', ''],
  ])('%s %j', (name, text, value) => {
    const found = read(name, text);
    expect(found).toEqual(value);
    if (text !== '') expect(fits(schemaOf(OPTIONS[name]), found)).toBe(true);
  });

  it.each<[keyof typeof OPTIONS, string, string]>([
    ['epochs', '0', 'a whole number of at least 1'],
    ['epochs', '2.5', 'a whole number of at least 1'],
    ['epochs', '1e3', 'a whole number of at least 1'],
    ['epochs', '', 'a whole number of at least 1'],
    ['epochs', '9007199254740993', 'a whole number of at least 1'],
    ['learningRate', '0', 'a number above 0'],
    ['learningRate', 'fast', 'a number above 0'],
    ['learningRate', '1e999', 'a number above 0'],
    ['validationSplit', '1', 'a number of at least 0 and below 1'],
    ['resolution', '1:24,5', 'epoch:size, with commas between, such as 1:24,5:32'],
    ['classWeight', 'cat', 'balanced, or pairs such as cat=2,dog=0.5'],
    ['classWeight', 'cat=2,dog', 'balanced, or pairs such as cat=2,dog=0.5'],
    ['classWeight', 'cat=', 'balanced, or pairs such as cat=2,dog=0.5'],
    ['classWeight', '', 'balanced, or pairs such as cat=2,dog=0.5'],
    ['classWeight', '{"cat": "2"}', 'balanced, or pairs such as cat=2,dog=0.5'],
    ['skipBad', 'yes', 'true or false'],
    ['from', ' ', 'a run folder, "latest" or an .onnx file'],
  ])('%s refuses %j', (name, text, expected) => {
    expect(() => read(name, text)).toThrow(
      `--it: this value cannot be used: expected ${expected}, received "${text}".`,
    );
  });

  it.each<[keyof typeof OPTIONS, string, string]>([
    ['optimizer', 'adan', 'unknown optimizer "adan". Did you mean "Adam"?'],
    ['sampling', 'balancd', 'unknown value of --it "balancd". Did you mean "balanced"?'],
    ['sampling', 'Balanced', 'unknown value of --it "Balanced". Did you mean "balanced"?'],
  ])('%s %j: the nearest word', (name, text, sentence) => {
    expect(() => read(name, text)).toThrow(sentence);
  });
});
