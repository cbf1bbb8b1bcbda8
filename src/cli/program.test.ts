import { expect, it } from 'vitest';
import { about } from './about.ts';
import { createProgram, helpLast } from './program.ts';

it.each(Object.entries(about))('%s is loaded when it is named', async (name, description) => {
  for (const words of [[name], ['help', name], ['--help', name]]) {
    const { commands } = await createProgram(words);
    const loaded = commands.filter((each) => each.options.length + each.commands.length > 0);
    expect(loaded.map((each) => [each.name(), each.description()])).toEqual([[name, description]]);
    expect(commands.map((each) => each.name())).toEqual(Object.keys(about));
  }
});

it('gives the help of a sub-command as that of a command', () => {
  expect(helpLast(['help', 'sagemaker', 'train'])).toEqual(['sagemaker', 'train', '--help']);
  for (const words of [['help'], ['help', 'train'], ['train', 'help', 'x']]) {
    expect(helpLast(words)).toEqual(words);
  }
});
