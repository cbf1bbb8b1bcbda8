import { Command } from 'commander';
import { HARRIER_VERSION } from '../platform/node/version.ts';
import { about, type TopCommand } from './about.ts';
import { withHint } from './hints.ts';

/** Commands, each with what makes it. Only the named one is loaded: that of another is time that nobody needs. */
const LOADERS: Readonly<Record<TopCommand, () => Promise<Command>>> = {
  train: async () => (await import('./train.ts')).trainCommand(),
  sweep: async () => (await import('./sweep.ts')).sweepCommand(),
  'lr-find': async () => (await import('./lr-find.ts')).lrFindCommand(),
  compare: async () => (await import('./compare.ts')).compareCommand(),
  evaluate: async () => (await import('./evaluate.ts')).evaluateCommand(),
  predict: async () => (await import('./predict.ts')).predictCommand(),
  explain: async () => (await import('./explain.ts')).explainCommand(),
  export: async () => (await import('./export.ts')).exportCommand(),
  push: async () => (await import('./push.ts')).pushCommand(),
  serve: async () => (await import('./serve.ts')).serveCommand(),
  studio: async () => (await import('./studio.ts')).studioCommand(),
  summary: async () => (await import('./summary.ts')).summaryCommand(),
  recipes: async () => (await import('./recipes.ts')).recipesCommand(),
  models: async () => (await import('./models.ts')).modelsCommand(),
  features: async () => (await import('./features.ts')).featuresCommand(),
  data: async () => (await import('./data.ts')).dataCommand(),
  inspect: async () => (await import('./inspect.ts')).inspectCommand(),
  label: async () => (await import('./label.ts')).labelCommand(),
  watch: async () => (await import('./watch.ts')).watchCommand(),
  sagemaker: async () => (await import('./sagemaker.ts')).sagemakerCommand(),
  cluster: async () => (await import('./cluster.ts')).clusterCommand(),
  bench: async () => (await import('./bench.ts')).benchCommand(),
};

/** What `sweep` starts for each of its workers. */
const SWEEP_WORKER = 'sweep-worker';

/** `help sagemaker train` as `sagemaker train --help`: by itself, the parser prints the help of the first command. */
export function helpLast(words: readonly string[]): readonly string[] {
  const [first, ...path] = words;
  return first === 'help' && path.length > 1 ? [...path, '--help'] : words;
}

/**
 * The program with the command that is named; the others are there by name and description alone.
 *
 * @param words the command line
 */
export async function createProgram(words: readonly string[]): Promise<Command> {
  const program = new Command('harrier')
    .description(
      'Train, evaluate and use image classifiers. A model is an ONNX graph, and so is its training.',
    )
    .version(HARRIER_VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .configureHelp({ subcommandTerm: (each) => each.name() })
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
  const [named] = words.filter((word) => !word.startsWith('-') && word !== 'help');
  for (const [name, description] of Object.entries(about)) {
    program.addCommand(
      name === named ? await LOADERS[name as TopCommand]() : new Command(name).description(description),
    );
  }
  if (named === SWEEP_WORKER) {
    const { sweepWorkerCommand } = await import('./sweep.ts');
    program.addCommand(sweepWorkerCommand(), { hidden: true });
  }
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
