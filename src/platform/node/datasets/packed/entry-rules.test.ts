import { describe, expect, it } from 'vitest';
import { EntryRules } from './entry-rules.ts';

const placesOf = (
  names: readonly string[],
  system: { readonly ignoreCase?: boolean; readonly isWindows?: boolean },
): (string | undefined)[] => {
  const rules = new EntryRules('photos.zip', 1000, { ignoreCase: false, isWindows: false, ...system });
  return names.map((name) => rules.pathOf(name, 1)?.join('/'));
};

describe('where a system ignores case', () => {
  it('gives each image a place of its own', () => {
    const names = ['cat/IMG_1.jpg', 'cat/img_1.jpg', 'cat/img_1-2.jpg', 'dog/img_1.jpg', 'cat/Img_1.jpg'];
    const places = placesOf(names, { ignoreCase: true });
    expect(places.slice(0, 2)).toEqual(['cat/IMG_1.jpg', 'cat/img_1-2.jpg']);
    expect(new Set(places.map((place) => place?.toLowerCase())).size).toBe(names.length);
    expect(placesOf(names, {})).toEqual(names);
  });

  it('lets an entry replace one of the same name', () => {
    const names = ['cat/A.jpg', 'cat/a.jpg', 'cat/a.jpg', 'cat/A.jpg'];
    expect(placesOf(names, { ignoreCase: true })).toEqual([
      'cat/A.jpg',
      'cat/a-2.jpg',
      'cat/a-2.jpg',
      'cat/A.jpg',
    ]);
  });

  it('refuses to make one class of two', () => {
    const names = ['Polish/1.jpg', 'polish/1.jpg'];
    expect(() => placesOf(names, { ignoreCase: true })).toThrow(
      'photos.zip: two folders of this archive have one name on this system: received Polish/ and polish/.',
    );
    expect(placesOf(names, {})).toEqual(names);
  });
});

it('keeps apart what Windows takes for one', () => {
  const names = ['cat/10:30.jpg', 'cat/10?30.jpg', 'cat/10_30.jpg', 'cat/10:30.jpg'];
  expect(placesOf(names, { ignoreCase: true, isWindows: true })).toEqual([
    'cat/10_30.jpg',
    'cat/10_30-2.jpg',
    'cat/10_30-3.jpg',
    'cat/10_30.jpg',
  ]);
  expect(() => placesOf(['a?/1.jpg', 'a*/1.jpg'], { ignoreCase: true, isWindows: true })).toThrow(
    /two folders of this archive have one name on this system: received a\?\/ and a\*\//,
  );
});

it('refuses to rename what a list names', () => {
  const rules = new EntryRules('photos.zip', 1000, { ignoreCase: true, isWindows: false });
  for (const name of ['cat/A.jpg', 'cat/a.jpg', 'labels.csv']) rules.pathOf(name, 1);
  expect(() => rules.checkAll()).toThrow(
    'photos.zip: a list in this archive may name files that cannot have these names here: received cat/a.jpg, and the list labels.csv.',
  );
});

it('renames beside other files than lists', () => {
  const rules = new EntryRules('photos.zip', 1000, { ignoreCase: true, isWindows: true });
  for (const name of ['cat/10:30.jpg', 'cat/A.jpg', 'cat/a.jpg', 'LICENSE.md', 'cat/A.json', 'a/b/c/d.csv']) {
    rules.pathOf(name, 1);
  }
  expect(() => rules.checkAll()).not.toThrow();
});

it('gives files names that Windows takes', () => {
  const names = ['a/Screenshot 10:30:05.png', 'aux/con.jpg', 'b./c?.jpg', 'd/e.jpg'];
  expect(placesOf(names, { ignoreCase: true, isWindows: true })).toEqual([
    'a/Screenshot 10_30_05.png',
    '_aux/_con.jpg',
    'b_/c_.jpg',
    'd/e.jpg',
  ]);
});
