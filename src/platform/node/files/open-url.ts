import type { Readable } from 'node:stream';
import { npmConfiguration } from './npm-configuration.ts';

/** How an address is asked. */
export interface OpenUrlOptions {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** `follow` redirections (the default; credentials stay with the first host), or give them back: `manual`. */
  readonly redirect?: 'follow' | 'manual';
  readonly signal?: AbortSignal;
}

/** An answer of a server. */
export interface UrlAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly ok: boolean;
  readonly headers: { get(name: string): string | null };
  readonly body: Readable | null;
  text(): Promise<string>;
}

let settings: Promise<Record<string, unknown>> | undefined;

/**
 * Asks an http or https address as npm would here: through the proxy, and with the certificates, of the user's `.npmrc`
 * and environment (`HTTPS_PROXY`, `NO_PROXY`).
 *
 * @throws the library's error when the server cannot be reached
 */
export async function openUrl(url: string, options: OpenUrlOptions = {}): Promise<UrlAnswer> {
  settings ??= npmConfiguration();
  // Loaded here, since nothing but a download needs it.
  const [own, { default: fetch }] = await Promise.all([settings, import('make-fetch-happen')]);
  const { proxy, httpsProxy, noProxy, ca, cert, key, strictSSL, localAddress } = own;
  return fetch(url, {
    ...{ noProxy, ca, cert, key, strictSSL, localAddress },
    proxy: httpsProxy || proxy,
    retry: false,
    cache: 'no-store',
    ...options,
  });
}
