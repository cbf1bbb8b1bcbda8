import { describe, expect, it } from 'vitest';
import { optimizerNames } from '../optimizers/index.ts';
import { lrFindCommand } from './lr-find.ts';
import { sweepCommand } from './sweep.ts';
import { trainCommand } from './train.ts';

describe.each([trainCommand(), sweepCommand(), lrFindCommand()])('the help of $_name', (command) => {
  it('names every optimizer', () => {
    const { description } = command.options.find(({ long }) => long === '--optimizer')!;
    for (const name of optimizerNames) expect(description).toContain(name.toLowerCase());
    expect(description).toMatch(/^sgd, .* or \w+ \(default: the recipe's\)$/);
  });
});
