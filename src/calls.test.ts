import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, expect, it } from 'vitest';
import { answerCalls, Caller, type Channel, type Methods, Moved } from './calls.ts';
import { HarrierError } from './errors.ts';
import { errorFromPlain, plainError } from './plain-error.ts';

const open: MessagePort[] = [];
afterEach(() => {
  for (const port of open.splice(0)) port.close();
});

function channel(port: MessagePort): Channel {
  open.push(port);
  return {
    send: (message, transfer = []) => port.postMessage(message, transfer),
    listen: (onMessage) => port.on('message', onMessage),
  };
}

/** Two ends of a real message channel. */
function connected<M extends Methods<M>>(methods: M, options?: { inTurn?: boolean }): Caller<M> {
  const { port1, port2 } = new MessageChannel();
  answerCalls(channel(port2), methods, options);
  return new Caller<M>(channel(port1));
}

it('answers each call with its own result, also when they overlap', async () => {
  let release!: () => void;
  const calls = connected({
    slow: () =>
      new Promise<string>((resolve) => {
        release = () => resolve('slow');
      }),
    double: (n: number) => 2 * n,
  });
  const slow = calls.call('slow', []);
  expect(await calls.call('double', [21])).toBe(42);
  release();
  expect(await slow).toBe('slow');
});

it('keeps code, summary, details and cause of a HarrierError', async () => {
  const error = new HarrierError('bad-data', 'unreadable', {
    expected: 'a PNG',
    received: 'text',
    where: 'a.png',
    next: 'Save it again.',
    options: ['skipBad'],
    cause: new Error('libpng', { cause: new HarrierError('storage', 'disk full') }),
  });
  const calls = connected({
    fail: () => {
      throw error;
    },
  });
  const thrown = (await calls.call('fail', []).catch((each: unknown) => each)) as HarrierError;
  expect(thrown).toBeInstanceOf(HarrierError);
  expect(thrown.message).toBe(error.message);
  expect(thrown.code).toBe('bad-data');
  expect(thrown.summary).toBe('unreadable');
  const { cause: _, ...details } = error.details;
  expect(thrown.details).toEqual({ ...details, cause: thrown.cause });
  expect((thrown.cause as Error).message).toBe('libpng');
  expect((thrown.cause as Error).cause).toMatchObject({ code: 'storage', message: 'disk full.' });
});

it('keeps the message and the stack of any other error, through JSON too', () => {
  const error = new TypeError('x is undefined');
  const back = errorFromPlain(JSON.parse(JSON.stringify(plainError(error))));
  expect(back).not.toBeInstanceOf(HarrierError);
  expect([back.message, back.stack]).toEqual([error.message, error.stack]);
  expect(errorFromPlain(plainError('just text')).message).toBe('just text');
});

it('ends a chain of causes that leads back to itself', () => {
  const error = new Error('round');
  error.cause = error;
  expect(JSON.stringify(plainError(error))).toContain('round');
});

it('calls functions among the arguments back while the call runs', async () => {
  const calls = connected({
    count(to: number, onStep: (step: number) => void, name: string) {
      for (let step = 1; step <= to; step++) onStep(step);
      return name;
    },
  });
  const steps: number[] = [];
  expect(await calls.call('count', [3, (step) => steps.push(step), 'counted'])).toBe('counted');
  expect(steps).toEqual([1, 2, 3]);
});

it('hands memory over in both directions', async () => {
  const calls = connected({
    fill: (memory: ArrayBuffer) => {
      new Uint8Array(memory).fill(7);
      return new Moved(memory, [memory]);
    },
  });
  const memory = new ArrayBuffer(4);
  const filled = await calls.call('fill', [memory], [memory]);
  expect(memory.byteLength).toBe(0);
  expect([...new Uint8Array(filled)]).toEqual([7, 7, 7, 7]);
});

it('starts calls in turn where that is wanted', async () => {
  const events: string[] = [];
  const calls = connected(
    {
      async work(name: string) {
        events.push(`${name} begins`);
        await new Promise(setImmediate);
        events.push(`${name} ends`);
        if (name === 'first') throw new Error('failed');
      },
    },
    { inTurn: true },
  );
  await Promise.allSettled([calls.call('work', ['first']), calls.call('work', ['second'])]);
  expect(events).toEqual(['first begins', 'first ends', 'second begins', 'second ends']);
});

it('fails calls under way and later ones once the other end is gone', async () => {
  const calls = connected({ never: () => new Promise<void>(() => {}) });
  const underWay = calls.call('never', []);
  calls.fail(new Error('gone'));
  calls.fail(new Error('gone again'));
  await expect(underWay).rejects.toThrow('gone');
  await expect(calls.call('never', [])).rejects.toThrow(/^gone$/);
});
