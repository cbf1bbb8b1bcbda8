import { expect, it } from 'vitest';
import { imagePlace } from './image-place.ts';

it('keeps the class and the part, and leaves off what is further out', () => {
  expect(imagePlace('holiday/photos/Training Set/cafe\u0301/1.jpg')).toEqual({
    part: 'train',
    folder: 'caf\u00e9',
    file: '1.jpg',
  });
  expect(imagePlace('ants/1.jpg')).toEqual({ folder: 'ants', file: '1.jpg' });
  expect(imagePlace('unlabeled/ants/1.jpg')).toEqual({ folder: 'ants', file: '1.jpg' });
});

it.each([
  ['1.jpg', 'lies in no folder'],
  ['../1.jpg', 'can have this name'],
  ['a/..', 'can have this name'],
  ['a/', 'can have this name'],
  ['/1.jpg', 'can have this name'],
  ['..\\..\\x/1.jpg', 'can have this name'],
  ['C:/1.jpg', 'can have this name'],
  ['a/b\u0000.jpg', 'can have this name'],
  ['a/CON.jpg', 'can have this name'],
  ['lpt1/1.jpg', 'can have this name'],
  ['a /1.jpg', 'can have this name'],
  ['.ssh/1.jpg', 'can have this name'],
  [`a/${'x'.repeat(201)}.jpg`, 'at most 200 bytes'],
  ['@eaDir/1.jpg', 'a system made'],
  ['a/Thumbs.db', 'a system made'],
  ['photos/test/1.jpg', 'is a part of the data'],
])('refuses %j', (path, reason) => {
  expect(() => imagePlace(path)).toThrow(reason);
});
