import { Reporter } from './reporter.ts';
import { fail, runCommand } from './run-command.ts';

const reporter = new Reporter();

// The reader of the output may stop: `harrier predict … | head`.
// Training, serving and changes on AWS go on unread: they write files, answer others, or must not end half-way.
const goesOn = () => {
  const what = process.argv.slice(2).find((word) => !/^(sagemaker|container)$/.test(word));
  return [
    'train',
    'sweep',
    'serve',
    'studio',
    'label',
    'tune',
    'deploy',
    'transform',
    'stop',
    'delete',
  ].includes(what ?? '');
};
for (const stream of [process.stdout, process.stderr]) {
  const name = stream === process.stdout ? 'standard output' : 'standard error';
  let isSaid = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') {
      if (!goesOn() && stream === process.stdout) process.exit(0);
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
