import { lookup as resolve } from 'node:dns';
import { Agent as HttpAgent, get as httpGet, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, get as httpsGet } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { HarrierError } from '../../../errors.ts';
import { type AllowedHosts, hostOf, isMetadataAddress } from './public-address.ts';

/** Redirects that are followed from one address. */
const MOST_REDIRECTS = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];
/** Connections to one host at a time. */
const CONNECTIONS = 16;

export interface GuardedGetOptions {
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export interface GuardedAnswer {
  readonly status: number;
  readonly statusText: string;
  /** Seconds after which the server wants to be asked again, where it says so. */
  readonly retryAfter?: number;
  /** Empty where the status is not 200. */
  readonly body: Uint8Array;
}

/**
 * Asks http and https addresses that come from others. No connection is opened to a private network: the name is
 * resolved as a part of connecting, the addresses that it stands for are checked, and the connection goes to one of
 * these. So a name cannot stand for another address a moment later. Each redirect is checked in the same way.
 */
export class GuardedClient {
  readonly #hosts: AllowedHosts;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  /** @param hosts hosts that may lie on a private network */
  constructor(hosts: AllowedHosts) {
    this.#hosts = hosts;
    const options = { keepAlive: true, maxSockets: CONNECTIONS };
    this.#http = new HttpAgent(options);
    this.#https = new HttpsAgent(options);
  }

  /**
   * @throws HarrierError `refused` for an address on a private network, another scheme, or one with a password;
   *   `too-large` beyond the limit, `network` after too many redirects; what Node throws where the connection fails, and
   *   the signal's reason
   */
  async get(address: string, { maxBytes, signal }: GuardedGetOptions): Promise<GuardedAnswer> {
    let url = this.#checked(address, address);
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#ask(url, address, signal);
      const { statusCode: status = 0, statusMessage: statusText = '', headers } = answer;
      if (REDIRECTS.includes(status) && headers.location !== undefined) {
        answer.destroy();
        if (redirects === MOST_REDIRECTS) {
          throw new HarrierError('network', 'the server redirects again and again', {
            where: address,
            expected: `at most ${MOST_REDIRECTS} redirects`,
          });
        }
        url = this.#checked(headers.location, address, url);
        continue;
      }
      const after = Number(headers['retry-after']);
      const wait = after >= 0 ? { retryAfter: after } : {};
      if (status !== 200) {
        answer.destroy();
        return { status, statusText, ...wait, body: new Uint8Array() };
      }
      return { status, statusText, body: await bodyOf(answer, address, maxBytes) };
    }
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  /** @param from the address that redirects here */
  #checked(address: string, where: string, from?: URL): URL {
    if (!URL.canParse(address, from)) throw refused('this is no address', where, address);
    const url = new URL(address, from);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw refused('the server redirects to another kind of address', where, url.href);
    }
    if (url.username !== '' || url.password !== '') {
      throw refused('addresses with a user or password are not fetched', where);
    }
    const host = hostOf(url.href)!;
    // A name is checked once it is resolved; for an IP address nothing is resolved.
    if (isIP(host) !== 0 && !this.#hosts.allows(host, host)) throw isPrivate(where, host, host);
    return url;
  }

  #ask(url: URL, where: string, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const isSecure = url.protocol === 'https:';
      const request = (isSecure ? httpsGet : httpGet)(url, {
        agent: isSecure ? this.#https : this.#http,
        // Compressed, a small file could become one that fills the memory; images are compressed anyway.
        headers: { accept: 'image/*', 'accept-encoding': 'identity', 'user-agent': 'harrier' },
        lookup: this.#lookupFor(where),
        signal,
      });
      request.on('response', resolve);
      request.on('error', (error) => reject(signal.aborted ? signal.reason : error));
    });
  }

  /** Resolves a name to the addresses that may be connected to. */
  #lookupFor(where: string): LookupFunction {
    return (hostname, options, done) => {
      resolve(hostname, { ...options, all: true }, (error, found) => {
        if (error) {
          done(error, []);
          return;
        }
        const allowed = found.filter(({ address }) => this.#hosts.allows(hostname, address));
        if (allowed.length === 0) done(isPrivate(where, hostname, found[0]?.address ?? ''), []);
        else if (options.all) done(null, allowed);
        else done(null, allowed[0].address, allowed[0].family);
      });
    };
  }
}

async function bodyOf(answer: IncomingMessage, where: string, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = () => {
    answer.destroy();
    return new HarrierError('too-large', 'the file is too large for an image from the network', {
      where,
      expected: `at most ${maxBytes / 2 ** 20} MiB`,
      next: 'Save it to a file first.',
    });
  };
  if (Number(answer.headers['content-length']) > maxBytes) throw tooLarge();
  const parts: Uint8Array[] = [];
  let size = 0;
  // Throws where the connection ends before the whole answer came.
  for await (const part of answer as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > maxBytes) throw tooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function isPrivate(where: string, host: string, ip: string): HarrierError {
  const what = host === ip ? 'this address lies' : `${host} is ${ip}, which lies`;
  if (isMetadataAddress(ip)) {
    return refused(
      `${what} where machines keep credentials (link-local addresses and metadata services), and is never fetched`,
      where,
    );
  }
  return refused(
    `${what} on a private network`,
    where,
    undefined,
    `If it is yours, add --allow-private ${host}.`,
  );
}

function refused(summary: string, where: string, received?: string, next?: string): HarrierError {
  return new HarrierError('refused', summary, {
    where,
    ...(received !== undefined && { received }),
    ...(next !== undefined && { next }),
  });
}
