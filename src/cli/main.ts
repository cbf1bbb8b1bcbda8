import { Reporter } from './reporter.ts';
import { fail, runCommand } from './run-command.ts';

const reporter = new Reporter();

/** Commands whose only result is what they print. */
const PRINTING = ['predict', 'evaluate', 'data', 'models', 'summary', 'recipes', 'compare', 'list', 'logs'];

// The reader of the output may stop: `harrier predict … | head`.
// What writes files, answers others or changes something on AWS goes on unread: it must not end half-way.
const goesOn = () => {
  const words = process.argv.slice(2);
  const what = words.find((word) => !/^(sagemaker|container)$/.test(word));
  const writes = words.some((word) => /^--(?:out|sort|preview)(?:=|$)/.test(word));
  return what !== undefined && !what.startsWith('-') && (writes || !PRINTING.includes(what));
};
for (const stream of [process.stdout, process.stderr]) {
  const name = stream === process.stdout ? 'standard output' : 'standard error';
  let isSaid = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') {
      if (!goesOn() && stream === process.stdout) process.exit(process.exitCode ?? 0);
      return;
    }
    if (!isSaid && stream === process.stdout) {
      reporter.note(`Note: ${name} cannot be written (${error.message.split('\n')[0]}).`);
    }
    isSaid = true;
    // A command whose only result is what it prints has failed.
    if (!goesOn()) process.exitCode = 1;
  });
}
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error) => {
    fail(error, reporter);
    process.exit();
  });
}

await runCommand(reporter);
