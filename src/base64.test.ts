import { expect, it } from 'vitest';
import { fromBase64, toBase64 } from './base64.ts';

it('is what Node makes of the same bytes, and comes back', () => {
  for (let length = 0; length < 70; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 89 + length * 31) & 255);
    const text = toBase64(bytes);
    expect(text).toBe(Buffer.from(bytes).toString('base64'));
    expect(fromBase64(text)).toEqual(bytes);
  }
});

it.each(['abc', 'ab!d', 'a===', '=abc'])('refuses "%s"', (text) => {
  expect(fromBase64(text)).toBeUndefined();
});
