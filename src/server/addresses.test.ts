import { networkInterfaces } from 'node:os';
import { expect, it } from 'vitest';
import { addressesElsewhere, addressHere } from './addresses.ts';

it.each([
  ['127.0.0.1', 'http://127.0.0.1:80'],
  ['0.0.0.0', 'http://localhost:80'],
  ['::', 'http://localhost:80'],
  ['fd00::2', 'http://[fd00::2]:80'],
  ['box.example', 'http://box.example:80'],
])('opens %s at %s', (host, url) => {
  expect(addressHere(host, 80)).toBe(url);
});

it('names each network where it listens on all', () => {
  const own = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => `http://${address}:3000/?token=a`);
  expect(addressesElsewhere('http://localhost:3000/?token=a', '0.0.0.0')).toEqual(own);
  expect(addressesElsewhere('http://127.0.0.1:3000/', '127.0.0.1')).toEqual([]);
});
