import { Command } from 'commander';
import { expect, it } from 'vitest';
import { HarrierError } from '../errors.ts';
import { failureOf } from './failure.ts';

const error = new HarrierError('bad-data', '1 file cannot be used', {
  next: 'Repair it, or skip it.',
  options: ['skipBad', 'imageSize'],
});

it('advises the options that the command has, by itself or from the one that it belongs to', () => {
  const child = new Command('child');
  new Command('parent').option('--skip-bad').addCommand(child);
  expect(failureOf(error, child).message).toBe('1 file cannot be used. Repair it, or skip it (--skip-bad).');
  expect(failureOf(error, new Command('other')).message).toBe(
    '1 file cannot be used. Repair it, or skip it.',
  );
});

it('advises all of them where the command is not known', () => {
  expect(failureOf(error).message).toBe(
    '1 file cannot be used. Repair it, or skip it (--skip-bad, --image-size).',
  );
});
