import { basename, resolve } from 'node:path';
import { HarrierError, unknownName } from '../../../errors.ts';
import { importOwnFile, isOwnFile, ownFileError } from '../files/own-file.ts';
import { CSV_FILE, csvTable } from './csv.ts';
import { KEPT, mlflow } from './mlflow.ts';
import { BOARD_FOLDER, tensorBoard } from './tensorboard/tensorboard.ts';
import type { Tracker } from './tracker.ts';
import { wandb } from './wandb.ts';

/** What `--log-to` knows, by name; the value is what follows a name and `=`. */
const TRACKERS: Readonly<Record<string, (value: string | undefined) => Tracker>> = {
  tensorboard: tensorBoard,
  mlflow(value) {
    const address = value ?? process.env.MLFLOW_TRACKING_URI;
    if (address && /^https?:$/.test(protocolOf(address))) return mlflow(address);
    throw new HarrierError('bad-option', 'MLflow needs the address of its server', {
      where: '--log-to',
      expected: 'mlflow=http://127.0.0.1:5000, or one in MLFLOW_TRACKING_URI',
      received: value === undefined ? 'mlflow' : `mlflow=${value}`,
    });
  },
  csv: csvTable,
  wandb,
};

/** What trackers keep in the folder of a run, where they are given no other place. */
export const TRACKED: readonly string[] = [BOARD_FOLDER, CSV_FILE, KEPT, 'wandb'];

/**
 * The trackers that a list names: `tensorboard,mlflow=http://127.0.0.1:5000,./my-tracker.ts=value`. None is asked yet.
 * @throws HarrierError `bad-option` for a name that there is not, a value that it cannot use, or a file that makes no
 *   tracker; `not-found` for a missing file
 */
export async function openTrackers(list: string | undefined): Promise<Tracker[]> {
  if (list === undefined) return [];
  const trackers: Tracker[] = [];
  for (const part of list.split(',')) {
    const [, name, value] = /^([^=]*)(?:=(.*))?$/s.exec(part.trim())!;
    if (value === '') {
      throw new HarrierError('bad-option', 'nothing follows the equals sign', {
        where: `--log-to ${name}=`,
        next: 'Name a place, or leave the sign out.',
      });
    }
    if (isOwnFile(name)) trackers.push(await ownTracker(resolve(name), value));
    else if (Object.hasOwn(TRACKERS, name)) trackers.push(TRACKERS[name](value));
    else throw unknownName('tracker of --log-to', name, Object.keys(TRACKERS));
  }
  return trackers;
}

/** The tracker that a user's own file makes. */
async function ownTracker(file: string, value: string | undefined): Promise<Tracker> {
  const [harrier, node] = await Promise.all([import('../../../index.ts'), import('../index.ts')]);
  const open = await importOwnFile(file, 'tracker', { harrier, 'harrier/node': node });
  if (typeof open !== 'function') {
    throw new HarrierError('bad-option', 'this file exports no function that makes a tracker', {
      where: file,
      next: 'Write: export default (value) => ({ name, begin, epoch, end }). See docs/trackers.md.',
    });
  }
  let tracker: Tracker;
  try {
    tracker = await open(value);
  } catch (cause) {
    throw ownFileError(file, cause, 'this tracker cannot be made');
  }
  const missing = (['begin', 'epoch', 'end'] as const).filter(
    (each) => typeof tracker?.[each] !== 'function',
  );
  if (missing.length > 0) {
    throw new HarrierError('bad-option', 'this tracker lacks functions', {
      where: file,
      expected: 'begin, epoch and end',
      received: `no ${missing.join(', no ')}`,
    });
  }
  const name = typeof tracker.name === 'string' ? tracker.name : basename(file);
  return {
    name,
    begin: async (run) => tracker.begin(run),
    epoch: async (record) => tracker.epoch(record),
    end: async (result) => tracker.end(result),
  };
}

function protocolOf(address: string): string {
  try {
    return new URL(address).protocol;
  } catch {
    return '';
  }
}
