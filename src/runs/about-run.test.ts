import { expect, test } from 'vitest';
import { aboutText, changedAbout, readAbout } from './about-run.ts';

test('a name and tags are kept as they were given, without what is too much', () => {
  const about = changedAbout({}, { name: '  The  good one ', tags: ['shop', ' shop', '', 'may ship'] });
  expect(about).toEqual({ name: 'The good one', tags: ['shop', 'may ship'] });
  expect(readAbout(aboutText(about))).toEqual(about);
});

test('what is left out stays, and what is empty goes', () => {
  const before = { name: 'a', tags: ['x'] };
  expect(changedAbout(before, { tags: ['y'] })).toEqual({ name: 'a', tags: ['y'] });
  expect(changedAbout(before, { name: '', tags: [] })).toEqual({});
});

test.each([
  [{ name: 'runs/mine' }, /cannot have this name/],
  [{ name: 'latest' }, /cannot have this name/],
  [{ name: '..' }, /cannot have this name/],
  [{ name: '--help' }, /cannot have this name/],
  [{ name: 'x'.repeat(81) }, /too long.*at most 80/],
  [{ tags: ['a,b'] }, /cannot have these tags/],
  [{ tags: Array.from({ length: 21 }, (_, i) => `${i}`) }, /received: 21 tags|received 21 tags/],
])('%j is refused', (change, message) => {
  expect(() => changedAbout({}, change)).toThrow(message);
});

test.each(['', 'no JSON', '[]', '{"name": 7, "tags": "x"}'])('%j says nothing', (text) => {
  expect(readAbout(text)).toEqual({});
});
