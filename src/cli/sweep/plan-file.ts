import { readFile } from 'node:fs/promises';
import { HarrierError } from '../../errors.ts';
import { jsonObject } from '../../json-text.ts';
import { readError } from '../../platform/node/files/read-error.ts';
import { keptOptions } from '../train/options.ts';
import { isTrialFolder, SWEEP_FORMAT, type SweepRecord, type TrialRecord } from './folder.ts';

/** A line of a plan: a trial, and with it all that the trials have in common, so that it needs nothing else. */
interface PlannedTrial {
  readonly sweep: Omit<SweepRecord, 'trials'>;
  readonly trials: number;
  readonly trial: TrialRecord;
}

/** A sweep as lines of JSON, one for each trial. */
export function planText({ trials, ...common }: SweepRecord): string {
  const sweep = { ...common, given: keptOptions(common.given) };
  const lines = trials.map((trial): PlannedTrial => ({ sweep, trials: trials.length, trial }));
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** @throws HarrierError `not-found`, `storage`; `bad-data` for a file that is no plan, or one that was cut off */
export async function readPlan(path: string): Promise<SweepRecord> {
  const text = await readFile(path, 'utf8').catch((error) => {
    throw readError(error, path, 'file');
  });
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const planned = lines.map((line, i) => {
    const read = jsonObject(line) as PlannedTrial | undefined;
    const isPlanned =
      read?.sweep?.given !== undefined &&
      read.sweep.format <= SWEEP_FORMAT &&
      read.trial?.number === i + 1 &&
      isTrialFolder(read.trial.folder);
    if (isPlanned) return read;
    throw new HarrierError('bad-data', 'this line is no trial of a plan', {
      where: `${path}, line ${i + 1}`,
      next: 'Plan again: npx harrier sweep --vary … --plan trials.jsonl',
    });
  });
  const [first] = planned;
  if (first && planned.length === first.trials) {
    return { ...first.sweep, trials: planned.map(({ trial }) => trial) };
  }
  throw new HarrierError('bad-data', 'this plan is not whole', {
    where: path,
    expected: first ? `${first.trials} trials` : 'a trial a line',
    received: `${planned.length}`,
    next: 'Copy the file again, or plan again.',
  });
}
