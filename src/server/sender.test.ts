import { describe, expect, it } from 'vitest';
import { checkSender } from './sender.ts';

const HERE = 'http://127.0.0.1:8080';
/** The status with which a request is refused; undefined where it passes. */
const statusOf = (
  method: string,
  address: string,
  headers: Record<string, string> = {},
  allowedHosts: readonly string[] = [],
): number | undefined => {
  try {
    checkSender(new Request(`${address}/invocations`, { method, headers }), allowedHosts);
    return undefined;
  } catch (error) {
    return (error as { status: number }).status;
  }
};

describe('a server for this machine alone', () => {
  it.each([HERE, 'http://localhost:8080', 'http://[::1]:8080'])('answers programs that ask %s', (address) => {
    expect(statusOf('GET', address)).toBeUndefined();
    expect(statusOf('POST', address)).toBeUndefined();
    expect(statusOf('POST', address, { origin: address })).toBeUndefined();
  });

  it.each(['http://evil.example:8080', 'http://127.0.0.1.evil.example', 'http://192.168.0.7:8080'])(
    'does not go by %s, which a page elsewhere may have had point here',
    (address) => {
      expect(statusOf('GET', address, { 'sec-fetch-site': 'same-origin' })).toBe(421);
      expect(statusOf('POST', address, { origin: address })).toBe(421);
    },
  );

  it.each(['cross-site', 'same-site'])('takes nothing from a %s page, and lets links lead here', (site) => {
    const headers = { 'sec-fetch-site': site };
    expect(statusOf('POST', HERE, headers)).toBe(403);
    expect(statusOf('GET', HERE, { ...headers, 'sec-fetch-mode': 'navigate' })).toBeUndefined();
  });

  it.each(['https://evil.example', 'http://localhost:3000', 'null'])(
    'takes nothing from %s where the browser names the origin alone',
    (origin) => {
      expect(statusOf('POST', HERE, { origin })).toBe(403);
    },
  );

  it('answers a proxy, whatever name it passes on', () => {
    const names = ['app.example'];
    const origin = 'https://app.example';
    const ofPage = { origin, 'sec-fetch-site': 'same-origin' };
    expect(statusOf('POST', 'http://app.example', ofPage, names)).toBeUndefined();
    expect(statusOf('POST', HERE, ofPage)).toBeUndefined();
    // An older browser, which does not tell the site.
    expect(statusOf('POST', HERE, { origin }, names)).toBeUndefined();
    // The proxy decides which other pages may ask it.
    const ofOther = { origin: 'https://www.example', 'sec-fetch-site': 'cross-site' };
    expect(statusOf('POST', 'http://app.example', ofOther, names)).toBeUndefined();
    expect(statusOf('POST', HERE, ofOther, names)).toBe(403);
    expect(statusOf('POST', 'http://evil.example', ofPage, names)).toBe(421);
  });
});
