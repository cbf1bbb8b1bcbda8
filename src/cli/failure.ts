import { type Command, CommanderError } from 'commander';
import { HarrierError } from '../errors.ts';
import { flagOf } from '../options/option.ts';

/** Ends a command early and quietly with an exit code, after everything was said. */
export class Exit extends Error {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

export interface Failure {
  readonly exitCode: number;
  /** What to print after `error: `; undefined when everything was said. */
  readonly message?: string;
}

const FAILED = 1;
const WRONG_USAGE = 2;

/**
 * What to say about an error, and the exit code: 2 for wrong usage, else 1.
 * @param command the one that failed: options that it lacks are not advised
 */
export function failureOf(error: unknown, command?: Command): Failure {
  if (error instanceof Exit) return { exitCode: error.exitCode };
  if (error instanceof HarrierError) {
    return {
      exitCode: error.code === 'bad-option' ? WRONG_USAGE : FAILED,
      message: withFlags(error, command),
    };
  }
  if (error instanceof CommanderError) {
    // Help and version were asked for: nothing is wrong.
    if (error.exitCode === 0) return { exitCode: 0 };
    // No command at all: the help has been shown.
    if (error.code === 'commander.help') return { exitCode: WRONG_USAGE };
    return { exitCode: WRONG_USAGE, message: usageSentence(error.message) };
  }
  const reason = error instanceof Error ? error.message.split('\n')[0] || error.name : String(error);
  return {
    exitCode: FAILED,
    message:
      `something unexpected went wrong (${reason}). This is a fault of Harrier: please report it, ` +
      'with what the same command prints with --debug.',
  };
}

/** An error's message with the options that it advises as they are typed: "Lower the batch size (--batch-size)." */
function withFlags({ message, details: { options = [] } }: HarrierError, command?: Command): string {
  const flags = options.map(flagOf).filter((flag) => !command || hasFlag(command, flag));
  if (flags.length === 0) return message;
  return `${message.replace(/\.$/, '')} (${flags.join(', ')}).`;
}

/** Whether a command, or one that it belongs to, has a flag. */
function hasFlag({ options, parent }: Command, flag: string): boolean {
  return options.some(({ long }) => long === flag) || (parent !== null && hasFlag(parent, flag));
}

/** Every error of a chain of causes, stacks included: what --debug shows. */
export function stacks(error: unknown): string {
  const parts: string[] = [];
  for (let each = error; each !== undefined && parts.length < 10; each = (each as Error).cause) {
    parts.push(each instanceof Error ? (each.stack ?? each.message) : String(each));
    if (!(each instanceof Error)) break;
  }
  return parts.join('\ncaused by: ');
}

/** Commander's message ("error: unknown option '--epoch'\n(Did you mean --epochs?)") in one line. */
function usageSentence(message: string): string {
  const [first, ...rest] = message.replace(/^error: /, '').split('\n');
  const advice = rest.join(' ').replace(/^\((.*)\)$/, '$1');
  const sentence = /[.!?]$/.test(first) ? first : `${first}.`;
  return `${sentence} ${advice || 'See --help.'}`;
}
