import { expect, it } from 'vitest';
import { jsonText } from './json-text.ts';

it('writes what JSON.stringify means, with numbers on one line', () => {
  const value = {
    name: 'a"b',
    matrix: [
      [1, 0],
      [0, Number.NaN],
    ],
    none: undefined,
    empty: [],
    nothing: {},
    list: ['x', null, { y: [true] }],
  };
  const text = jsonText(value);
  expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
  expect(text).toContain('  "matrix": [\n    [1,0],\n    [0,null]\n  ],\n');
});
