import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { about } from './about.ts';
import { createProgram } from './program.ts';

/** A command with all that are below it. */
function family(command: Command): Command[] {
  return [command, ...command.commands.flatMap(family)];
}

function pathOf(command: Command): string {
  return command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

/** All that `--help` prints, without its line breaks. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (more) => {
      text += more;
    },
  });
  command.outputHelp();
  return text.replace(/\s+/g, ' ');
}

const programs = await Promise.all(Object.keys(about).map((name) => createProgram([name])));
const commands = new Map(
  programs.flatMap((program, i) => {
    const named = program.commands.find((each) => each.name() === Object.keys(about)[i])!;
    return family(named).map((command) => [pathOf(command), command] as const);
  }),
);
const flagsOf = (command: Command) => ['--help', ...command.options.map(({ long }) => long!)];
const FLAG = /(?<![\w-])--[a-z][a-z-]*/g;

describe.each([...commands])('the help of %s', (_, command) => {
  it('names no flag that the command lacks', () => {
    // Options of other commands are named with these: `train --resume`.
    const others = [...commands.values()].map((each) => [`${each.name()} `, flagsOf(each)] as const);
    const texts = [...command.options, ...command.registeredArguments].map(({ description }) => description);
    const own = flagsOf(command);
    const lacking = texts.flatMap((text) =>
      [...text.matchAll(FLAG)].filter(({ 0: flag, index }) => {
        const before = text.slice(0, index);
        return (
          !own.includes(flag) &&
          !others.some(([name, flags]) => before.endsWith(name) && flags.includes(flag))
        );
      }),
    );
    expect(lacking.map(([flag]) => flag)).toEqual([]);
  });

  it('has examples that can be typed', () => {
    const lines = [...helpOf(command).matchAll(/\$ npx harrier (.*?) # /g)].map(([, line]) => line.trim());
    for (const line of lines) {
      const [, path] = [...commands.keys()]
        .filter((each) => `${line} `.startsWith(`${each} `))
        .map((each) => [each.length, each] as const)
        .toSorted(([a], [b]) => a - b)
        .at(-1)!;
      const known = flagsOf(commands.get(path)!);
      expect([line, line.match(FLAG)?.filter((flag) => !known.includes(flag)) ?? []]).toEqual([line, []]);
    }
  });
});

it('helps with a learning rate by itself', () => {
  const { description } = commands.get('lr-find')!.options.find(({ long }) => long === '--resize')!;
  expect(description).not.toContain('--from');
});

it.each([...commands].filter(([path]) => path.startsWith('sagemaker')))(
  'the help of %s promises nothing that jobs do not have',
  (_, command) => {
    expect(helpOf(command)).not.toMatch(/--from\b|harrier\.config|<name\|file>/);
  },
);
