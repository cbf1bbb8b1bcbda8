import { constants } from 'node:os';
import { HarrierError } from '../errors.ts';
import { Exit } from './failure.ts';

/** What asks a process to stop. */
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof SIGNALS)[number];

/** The wish to stop: Ctrl-C, or a polite kill. */
export interface Interruption {
  /** Undefined until someone wishes so. */
  readonly exitCode: number | undefined;
  /** For work that can be abandoned. */
  readonly signal: AbortSignal;
  end(): void;
}

/** Nobody presses Ctrl-C twice within it; npm and npx send on the signal that a terminal gives all its processes. */
const SAME_MS = 500;

/**
 * Listens for signals: the first is noted, so that work can end in an orderly way; a second ends the process at once.
 *
 * @param clock milliseconds from any beginning
 */
export function watchInterruption(
  onFirst: () => void,
  clock: () => number = () => performance.now(),
): Interruption {
  const controller = new AbortController();
  let exitCode: number | undefined;
  let first = 0;
  const listen = (signal: Signal): void => {
    // As shells report a process that a signal ended.
    const code = 128 + constants.signals[signal];
    if (exitCode !== undefined) {
      if (clock() - first < SAME_MS) return;
      process.exit(code);
    }
    exitCode = code;
    first = clock();
    onFirst();
    controller.abort();
  };
  for (const signal of SIGNALS) process.on(signal, listen);
  return {
    get exitCode() {
      return exitCode;
    },
    signal: controller.signal,
    end() {
      for (const signal of SIGNALS) process.off(signal, listen);
    },
  };
}

/** What was abandoned because of a signal fails in its own way; the signal is what the user knows of. */
export function orExit(error: unknown, { exitCode, signal }: Interruption): unknown {
  if (exitCode === undefined || !signal.aborted || error instanceof HarrierError) return error;
  return error instanceof Exit ? error : new Exit(exitCode);
}

/**
 * Where another process of Harrier started this one and holds a channel to it: `stop` on that channel, or the other's
 * end, is a wish to stop as Ctrl-C is one.
 */
export function endWithParent(): void {
  if (!process.connected) return;
  let wished = false;
  const stop = (): void => {
    // Once: a second signal would end the process before it has saved.
    if (!wished) process.emit('SIGINT', 'SIGINT');
    wished = true;
  };
  process.on('message', (message) => {
    if (message === 'stop') stop();
  });
  process.on('disconnect', stop);
  // It is no reason to stay.
  process.channel?.unref();
}
