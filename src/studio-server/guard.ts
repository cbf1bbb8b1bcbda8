import { createHash, timingSafeEqual } from 'node:crypto';
import { hostname } from 'node:os';
import { isLoopback } from '../server/addresses.ts';
import { HttpError } from '../server/problem.ts';
import { isOwnOrigin, otherSite, unknownHost } from '../server/sender.ts';

/**
 * What every answer carries. The page runs its own scripts alone, nobody may frame it, and it is isolated from other
 * pages, which is also what gives its WebAssembly threads.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    "style-src 'self'",
    "connect-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** For a run's report: a page that carries its own style and images, and may do nothing at all. */
export const REPORT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox";

const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/;

export interface GuardOptions {
  /** The address that is listened on. */
  readonly host: string;
  /** Other names by which a browser may come, such as that of a proxy. */
  readonly allowedHosts?: readonly string[];
  /** What who comes must know; absent: nothing. */
  readonly token?: string;
}

/**
 * Makes what stands before everything else: it lets a request pass, answers it, or throws.
 *
 * - A `Host` that is not this server's would be a page elsewhere that had its own name point here (DNS rebinding).
 * - A request that another site's page makes is refused, whatever it asks for; following a link to the page is not.
 * - What changes anything must say that it is JSON or plain bytes, which no other site's form can, and come from the page
 *   itself.
 * - Where a token is wanted: as `Authorization: Bearer …`, or once as `?token=…`, which is answered with a cookie.
 */
export function createGuard({
  host,
  allowedHosts = [],
  token,
}: GuardOptions): (request: Request) => Response | undefined {
  const names = new Set([host, ...allowedHosts].map((name) => name.toLowerCase()));
  const isOpen = !isLoopback(host);
  const ownName = hostname().toLowerCase();
  const isKnown = (name: string): boolean =>
    isLoopback(name) ||
    names.has(name) ||
    (isOpen && (ADDRESS.test(name) || name === ownName || name === `${ownName}.local`));
  return (request) => {
    const url = new URL(request.url);
    checkHost(url, isKnown);
    checkSite(request, url);
    return token === undefined ? undefined : checkToken(request, url, token);
  };
}

function checkHost({ hostname: name, host }: URL, isKnown: (name: string) => boolean): void {
  if (isKnown(name.toLowerCase())) return;
  throw unknownHost(
    host,
    'Open the address that harrier studio printed, or allow the name with --allow-host.',
  );
}

const OPEN_STUDIO = 'Open Studio itself.';

function checkSite({ method, headers }: Request, url: URL): void {
  const reads = method === 'GET' || method === 'HEAD';
  const site = headers.get('sec-fetch-site') ?? 'same-origin';
  const isPage = !url.pathname.startsWith('/api/');
  const isVisit =
    reads &&
    isPage &&
    headers.get('sec-fetch-mode') === 'navigate' &&
    headers.get('sec-fetch-dest') === 'document';
  if (site !== 'same-origin' && !(site === 'none' && reads) && !isVisit) throw otherSite(site, OPEN_STUDIO);
  const origin = headers.get('origin');
  if (!isOwnOrigin(origin, url) && !isVisit) throw otherSite(`${origin}`, OPEN_STUDIO);
  if (reads) return;
  const type = headers.get('content-type') ?? '';
  if (/^application\/(json|octet-stream)(;|$)/i.test(type)) return;
  throw new HttpError(415, 'not-supported', 'what changes something must come as JSON', {
    expected: 'Content-Type: application/json (application/octet-stream for an image)',
    received: type.slice(0, 60) || 'none',
  });
}

function checkToken({ headers, method }: Request, url: URL, token: string): Response | undefined {
  const given = url.searchParams.get('token');
  if (given !== null && method === 'GET') {
    if (!isSame(given, token)) throw wrongToken();
    url.searchParams.delete('token');
    const cookie = `${cookieOf(token)}=${digest(token).toString('hex')}; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000`;
    // Relative: a proxy may have the page below a path of its own.
    const location = `./${url.pathname.split('/').at(-1)}${url.search}`;
    return new Response(null, { status: 303, headers: { location, 'set-cookie': cookie } });
  }
  const [, bearer] = /^Bearer +(.+)$/i.exec(headers.get('authorization') ?? '') ?? [];
  if (bearer !== undefined && isSame(bearer, token)) return undefined;
  const [, kept] =
    new RegExp(`(?:^|; *)${cookieOf(token)}=([0-9a-f]+)`).exec(headers.get('cookie') ?? '') ?? [];
  if (kept !== undefined && isSame(kept, digest(token).toString('hex'))) return undefined;
  throw wrongToken();
}

/** Cookies do not tell the ports of a host apart: each token has its own. */
function cookieOf(token: string): string {
  return `harrier-studio-${digest(`name ${token}`).toString('hex').slice(0, 8)}`;
}

function wrongToken(): HttpError {
  return new HttpError(401, 'unauthorized', 'a token is wanted', {
    next: 'Open the whole address that harrier studio printed, with its token.',
    headers: { 'www-authenticate': 'Bearer' },
  });
}

/** Compares digests: they are equally long, and where two begin to differ tells nothing of the token. */
function isSame(given: string, wanted: string): boolean {
  return timingSafeEqual(digest(given), digest(wanted));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(`harrier-studio ${text}`).digest();
}
