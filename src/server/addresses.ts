import { existsSync } from 'node:fs';
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
  const name = host === '0.0.0.0' ? '127.0.0.1' : /^\[?::\]?$/.test(host) ? '::1' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/** Networks that other machines are not in: those of containers and virtual machines on this one. */
const VIRTUAL =
  /^(docker(\d|_gwbridge)|br-[0-9a-f]{12}$|veth([0-9a-f]|we)|virbr\d|vboxnet|vmnet|cni(\d|-podman\d)|flannel|cali[0-9a-f]|podman\d|vEthernet \((WSL|Default Switch|DockerNAT|nat))/;
/** IPv4 without a network that gives addresses (RFC 3927). */
const LINK_LOCAL = /^169\.254\./;

/** Whether others come by ports of a container's host, which is not known in here. */
function isContainer(): boolean {
  return (
    process.env.KUBERNETES_SERVICE_HOST !== undefined ||
    ['/.dockerenv', '/run/.containerenv'].some((path) => existsSync(path))
  );
}

/**
 * The same address for other machines, once for each network; empty where the server listens on one address, and in a
 * container.
 *
 * @param url as it is here
 * @param host what the server listens on
 */
export function addressesElsewhere(
  url: string,
  host: string,
  { networks = networkInterfaces(), inContainer = isContainer() } = {},
): string[] {
  if (!ALL.test(host) || inContainer) return [];
  return Object.entries(networks)
    .flatMap(([name, each]) => (VIRTUAL.test(name) ? [] : (each ?? [])))
    .filter(({ internal, family, address }) => !internal && family === 'IPv4' && !LINK_LOCAL.test(address))
    .map(({ address }) => {
      const elsewhere = new URL(url);
      elsewhere.hostname = address;
      return elsewhere.href;
    });
}
