import { afterEach, expect, it, vi } from 'vitest';
import { SIGNALS, watchInterruption } from './interruption.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

it('takes a signal that comes a second time at once for the same wish, and a later one for another', () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as never);
  const others = new Map(SIGNALS.map((signal) => [signal, process.listeners(signal)]));
  let now = 1000;
  let told = 0;
  const interruption = watchInterruption(
    () => told++,
    () => now,
  );
  const send = (signal: (typeof SIGNALS)[number]) => {
    for (const listener of process.listeners(signal)) {
      if (!others.get(signal)!.includes(listener)) listener(signal);
    }
  };
  send('SIGINT');
  // npx sends on what the terminal has sent to both.
  now += 20;
  send('SIGINT');
  expect([told, interruption.exitCode, interruption.signal.aborted]).toEqual([1, 130, true]);
  expect(exit).not.toHaveBeenCalled();
  now += 2000;
  send('SIGTERM');
  expect(exit.mock.calls).toEqual([[143]]);
  interruption.end();
});
