import { expect, it } from 'vitest';
import { resultsPage } from './results-table.ts';

const record = (recipe: string, seed: number, testAccuracy: number) =>
  ({
    format: 1,
    command: `npx harrier train --recipe ${recipe}`,
    created: '',
    options: { recipe, seed, epochs: 8, testTimeAugmentation: 'flip' },
    versions: { node: '20.20.2', 'onnxruntime-node': '1.30.0' },
    hardware: { cpu: 'Some CPU', cores: 2, memoryBytes: 16e9, platform: 'linux', architecture: 'x64' },
    result: { testAccuracy, trainingAccuracy: 0.9, seconds: 600 },
  }) as unknown as Parameters<typeof resultsPage>[0][number];

it('gives one row for each recipe, with the spread over seeds', () => {
  const page = resultsPage([record('a', 1, 0.94), record('a', 2, 0.942), record('b', 1, 0.9)]);
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  expect(rows).toHaveLength(2);
  expect(rows[0]).toContain('| `a` | 94.10 ± 0.14% | 2 | 90.00 ± 0.00% | 10.0 ± 0.0 min | 8 | flip |');
  expect(rows[1]).toContain('| `b` | 90.00% | 1 | 90.00% | 10.0 min | 8 | flip |');
});
