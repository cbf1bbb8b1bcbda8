import { resolutionOver } from '../../data/resolution.ts';
import { HarrierError } from '../../errors.ts';
import { formatDuration, formatQuantity } from '../../format/format.ts';
import { NODE_RUNS } from '../../platform/node/runs/train-run.ts';
import type { PreparedRun } from '../../runs/prepare-run.ts';
import { type LengthWithin, lengthWithin } from '../../runs/within-time.ts';
import type { Reporter } from '../reporter.ts';

/**
 * A run that is trained by steps, with as many of its epochs as fit into its time; as it is where none was given.
 *
 * @throws HarrierError `bad-option` when not even one epoch fits
 */
export async function withinTime(run: PreparedRun, reporter: Reporter): Promise<PreparedRun> {
  const { time, head, epochs: wanted } = run.options;
  if (time === undefined || head !== undefined) return run;
  const length = await lengthToTry(run, reporter);
  const { epochs, epochSeconds, seconds } = length;
  if (epochs === 0) {
    throw new HarrierError('bad-option', 'not even one epoch fits into this time', {
      where: '--time',
      expected: `more than ${formatDuration(epochSeconds)}, which an epoch takes on this machine`,
      received: `${formatDuration(time)}, of which ${formatDuration(seconds)} are left for training`,
    });
  }
  if (epochs < wanted) {
    const fitting = `${formatQuantity(epochs, 'epoch')} of ${wanted}`;
    reporter.note(
      `Note: --time ${formatDuration(time)} has room for ${fitting}, at about ${formatDuration(epochSeconds)} each.`,
    );
  }
  return withEpochs(run, epochs);
}

/** How many epochs of a run fit into what is left of its time since this process began. */
export function lengthToTry(run: PreparedRun, reporter: Reporter): Promise<LengthWithin> {
  reporter.status('timing a few steps …');
  return lengthWithin(run, () => run.options.time! - performance.now() / 1000, NODE_RUNS);
}

export function withEpochs(run: PreparedRun, epochs: number): PreparedRun {
  const { epochs: wanted, resolution } = run.options;
  const sizes = resolution && { resolution: resolutionOver(resolution, wanted, epochs) };
  return { ...run, options: { ...run.options, epochs, ...sizes } };
}
