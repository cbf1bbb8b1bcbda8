// Runs one command after another in one process: loading the program takes longer than most commands that are tested.
// Each is the built command as `dist/cli/main.js` runs it, with its own arguments, folder and environment.
import { createReadStream } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Reporter } from '../../dist/cli/reporter.js';
import { runCommand } from '../../dist/cli/run-command.js';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

// Not by a channel of Node's: a command that has one takes its other end for its parent.
for await (const line of createInterface({ input: createReadStream('', { fd: 3 }) })) {
  const { args, cwd, environment, end } = JSON.parse(line);
  process.chdir(cwd);
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
  process.argv.splice(1, process.argv.length, program, ...args);
  process.exitCode = undefined;
  await runCommand(new Reporter());
  const code = process.exitCode ?? 0;
  // A command may listen until its process ends; here it would hide what goes wrong in those after it.
  process.removeAllListeners('uncaughtException');
  process.exitCode = undefined;
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise((resolve) => stream.write(`${end}${code}\n`, resolve));
  }
}
