import { readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';

const source = readFileSync(new URL('coming-from-keras.ts', import.meta.url), 'utf8');
const page = readFileSync(new URL('../docs/coming-from-keras.md', import.meta.url), 'utf8');
const bare = (code: string) => code.replace(/\s+|,(?=\s*[)\]}])|[{}]/g, '');

it('what a user of Keras writes works as the page says', { timeout: 300_000 }, async () => {
  const print = vi.spyOn(console, 'log').mockImplementation(() => {});
  await import('./coming-from-keras.ts');
  const lines = print.mock.calls;
  print.mockRestore();

  expect(lines[0][0]).toContain('conv2d (Conv2D)');
  const losses = lines.filter(([first, second]) => Number.isInteger(first) && typeof second === 'number');
  const [validation] = lines.find(([first]) => Array.isArray(first))!;
  expect(validation).toHaveLength(losses.filter((line) => line.length === 2).length);
  const [, accuracy, count] = lines.find((line) => line.length === 3)!;
  expect(accuracy).toBeGreaterThan(0.9);
  expect(count).toBe(360);
  expect(lines.at(-2)).toEqual([3 * 3 * 1 * 8]);
  expect(lines.at(-1)).toEqual([accuracy]);
});

const table = page.slice(page.indexOf('| Keras |'), page.indexOf('\n\n', page.indexOf('| Keras |')));
const rows = table.split('\n').slice(2);

it('the table has a line for everything', () => {
  expect(rows.length).toBeGreaterThan(20);
});

it.each(rows.map((row) => row.split(/(?<!\\)\|/)[2].trim()))('%s stands in the example', (cell) => {
  const codes = [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code.replaceAll('\\|', '|'));
  expect(codes).not.toEqual([]);
  for (const code of codes) expect(bare(source)).toContain(bare(code));
});
