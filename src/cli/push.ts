import type { Command } from 'commander';
import { about } from './about.ts';
import { command } from './command.ts';
import { withOptions } from './flags.ts';
import { withForeignOptions } from './foreign.ts';
import type { PushCommandOptions } from './push/run.ts';

export function pushCommand(): Command {
  const pushing = command('push', about.push, [
    ['push latest hf:acme/parts', 'for transformers.js, and for harrier train --from hf:acme/parts'],
    ['push latest hf:acme/parts --private', 'for its owner alone'],
  ])
    .argument('<run|model.onnx>', 'a run folder, "latest", or a model file')
    .argument('<hf:OWNER/NAME>', 'the repository; it is created where it is missing')
    .option('--private', 'create the repository for its owner alone')
    .option('--message <text>', 'the first line of the commit')
    .option('--json', 'print one JSON object');
  withOptions(pushing, ['tta'], {
    tta: "views of each image to average: none, flip or flip-shift (default: the model's own)",
  });
  withForeignOptions(pushing);
  return pushing.action(async (model: string, target: string, options: PushCommandOptions) => {
    const { runPush } = await import('./push/run.ts');
    await runPush(model, target, options);
  });
}
