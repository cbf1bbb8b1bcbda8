import type { Command } from 'commander';
import { commandArguments } from './arguments.ts';
import { failureOf, stacks } from './failure.ts';
import { withHome } from './home.ts';
import { withMatches } from './patterns.ts';
import { createProgram, helpLast } from './program.ts';
import type { Reporter } from './reporter.ts';

/** Says what went wrong, and makes it the process's exit code. @param command the one that failed, where that is known */
export function fail(error: unknown, reporter: Reporter, command?: Command): void {
  const { exitCode, message } = failureOf(error, command);
  process.exitCode = exitCode;
  if (message === undefined) return;
  reporter.error(message);
  if (process.argv.includes('--debug')) reporter.note(stacks(error));
}

/** Runs the command that the command line of this process names, and sets the exit code. */
export async function runCommand(reporter: Reporter): Promise<void> {
  let running: Command | undefined;
  try {
    const typed = await commandArguments();
    if (!typed) return;
    // Later readers of the command line, such as a run's record, find it as it was typed.
    process.argv.splice(2, process.argv.length, ...typed);
    const given = helpLast(withHome(typed));
    const program = await createProgram(given);
    program.hook('preAction', (_, command) => {
      running = command;
    });
    await program.parseAsync(await withMatches(given), { from: 'user' });
  } catch (error) {
    fail(error, reporter, running);
  }
}
