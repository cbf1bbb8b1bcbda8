import type { Command } from 'commander';
import { about } from './about.ts';
import { command } from './command.ts';
import { withForeignOptions } from './foreign.ts';
import type { ServeCommandOptions } from './serve/run.ts';
import { collect, number, oneOf, wholeNumber } from './values.ts';

export function serveCommand(): Command {
  const serve = command('serve', about.serve, [
    ['serve', 'the newest run in ./runs, else the model in the package, on http://127.0.0.1:8080'],
    ['serve runs/mine --port 9000', 'another run, another port'],
    ['serve model.onnx --host 0.0.0.0 --token "$TOKEN"', 'for other machines'],
    ['serve --max-batch 1', 'without batching'],
  ])
    .argument(
      '[run|model.onnx]',
      'a run folder, "latest", or a model file (default: the newest run in ./runs, else the model in the package)',
    )
    .option('--port <number>', 'port; 0 chooses a free one', wholeNumber('--port', { atLeast: 0 }), 8080)
    .option('--host <address>', 'address to listen on; 0.0.0.0 for all', '127.0.0.1')
    .option(
      '--allow-host <name>',
      'host name of a proxy on this machine, which passes on requests of others; can be given more than once',
      collect,
    )
    .option('--name <name>', 'name of the model in URLs', 'harrier')
    .option('--workers <count>', 'threads that classify (default: one per core)', wholeNumber('--workers'))
    .option(
      '--threads <count>',
      'threads of one operation in each worker (default: cores / workers, more for a batch that runs alone)',
      wholeNumber('--threads'),
    )
    .option(
      '--max-queue <images>',
      'images that may wait; further ones are refused',
      wholeNumber('--max-queue'),
      128,
    )
    .option('--max-batch <images>', 'largest batch', wholeNumber('--max-batch'), 32)
    .option(
      '--max-delay <ms>',
      'how long an image may wait for others, to form a batch',
      number('--max-delay', { atLeast: 0 }),
      5,
    )
    .option('--deadline <ms>', 'how long a request may take', wholeNumber('--deadline'), 10_000)
    .option('--max-body <megabytes>', 'largest request', number('--max-body', { above: 0 }), 25)
    .option('--max-pixels <megapixels>', 'largest image', number('--max-pixels', { above: 0 }), 50)
    .option('--token <token>', 'bearer token that clients must send (default: HARRIER_TOKEN, if set)')
    .option(
      '--log <level>',
      'JSON lines on standard output: info (every request), warn or error',
      oneOf('--log', ['info', 'warn', 'error'] as const),
      'info',
    )
    .option('--no-reload', 'do not reload a changed model file');
  return withForeignOptions(serve).action(async (model: string | undefined, options: ServeCommandOptions) => {
    const { runServe } = await import('./serve/run.ts');
    await runServe(model, options);
  });
}
