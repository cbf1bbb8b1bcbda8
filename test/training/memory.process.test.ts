/** Later steps of the seed's network take no more memory than the first few hundred. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

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

it('memory stays flat over hundreds of steps', { timeout: 300_000 }, async () => {
  const all = await samples(400, 20);
  const between = (from: number, to: number) =>
    all.filter(({ step }) => step >= from && step <= to).map(({ rss }) => rss);
  // What it reaches while pools and heaps still grow, against its least at the end, when garbage may lie about.
  const [before, after] = [Math.max(...between(100, 200)), Math.min(...between(300, 400))];
  expect(after / before, 'memory after 300 to 400 steps, of that after 100 to 200').toBeLessThan(GROWTH);
});
