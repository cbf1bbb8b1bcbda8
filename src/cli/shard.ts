import { InvalidArgumentError } from 'commander';

/** One of several equal parts of a list, from 1. */
export interface Shard {
  readonly number: number;
  readonly count: number;
}

/** Reads `3/16`. @throws InvalidArgumentError that says what is wrong */
export function readShard(text: string): Shard {
  const [, number, count] = (/^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? []).map(Number);
  if (number >= 1 && count >= 1 && number <= count) return { number, count };
  const expected = 'expected a part and the number of parts, such as 3/16';
  throw new InvalidArgumentError(
    number > count
      ? `there is no part ${number} of ${count}: ${expected}.`
      : `${expected}${number === 0 ? ' (the first is 1)' : ''}.`,
  );
}

/** Whether an item of a list belongs to a part: every so many-th does, so that the parts are equal. */
export function isInShard({ number, count }: Shard, index: number): boolean {
  return index % count === number - 1;
}
