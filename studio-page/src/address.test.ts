import { expect, test } from 'vitest';
import { addressOf, listOf, placeOf } from './address.ts';

test('an address names a view and its query, below any folder', () => {
  expect(placeOf('/some/folder/data?class=3')).toEqual({ view: 'data', query: { class: '3' } });
  expect(placeOf('/evaluate?run=a&cell=3,5')).toEqual({ view: 'evaluate', query: { run: 'a', cell: '3,5' } });
  expect(placeOf('/')).toEqual({ view: 'try', query: {} });
  expect(placeOf('')).toEqual({ view: 'try', query: {} });
  expect(placeOf('/index.html')).toEqual({ view: 'try', query: {} });
});

test('what a link says leads back to the same place', () => {
  const address = addressOf('/some/folder/', 'evaluate', {
    run: 'standard-1',
    cell: '3,5',
    with: undefined,
    q: 'a & b',
  });
  expect(address).toBe('/some/folder/evaluate?run=standard-1&cell=3,5&q=a+%26+b');
  expect(placeOf(address)).toEqual({
    view: 'evaluate',
    query: { run: 'standard-1', cell: '3,5', q: 'a & b' },
  });
  const augmented = addressOf('/', 'data', { augment: 'flip,cutout=8' });
  expect(augmented).toBe('/data?augment=flip,cutout=8');
  expect(placeOf(augmented).query).toEqual({ augment: 'flip,cutout=8' });
  expect(addressOf('#/', 'try')).toBe('#/try');
});

test('an address that names no view is told as it was asked for', () => {
  expect(placeOf('/folder/nonsense?x=1')).toMatchObject({ view: 'try', unknown: '/folder/nonsense' });
  expect(placeOf('/not-found?address=%2Fa%2Fb').unknown).toBe('/a/b');
  expect(placeOf('/not-found').unknown).toBe('/not-found');
  expect(placeOf('/toString').unknown).toBe('/toString');
});

test('lists hold no empty items', () => {
  expect(listOf('a,b,')).toEqual(['a', 'b']);
  expect(listOf(undefined)).toEqual([]);
});

test('knows views by the names that they had before', () => {
  expect(placeOf('/judge?run=a')).toEqual({ view: 'evaluate', query: { run: 'a' } });
  expect(placeOf('/studio/inside').view).toBe('inspect');
});
