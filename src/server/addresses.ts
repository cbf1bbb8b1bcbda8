import { networkInterfaces } from 'node:os';

/** Hosts that stand for all addresses of a machine: to listen on, not to open. */
const ALL = /^(0\.0\.0\.0|::|\[::\])$/;

/** Names of this machine that no other one can reach. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/;

/** Whether an address, or the name in a URL, is of this machine alone. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** The address of a server for programs of this machine. */
export function addressHere(host: string, port: number): string {
  const name = ALL.test(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

/**
 * The same address for other machines, once for each network; empty where the server listens on one address.
 *
 * @param url as it is here
 * @param host what the server listens on
 */
export function addressesElsewhere(url: string, host: string): string[] {
  if (!ALL.test(host)) return [];
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => {
      const elsewhere = new URL(url);
      elsewhere.hostname = address;
      return elsewhere.href;
    });
}
