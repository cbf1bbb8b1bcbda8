import { Command } from 'commander';
import { about } from './about.ts';
import { type ClusterOptions, ENGINES } from './cluster/work.ts';
import { command } from './command.ts';
import { oneOf, wholeNumber } from './values.ts';

export function clusterCommand(): Command {
  const init = command('init', 'Write the files that start this work on many machines.', [
    ['cluster init kubernetes --image registry/harrier:1 --plan trials.jsonl', 'a pod for each trial'],
    [
      'cluster init kubernetes --image registry/harrier:1 --list images.txt --jobs 16',
      'sixteen pods classify a list',
    ],
    ['cluster init skypilot --image registry/harrier:1 --plan trials.jsonl', 'spot machines of any cloud'],
  ])
    .argument('<engine>', `what starts the containers: ${ENGINES.join(' or ')}`, oneOf('engine', ENGINES))
    .requiredOption('--image <name>', 'the image with Harrier, as a registry has it (docs/many-machines.md)')
    .option('--plan <file>', 'train the trials of this plan, which sweep --plan wrote')
    .option('--list <file>', 'classify the images of this list; its name is the same on the shared volume')
    .option('--model <file>', 'with --list: the model on the shared volume (default: model.onnx)')
    .option('--jobs <count>', 'with --list: the number of parts', wholeNumber('--jobs'))
    .option('--at-once <count>', 'jobs at the same time (default: all)', wholeNumber('--at-once'))
    .option('--cpus <count>', 'processor cores of a job', wholeNumber('--cpus'), 2)
    .option('--memory <gigabytes>', 'memory of a job, in gibibytes', wholeNumber('--memory'), 4)
    .option('--out <file>', 'the file to write (default: harrier.kubernetes.yaml or harrier.skypilot.yaml)')
    .option('--force', 'overwrite an existing file');
  init.action(async (engine: (typeof ENGINES)[number], options: ClusterOptions) => {
    const { runClusterInit } = await import('./cluster/init.ts');
    await runClusterInit(engine, options);
  });
  return new Command('cluster')
    .description(about.cluster)
    .helpOption('-h, --help', 'print help')
    .addCommand(init);
}
