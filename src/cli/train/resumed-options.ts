import { HarrierError } from '../../errors.ts';
import { flagOf } from '../../options/option.ts';
import type { TrainOptions } from '../../platform/node/runs/new-run.ts';

/** What may be said anew of several runs that go on. `--no-…` options are true where nobody gave them. */
const CHANGEABLE = [
  'resume',
  'data',
  'skipBad',
  'threads',
  'device',
  'logTo',
  'checkpointSeconds',
  'json',
  'debug',
  'calibrate',
  'keepBest',
];

/**
 * Checks what was typed with `--resume` of a group of runs.
 *
 * @param isOwn whether an option of the group itself may have this value
 * @param summary says what keeps its own options
 * @throws HarrierError `bad-option` for what cannot change
 */
export function checkResumed(
  typed: TrainOptions,
  isOwn: (option: string, value: unknown) => boolean,
  summary: string,
): void {
  const fixed = Object.entries(typed).find(
    ([option, value]) =>
      value !== undefined && !isOwn(option, value) && (!CHANGEABLE.includes(option) || value === false),
  );
  if (!fixed) return;
  const option = flagOf(fixed[0]);
  throw new HarrierError('bad-option', summary, {
    where: fixed[1] === false ? option.replace('--', '--no-') : option,
    next: 'Leave it out, or start again without --resume.',
  });
}
