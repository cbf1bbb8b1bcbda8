import { expect, it } from 'vitest';
import { imagesOfFiles } from './labelled.ts';

const file = (path: string) => ({ path, file: new File([], path.split('/').at(-1)!) });

it('takes the innermost folder that is called like a class, whatever its case and Unicode form', () => {
  const { name, images, leftOut } = imagesOfFiles(
    [
      'photos/test/ants/1.jpg',
      'photos/test/Bees/close/2.jpg',
      'photos/test/cafe\u0301/3.jpg',
      'photos/test/wasps/4.jpg',
      'photos/test/wasps/5.jpg',
    ].map(file),
    ['bees', 'ants', 'caf\u00e9'],
  );
  expect(name).toBe('photos');
  expect(images.map((each) => [each.name, each.label])).toEqual([
    ['photos/test/Bees/close/2.jpg', 0],
    ['photos/test/ants/1.jpg', 1],
    ['photos/test/cafe\u0301/3.jpg', 2],
  ]);
  expect([...leftOut]).toEqual([['wasps', 2]]);
});

it('tells classes apart that differ in letter case alone', () => {
  const { images, leftOut } = imagesOfFiles(
    ['A/1.jpg', 'a/2.jpg', 'ab/3.jpg', 'Ab/4.jpg', 'É/5.jpg'].map(file),
    ['A', 'a', 'aB', 'AB', 'é'],
  );
  expect(images.map((each) => [each.name, each.label])).toEqual([
    ['A/1.jpg', 0],
    ['a/2.jpg', 1],
    ['É/5.jpg', 4],
  ]);
  expect([...leftOut]).toEqual([
    ['Ab', 1],
    ['ab', 1],
  ]);
});

it('says of files in no folder that they are in none', () => {
  const { name, images, leftOut } = imagesOfFiles([file('1.jpg'), file('2.jpg')], ['a']);
  expect([name, images.length, [...leftOut]]).toEqual(['the folders', 0, [['no folder', 2]]]);
});
