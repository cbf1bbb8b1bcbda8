import { expect, it } from 'vitest';
import { about } from './about.ts';
import { createProgram } from './program.ts';

it.each(Object.entries(about))('%s is loaded when it is named', async (name, description) => {
  for (const words of [[name], ['help', name], ['--help', name]]) {
    const { commands } = await createProgram(words);
    const loaded = commands.filter((each) => each.options.length + each.commands.length > 0);
    expect(loaded.map((each) => [each.name(), each.description()])).toEqual([[name, description]]);
    expect(commands.map((each) => each.name())).toEqual(Object.keys(about));
  }
});
