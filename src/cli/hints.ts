import { type Command, CommanderError } from 'commander';
import { nearestName } from '../errors.ts';
import { allOptions } from '../options/table.ts';

/** Commands by the words that people use for them elsewhere. */
const COMMANDS: Readonly<Record<string, string>> = {
  resume: 'train --resume',
  continue: 'train --resume',
  fit: 'train',
  finetune: 'train --from',
  'fine-tune': 'train --from',
  test: 'evaluate',
  val: 'evaluate',
  classify: 'predict',
  infer: 'predict',
  tune: 'sweep',
  deploy: 'sagemaker deploy',
  info: 'summary',
  list: 'recipes',
};

/** What is named without a flag here, by the names of its argument, and the flags that people give it. */
const UNFLAGGED: readonly { what: string; argument: RegExp; flags: readonly string[] }[] = [
  { what: 'model', argument: /model|words/, flags: ['--model', '--run', '--checkpoint', '--weights'] },
  { what: 'folder', argument: /data|folder|path/, flags: ['--data', '--dataset', '--folder'] },
];

/**
 * A better hint for a wrong flag or command than one that looks alike: what people mean by it who come from elsewhere.
 * Other errors stay as they are.
 */
export function withHint(error: CommanderError, command: Command): CommanderError {
  const hint = hintFor(error, command);
  if (hint === undefined) return error;
  const [first] = error.message.split('\n');
  return new CommanderError(error.exitCode, error.code, `${first}\n(${hint})`);
}

function hintFor({ code, message }: CommanderError, command: Command): string | undefined {
  if (code === 'commander.excessArguments') return subcommandHint(command);
  const [, word] = /'(.*?)'/.exec(message) ?? [];
  if (word === undefined) return undefined;
  if (code === 'commander.unknownCommand' && Object.hasOwn(COMMANDS, word)) {
    return command.parent ? undefined : `Did you mean harrier ${COMMANDS[word]}?`;
  }
  if (code !== 'commander.unknownOption') return undefined;
  const flag = word.split('=')[0];
  const meant = meantBy(flag, command);
  if (meant !== undefined) return `Did you mean ${meant}?`;
  const unflagged = UNFLAGGED.find(
    ({ argument, flags }) =>
      flags.includes(flag) && command.registeredArguments.some((each) => argument.test(each.name())),
  );
  return (
    unflagged &&
    `The ${unflagged.what} is named without a flag: harrier ${command.name()} ${command.usage().replace('[options] ', '')}.`
  );
}

/** A word for which there is no sub-command is an argument to the parser. */
function subcommandHint({ commands, args: [word] }: Command): string | undefined {
  const names = commands.map((each) => each.name());
  const near = commands[names.indexOf(nearestName(word, names) ?? '')];
  const show = commands.find((each) => each.name() === 'show');
  const meant = near ? pathOf(near) : show && `${pathOf(show)} ${word}`;
  return meant && `Did you mean ${meant}?`;
}

/** `harrier models fetch` */
function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

/** The option of this command that a flag of another program stands for. */
function meantBy(flag: string, command: Command): string | undefined {
  const has = (meant: string) => command.options.some(({ long }) => long === meant.split(' ')[0]);
  return allOptions.map(([, option]) => option.flag?.insteadOf?.[flag]).find((meant) => meant && has(meant));
}
