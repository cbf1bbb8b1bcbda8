import { expect, it } from 'vitest';
import { lookUntil } from './follow.ts';

const lost = (code: string) => Object.assign(new Error(`connect ${code}`), { code });
const busy = Object.assign(new Error('busy'), { name: 'ThrottlingException' });
const expired = Object.assign(new Error('expired'), { name: 'ExpiredTokenException' });

/** Answers or fails in turn. */
function looking(...answers: (number | Error)[]) {
  const notes: string[] = [];
  const look = async () => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer!;
  };
  const wait = (patience?: number) =>
    lookUntil(look, (found) => found === 2, { pollSeconds: 0, note: (line) => notes.push(line), patience });
  return { wait, notes };
}

it('goes on where AWS was not reached for a while, and says so once', async () => {
  const { wait, notes } = looking(1, lost('ENOTFOUND'), lost('ENETUNREACH'), busy, 1, 2);
  expect(await wait()).toBe(2);
  expect(notes).toEqual(['AWS cannot be reached, or is busy: trying again.']);
});

it('ends at once with what does not pass', async () => {
  await expect(looking(1, expired, 2).wait()).rejects.toBe(expired);
});

it('ends when it lasts', async () => {
  const last = lost('ECONNREFUSED');
  await expect(looking(lost('ETIMEDOUT'), last, 2).wait(-1)).rejects.toBe(last);
});
