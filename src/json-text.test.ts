import { expect, it } from 'vitest';
import { jsonObject } from './json-text.ts';

it('gives the object that a text holds', () => {
  expect(jsonObject(' {"a": [1, null]} ')).toEqual({ a: [1, null] });
});

it.each(['', 'null', '[]', '3', '"{}"', 'true', '{', '{"a":1}{', 'undefined'])('%s is no object', (text) => {
  expect(jsonObject(text)).toBeUndefined();
});
