import { HarrierError } from '../../errors.ts';
import { formatDuration, formatQuantity } from '../../format/format.ts';
import { flagOf } from '../../options/option.ts';
import type { TrainOptions } from '../../platform/node/runs/new-run.ts';
import { NODE_RUNS } from '../../platform/node/runs/train-run.ts';
import type { PreparedRun } from '../../runs/prepare-run.ts';
import { timeRun } from '../../runs/within-time.ts';
import type { Reporter } from '../reporter.ts';
import { announce } from './one-run.ts';

/** Options of several runs, or of one that has begun. */
const NOT_NEW = ['resume', 'seeds', 'folds', 'time'] as const satisfies (keyof TrainOptions)[];

/** @throws HarrierError `bad-option` for options that a dry run cannot have */
export function checkDryRun(given: TrainOptions): void {
  const other = given.dryRun ? NOT_NEW.find((name) => given[name] !== undefined) : undefined;
  if (other === undefined) return;
  throw new HarrierError('bad-option', `--dry-run and ${flagOf(other)} cannot be combined`, {
    next: 'It tells of one new run: leave one of the two out.',
  });
}

/** `train --dry-run`: says what would be trained, and about how long it takes. */
export async function dryRun(run: PreparedRun, reporter: Reporter, json: boolean | undefined): Promise<void> {
  announce(run, undefined, reporter);
  reporter.status('timing …');
  const timed = await timeRun(run, NODE_RUNS);
  const { seconds } = timed;
  const { epochs, head } = run.options;
  const how =
    head === undefined
      ? `${formatQuantity(epochs, 'epoch')} of about ${formatDuration(seconds / epochs)}`
      : 'features of all images; those that are known already take none, and fitting the head comes on top';
  reporter.print(`About ${formatDuration(seconds)}: ${how}. Nothing was trained.`);
  if (json) reporter.json({ ...timed, ...(head === undefined && { epochs }) });
}
