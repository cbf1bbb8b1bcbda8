/** A thousand steps of the seed's network take no more memory than the first two hundred. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const FROM = 200;
const STEPS = 1200;
const GROWTH = 1.05;

interface Sample {
  readonly step: number;
  /** Bytes. */
  readonly rss: number;
}

/** In a process of its own, with the garbage collector left to itself, as in a real run. */
async function samples(steps: number, every: number): Promise<Sample[]> {
  const script = fileURLToPath(new URL('memory-child.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, `${steps}`, `${every}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (part) => {
    output += part;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(code).toBe(0);
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

it('memory stays flat over a thousand steps', { timeout: 300_000 }, async () => {
  const all = await samples(STEPS, 50);
  expect(all.at(-1)!.step).toBe(STEPS);
  const start = all.find(({ step }) => step === FROM)!.rss;
  for (const { step, rss } of all.filter((sample) => sample.step > FROM)) {
    expect(rss / start, `memory after ${step} steps, of that after ${FROM}`).toBeLessThan(GROWTH);
  }
});
