import { readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';

const TARGET = 0.25;
const source = readFileSync(new URL('quick-start.ts', import.meta.url), 'utf8');

it('the first example does what it says', { timeout: 600_000 }, async () => {
  const print = vi.spyOn(console, 'log').mockImplementation(() => {});
  await import('./quick-start.ts');
  const [[summary], [accuracy], [probabilities]] = print.mock.calls;
  print.mockRestore();

  expect(summary).toContain('Total params: 4,200,842');
  expect(source).toContain(`above ${TARGET}`);
  expect(accuracy).toBeGreaterThan(TARGET);
  expect(probabilities).toHaveLength(30);
  for (let image = 0; image < 3; image++) {
    const row: Float32Array = probabilities.subarray(image * 10, image * 10 + 10);
    expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
  }
});

it('the first example has fewer than 20 lines', () => {
  const lines = source.split('\n').filter((line) => line.trim() !== '');
  expect(lines.length).toBeLessThan(20);
});

it('the README shows this example', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(readme).toContain(source.trim());
});
