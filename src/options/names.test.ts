import { describe, expect, it } from 'vitest';
import { readColumns, readMerge, readNames } from './names.ts';

describe('names of classes and columns, as they are typed', () => {
  it('have commas between; JSON says names that hold commas', () => {
    expect(readNames('ant, bee,ant', '--classes')).toEqual(['ant', 'bee']);
    expect(readNames('["ant, red", "bee"]', '--classes')).toEqual(['ant, red', 'bee']);
    expect(readNames('[old] ant,bee', '--classes')).toEqual(['[old] ant', 'bee']);
    expect(readColumns('image=image_name, label=breed', '--columns')).toEqual({
      image: 'image_name',
      label: 'breed',
    });
    expect(readColumns('{"label": "breed, or mix"}', '--columns')).toEqual({ label: 'breed, or mix' });
    expect(readMerge('dog=husky+beagle,cat=tabby', '--merge')).toEqual({
      dog: ['husky', 'beagle'],
      cat: ['tabby'],
    });
    expect(readMerge('{"dog": ["a+b", "c, d"]}', '--merge')).toEqual({ dog: ['a+b', 'c, d'] });
  });

  it.each<[string, () => unknown, string]>([
    [
      'a comma too many',
      () => readNames('ant,,bee', '--classes'),
      '--classes: this value cannot be used: expected names with commas between, such as ant,bee, received "ant,,bee"',
    ],
    ['no text', () => readNames(' ', '--classes'), 'received " "'],
    [
      'no equals sign',
      () => readColumns('image_name', '--columns'),
      '--columns: this value cannot be used: expected names of columns, such as image=image_name,label=breed',
    ],
    ['a column twice', () => readColumns('label=a,label=b', '--columns'), 'this value cannot be used'],
    [
      'another word',
      () => readColumns('file=name', '--columns'),
      'unknown part of --columns "file". There are: image, label, group, split, time.',
    ],
    ['a misspelt word', () => readColumns('lable=name', '--columns'), 'Did you mean "label"?'],
    [
      'no parts',
      () => readMerge('dog=', '--merge'),
      '--merge: this value cannot be used: expected a class and those that it is made of, such as dog=husky+beagle',
    ],
    ['an empty part', () => readMerge('dog=husky++beagle', '--merge'), 'this value cannot be used'],
    ['a number', () => readMerge('{"dog": 3}', '--merge'), 'this value cannot be used'],
  ])('are refused for %s', (_, read, message) => {
    expect(read).toThrow(message);
  });
});
