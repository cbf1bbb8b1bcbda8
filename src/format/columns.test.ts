import { expect, it } from 'vitest';
import { columnsOf, cutTo } from './columns.ts';
import { aligned } from './format.ts';

it.each([
  ['ant', 3],
  ['Käfer', 5],
  ['Käfer'.normalize('NFD'), 5],
  ['蚂蚁', 4],
  ['ミツバチ', 8],
  ['ﾐﾂﾊﾞﾁ', 5],
  ['개미', 4],
  ['개미'.normalize('NFD'), 4],
  ['ｂｅｅ', 6],
  ['🐝 bee', 6],
  ['–', 1],
  ['', 0],
])('%s takes as many columns as in a terminal', (text, columns) => {
  expect(columnsOf(text)).toBe(columns);
});

it('cuts between characters', () => {
  expect([0, 1, 2, 3, 5].map((columns) => cutTo(columns, '蚂蚁a'))).toEqual(['', '', '蚂', '蚂', '蚂蚁a']);
});

it('aligns rows of a table', () => {
  expect(
    aligned([
      ['蚂蚁', '1'],
      ['bee', '12'],
    ]),
  ).toEqual(['蚂蚁   1', 'bee   12']);
});
