import { describe, expect, it } from 'vitest';
import { csvCell } from './csv.ts';

describe('csvCell', () => {
  it.each([
    ['photo.png', 'photo.png'],
    ['a,b', '"a,b"'],
    ['say "cat"', '"say ""cat"""'],
    ['two\nlines', '"two\nlines"'],
    ['', ''],
  ])('quotes %j where it must', (text, cell) => {
    expect(csvCell(text)).toBe(cell);
  });

  it.each(['=1+1.png', '+cmd', '-x', '@SUM(A1)', '\tx', '＝1', '=HYPERLINK("http://x","y")'])(
    'makes no formula of %j',
    (text) => {
      expect(csvCell(text).replace(/^"/, '')[0]).toBe("'");
    },
  );

  it.each(['-1', '+2.5', '12'])('leaves the number %s a number', (text) => {
    expect(csvCell(text)).toBe(text);
  });
});
