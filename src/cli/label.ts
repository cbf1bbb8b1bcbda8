import type { Command } from 'commander';
import { about } from './about.ts';
import { command, withThreads } from './command.ts';
import { withOptions } from './flags.ts';
import type { LabelCommandOptions } from './label/run.ts';
import { wholeNumber } from './values.ts';

export function labelCommand(): Command {
  const label = command('label', about.label, [
    ['label ./unsorted --classes ants,bees', 'no model yet: a pretrained network learns as you label'],
    ['label ./unsorted --from latest', 'the newest run proposes its classes'],
    ['label ./unsorted', 'goes on with ./unsorted/labels.csv'],
    ['label ./unsorted --move', 'moves labelled images into class folders, and ends'],
    ['train --data ./unsorted/labels.csv', 'trains on the labels'],
  ])
    .argument('<folder>', 'images, with or without sub-folders; labels.csv is written there')
    .option('--classes <names>', 'names of classes, with commas between; more can be added in the page')
    .option('--move', 'move the labelled images into class folders; overwrites no file')
    .option('--port <number>', 'port; 0 chooses a free one', wholeNumber('--port', { atLeast: 0 }), 3000)
    .option('--host <address>', 'address to listen on; 0.0.0.0 for all, which requires a token', '127.0.0.1')
    .option(
      '--token <token>',
      'token that visitors must have (default: HARRIER_TOKEN, if set; random if --host is an address that others can reach)',
    )
    .option('--open', 'open the page in the browser');
  withOptions(withThreads(label), ['from'], {
    from: 'a run folder or "latest", which proposes its classes; or a network for features: a name of the catalogue (`harrier models`), an .onnx file, hf:OWNER/NAME or an address (default: efficientnet-lite0)',
  });
  return label.action(async (folder: string, options: LabelCommandOptions) => {
    const { runLabel } = await import('./label/run.ts');
    await runLabel(folder, options);
  });
}
