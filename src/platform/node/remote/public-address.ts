import { BlockList, isIP } from 'node:net';
import { HarrierError } from '../../../errors.ts';

/**
 * IPv4 networks that are not part of the public internet (IANA's registry of special-purpose addresses): this machine,
 * private networks, carrier-grade NAT, link-local (where clouds keep the credentials of a machine), documentation,
 * multicast, reserved. The last one is Azure's metadata service.
 */
const SPECIAL_IPV4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15'],
  ...['198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4', '168.63.129.16/32'],
];

/** The IPv6 addresses of the public internet; mapped IPv4, link-local, unique local and multicast lie outside. */
const GLOBAL_IPV6 = ['2000::/3'];
/** Networks within these that lead elsewhere: Teredo and other protocols, documentation, 6to4. */
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

/**
 * Link-local addresses and the metadata services of clouds: no images are there, but often the credentials of a machine.
 * Then the IPv6 addresses that translate 169.254.0.0/16 (NAT64, 6to4, IPv4-compatible).
 */
const METADATA = [
  ...['169.254.0.0/16', '168.63.129.16/32', '100.100.100.200/32', '192.0.0.192/32'],
  ...['fe80::/10', 'fd00:ec2::/32', 'fd20:ce::254/128', 'fd00:c1::a9fe:a9fe/128'],
  ...['64:ff9b::a9fe:0/112', '2002:a9fe::/32', '::a9fe:0/112'],
];

const metadata = networks(METADATA);
const specialIpv4 = networks(SPECIAL_IPV4);
const globalIpv6 = networks(GLOBAL_IPV6);
const specialIpv6 = networks(SPECIAL_IPV6);

/** Whether an IP address belongs to the public internet, and not to this machine or a network around it. */
export function isPublicAddress(ip: string): boolean {
  const family = isIP(ip);
  if (family === 4) return !specialIpv4.check(ip, 'ipv4');
  return family === 6 && globalIpv6.check(ip, 'ipv6') && !specialIpv6.check(ip, 'ipv6');
}

/** Whether an IP address is link-local or a cloud's metadata service: no option opens these. */
export function isMetadataAddress(ip: string): boolean {
  const family = isIP(ip);
  return family !== 0 && metadata.check(ip, family === 4 ? 'ipv4' : 'ipv6');
}

/** Hosts that may lie on a private network. */
export class AllowedHosts {
  readonly #names = new Set<string>();
  readonly #typed: ReadonlySet<string>;
  readonly #addresses = new BlockList();

  /**
   * @param hosts names, IP addresses, or networks such as `10.1.0.0/16`
   * @param typed hosts of addresses that the user typed: they may lie on any private network
   * @throws HarrierError `bad-option` for what is none of these, or where no option leads
   */
  constructor(hosts: readonly string[], typed: readonly string[] = []) {
    this.#typed = new Set(typed.map(plainName));
    for (const host of hosts) this.#add(host);
  }

  /** Whether a connection may be opened. @param ip the address that the host stands for */
  allows(host: string, ip: string): boolean {
    // Neither a name nor a network that is allowed leads there.
    if (isMetadataAddress(ip)) return false;
    const name = plainName(host);
    if (isPublicAddress(ip) || this.#names.has(name) || this.#typed.has(name)) return true;
    return this.#addresses.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4');
  }

  #add(host: string): void {
    const [ip, bits, ...rest] = host.split('/');
    const family = isIP(ip);
    if (bits !== undefined && family !== 0 && /^\d{1,3}$/.test(bits) && rest.length === 0) {
      if (Number(bits) <= (family === 4 ? 32 : 128)) {
        this.#addresses.addSubnet(ip, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
        return;
      }
    }
    const name = hostOf(family === 6 ? `http://[${host}]` : `http://${host}`);
    if (bits !== undefined || name === undefined || /[\s@?#]/.test(host)) {
      throw new HarrierError('bad-option', 'this is no host', {
        where: '--allow-private',
        expected: 'a name, an IP address, or a network such as 10.1.0.0/16',
        received: host,
      });
    }
    const literal = isIP(name);
    if (isMetadataAddress(name)) {
      throw new HarrierError(
        'bad-option',
        'link-local addresses and metadata services of clouds are never fetched',
        {
          where: `--allow-private ${host}`,
          next: 'Leave it out. Save images from there to files.',
        },
      );
    }
    if (literal === 0) this.#names.add(name);
    else this.#addresses.addAddress(name, literal === 4 ? 'ipv4' : 'ipv6');
  }
}

/** The host of an address: a name, or an IP address without brackets. Undefined where there is none. */
export function hostOf(address: string): string | undefined {
  return URL.canParse(address) ? plainName(new URL(address).hostname) || undefined : undefined;
}

function plainName(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function networks(list: readonly string[]): BlockList {
  const found = new BlockList();
  for (const network of list) {
    const [ip, bits] = network.split('/');
    found.addSubnet(ip, Number(bits), isIP(ip) === 4 ? 'ipv4' : 'ipv6');
  }
  return found;
}
