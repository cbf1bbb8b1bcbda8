import { isLoopback } from './addresses.ts';
import { HttpError } from './problem.ts';

const ALLOW = 'If it comes through a proxy of yours, allow its name with --allow-host, or set --token.';

/**
 * Refuses what pages of the web ask of a server that is for this machine alone: browsers on it can reach it.
 *
 * - A `Host` that is not of this machine would be a page elsewhere that had its own name point here (DNS rebinding).
 * - What a page of another site sends would be classified and counted, though it cannot read the answer.
 *
 * @param allowedHosts names of proxies, in small letters: those decide for themselves which pages may ask them
 * @throws HttpError 421, 403
 */
export function checkSender(
  { method, headers, url: address }: Request,
  allowedHosts: readonly string[],
): void {
  const url = new URL(address);
  if (allowedHosts.includes(url.hostname)) return;
  if (!isLoopback(url.hostname)) throw unknownHost(url.host, ALLOW);
  if (method === 'GET' || method === 'HEAD') return;
  const origin = headers.get('origin');
  // A proxy may pass on its page's origin, but not its own name.
  if (origin !== null && URL.canParse(origin) && allowedHosts.includes(new URL(origin).hostname)) return;
  // Browsers tell the site of the page where they trust the address; the others are known by the origin alone.
  const site = headers.get('sec-fetch-site') ?? (isOwnOrigin(origin, url) ? 'same-origin' : `${origin}`);
  if (site !== 'same-origin' && site !== 'none') throw otherSite(site, ALLOW);
}

/** Whether a request comes from a page of the server itself, or from no page at all. */
export function isOwnOrigin(origin: string | null, { host }: URL): boolean {
  // A proxy with TLS in front makes the scheme another one.
  return origin === null || origin === `http://${host}` || origin === `https://${host}`;
}

export function unknownHost(host: string, next: string): HttpError {
  return new HttpError(421, 'refused', 'this server does not go by this name', {
    expected: 'localhost or 127.0.0.1',
    received: host.slice(0, 100),
    next,
  });
}

export function otherSite(received: string, next: string): HttpError {
  return new HttpError(403, 'refused', 'requests of other sites are refused', {
    received: received.slice(0, 100),
    next,
  });
}
