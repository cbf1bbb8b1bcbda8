import { Command } from 'commander';
import { HARRIER_VERSION } from '../platform/node/version.ts';
import { benchCommand } from './bench.ts';
import { clusterCommand } from './cluster.ts';
import { compareCommand } from './compare.ts';
import { dataCommand } from './data.ts';
import { evaluateCommand } from './evaluate.ts';
import { explainCommand } from './explain.ts';
import { exportCommand } from './export.ts';
import { featuresCommand } from './features.ts';
import { withHint } from './hints.ts';
import { inspectCommand } from './inspect.ts';
import { labelCommand } from './label.ts';
import { lrFindCommand } from './lr-find.ts';
import { modelsCommand } from './models.ts';
import { predictCommand } from './predict.ts';
import { pushCommand } from './push.ts';
import { recipesCommand } from './recipes.ts';
import { sagemakerCommand } from './sagemaker.ts';
import { serveCommand } from './serve.ts';
import { studioCommand } from './studio.ts';
import { summaryCommand } from './summary.ts';
import { sweepCommand, sweepWorkerCommand } from './sweep.ts';
import { trainCommand } from './train.ts';
import { watchCommand } from './watch.ts';

/** All commands. Each loads what it needs when it is run, so that help comes at once. */
export function createProgram(): Command {
  const program = new Command('harrier')
    .description(
      'Train, evaluate and use image classifiers. A model is an ONNX graph, and so is its training.',
    )
    .version(HARRIER_VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `
Examples:
  $ npx harrier train                          # train the default recipe on CIFAR-10
  $ npx harrier predict latest photo.jpg       # classify an image with the newest model
  $ npx harrier train --help                   # everything about one command

Exit codes: 0 success, 1 failure, 2 wrong usage.`,
    );
  for (const command of [
    trainCommand(),
    sweepCommand(),
    lrFindCommand(),
    compareCommand(),
    evaluateCommand(),
    predictCommand(),
    explainCommand(),
    exportCommand(),
    pushCommand(),
    serveCommand(),
    studioCommand(),
    summaryCommand(),
    recipesCommand(),
    modelsCommand(),
    featuresCommand(),
    dataCommand(),
    inspectCommand(),
    labelCommand(),
    watchCommand(),
    sagemakerCommand(),
    clusterCommand(),
    benchCommand(),
  ]) {
    program.addCommand(command);
  }
  program.addCommand(sweepWorkerCommand(), { hidden: true });
  for (const each of [program, ...program.commands.flatMap((command) => [command, ...command.commands])]) {
    // Errors and exit codes are main.ts's business; help still goes to standard output.
    each
      .exitOverride((error) => {
        throw withHint(error, each);
      })
      .configureOutput({ outputError: () => {} });
  }
  return program;
}
