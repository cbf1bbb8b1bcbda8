import { expect, test } from 'vitest';
import { checkDryRun } from './dry-run.ts';

test.each([
  [{ seeds: 3 }, '--dry-run and --seeds cannot be combined'],
  [{ folds: 5 }, '--dry-run and --folds cannot be combined'],
  [{ resume: 'latest' }, '--dry-run and --resume cannot be combined'],
  [{ time: 60 }, '--dry-run and --time cannot be combined'],
])('%j is no single new run of a known length', (given, message) => {
  expect(() => checkDryRun({ ...given, dryRun: true })).toThrow(message);
  expect(() => checkDryRun(given)).not.toThrow();
});
