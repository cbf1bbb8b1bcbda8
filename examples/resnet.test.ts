import { readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';

const TARGET = 0.3;
const source = readFileSync(new URL('resnet.ts', import.meta.url), 'utf8');

it('the residual network learns', { timeout: 600_000 }, async () => {
  const print = vi.spyOn(console, 'log').mockImplementation(() => {});
  await import('./resnet.ts');
  const [[summary], [losses], [accuracy]] = print.mock.calls;
  print.mockRestore();

  expect(summary).toContain('│ add_1 (Add) ');
  expect(summary).toContain('│ batch_normalization_5[0][0]');
  expect(losses).toHaveLength(4);
  expect(losses).toEqual([...losses].sort((a, b) => b - a));
  expect(losses[3]).toBeLessThan(0.85 * losses[0]);
  expect(source).toContain(`above ${TARGET}`);
  expect(accuracy).toBeGreaterThan(TARGET);
});

it('docs/functional.md shows this example', () => {
  const page = readFileSync(new URL('../docs/functional.md', import.meta.url), 'utf8');
  expect(page).toContain(source.trim());
});
