import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { evaluatePredictions } from '../src/evaluation/index.ts';
import { openTrackers } from '../src/platform/node/trackers/open-trackers.ts';

const file = new URL('webhook-tracker.ts', import.meta.url);
const evaluation = evaluatePredictions({
  probabilities: Float32Array.of(0.9, 0.1, 0.2, 0.8, 0.6, 0.4),
  labels: Uint16Array.of(0, 1, 1),
  classNames: ['ant', 'bee'],
});
const image = { png: new Uint8Array(), width: 1, height: 1 };

it('a tracker of your own posts a line for a finished run, and says when nobody takes it', async () => {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    bodies.push(body);
    response.writeHead(request.url === '/full' ? 507 : 200).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const run = { id: '1', name: 'ants', folder: '.', parameters: {}, samples: [] };
  const result = { epochs: 1, evaluation, confusion: image, files: [] };

  const [tracker, full] = await openTrackers(
    `${fileURLToPath(file)}=${address},${fileURLToPath(file)}=${address}/full`,
  );
  for (const each of [tracker, full]) await each.begin(run);
  await tracker.end(result);
  await expect(full.end('failed')).rejects.toThrow('It answered 507');
  server.close();

  expect(JSON.parse(bodies[0]).text).toMatch(/^ants: test\/accuracy 0\.6667, test\/loss 0\./);
  expect(JSON.parse(bodies[1])).toEqual({ text: 'ants: failed' });
});

it('is what docs/trackers.md shows', () => {
  const page = readFileSync(new URL('../docs/trackers.md', import.meta.url), 'utf8');
  expect(page).toContain(readFileSync(file, 'utf8').trim());
});
