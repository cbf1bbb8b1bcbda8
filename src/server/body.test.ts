import { expect, it } from 'vitest';
import { BodyBudget, withBody } from './body.ts';

/** A request whose body comes when it is sent. */
function request(announced: number) {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
  });
  const headers = { 'content-length': `${announced}` };
  const init = { method: 'POST', headers, body, duplex: 'half' };
  const value = new Request('http://localhost/', init);
  return {
    value,
    send: (bytes: number) => controller.enqueue(new Uint8Array(bytes)),
    end: () => controller.close(),
  };
}

it('a large body counts as it comes, until it is used', async () => {
  const limits = { most: 1_000_000, budget: new BodyBudget(1_000_000) };
  const [first, second] = [request(900_000), request(900_000)];
  let used!: () => void;
  const isUsed = new Promise<void>((resolve) => {
    used = resolve;
  });
  const begun = withBody(first.value, limits, async ({ length }) => isUsed.then(() => length));
  const other = withBody(second.value, limits, async ({ length }) => length);
  first.send(600_000);
  second.send(300_000);
  await new Promise((resolve) => setTimeout(resolve));
  second.send(300_000);
  await expect(other).rejects.toMatchObject({ code: 'overloaded' });
  first.send(300_000);
  first.end();
  await expect(withBody(small(50_000), limits, async () => {})).resolves.toBeUndefined();
  await new Promise((resolve) => setTimeout(resolve));
  const third = withBody(small(60_000), limits, async () => isUsed);
  await expect(withBody(small(60_000), limits, async () => {})).rejects.toMatchObject({ code: 'overloaded' });
  used();
  expect(await begun).toBe(900_000);
  await third;
  await expect(withBody(small(60_000), limits, async ({ length }) => length)).resolves.toBe(60_000);
});

function small(bytes: number): Request {
  const each = request(bytes);
  each.send(bytes);
  each.end();
  return each.value;
}
