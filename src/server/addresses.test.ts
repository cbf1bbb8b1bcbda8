import { networkInterfaces } from 'node:os';
import { expect, it } from 'vitest';
import { addressesElsewhere, addressHere, isLoopback } from './addresses.ts';

it.each([
  ['127.0.0.1', 'http://127.0.0.1:80'],
  ['0.0.0.0', 'http://127.0.0.1:80'],
  ['::', 'http://[::1]:80'],
  ['fd00::2', 'http://[fd00::2]:80'],
  ['box.example', 'http://box.example:80'],
])('opens %s at %s', (host, url) => {
  expect(addressHere(host, 80)).toBe(url);
});

it('names networks where it listens on all', () => {
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const elsewhere = addressesElsewhere('http://127.0.0.1:3000/?token=a', '0.0.0.0');
  for (const url of elsewhere) {
    const { hostname, port, search } = new URL(url);
    expect(own).toContainEqual(expect.objectContaining({ address: hostname, internal: false }));
    expect([port, search]).toEqual(['3000', '?token=a']);
  }
  expect(addressesElsewhere('http://127.0.0.1:3000/', '127.0.0.1')).toEqual([]);
});

it.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['::1', true],
  ['[::1]', true],
  ['0.0.0.0', false],
  ['127.0.0.1.example', false],
])('%s is of this machine alone: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
