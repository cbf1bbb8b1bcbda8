import { Command } from 'commander';
import { command } from './command.ts';

export function sagemakerCommand(): Command {
  const sagemaker = command('sagemaker', 'Train, deploy and use models on AWS SageMaker.', [
    ['sagemaker container train', 'what a training container runs'],
  ]);
  sagemaker.addCommand(containerCommand());
  for (const each of descendants(sagemaker)) each.exitOverride().configureOutput({ outputError: () => {} });
  return sagemaker;
}

function containerCommand(): Command {
  const container = new Command('container').description(
    'Entry points of the container: `<image> train` and `<image> serve` run these.',
  );
  container
    .command('train')
    .description('Do the training job that /opt/ml/input describes (SAGEMAKER_BASE_DIR instead of /opt/ml).')
    .option('--debug', 'show where an error came from')
    .action(async () => {
      const { runContainerTrain } = await import('./sagemaker/container/train.ts');
      await runContainerTrain();
    });
  return container;
}

function descendants(command: Command): Command[] {
  return command.commands.flatMap((each) => [each, ...descendants(each)]);
}
