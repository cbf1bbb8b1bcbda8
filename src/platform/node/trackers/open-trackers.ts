import { HarrierError, unknownName } from '../../../errors.ts';
import { csvTable } from './csv.ts';
import { mlflow } from './mlflow.ts';
import { tensorBoard } from './tensorboard/tensorboard.ts';
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

/**
 * The trackers that a list names: `tensorboard,mlflow=http://127.0.0.1:5000,csv=all.csv`. None is asked yet.
 * @throws HarrierError `bad-option` for a name that there is not, or a value that it cannot use
 */
export function openTrackers(list: string | undefined): Tracker[] {
  if (list === undefined) return [];
  const parts = list.split(',').map((part) => part.trim());
  return parts.map((part) => {
    const [, name, value] = /^([^=]*)(?:=(.*))?$/s.exec(part)!;
    const open = Object.hasOwn(TRACKERS, name) ? TRACKERS[name] : undefined;
    if (!open) throw unknownName('tracker of --log-to', name, Object.keys(TRACKERS));
    if (value === '') {
      throw new HarrierError('bad-option', 'nothing follows the equals sign', {
        where: `--log-to ${name}=`,
        next: 'Name a place, or leave the sign out.',
      });
    }
    return open(value);
  });
}

function protocolOf(address: string): string {
  try {
    return new URL(address).protocol;
  } catch {
    return '';
  }
}
