import { HarrierError } from '../../errors.ts';
import { hostOf } from '../../platform/node/remote/public-address.ts';
import { isAddress, type RemoteImagesOptions } from '../../platform/node/remote/remote-images.ts';

/** Flags about images on the network. */
export interface RemoteFlags {
  /** Whether a list may name addresses. */
  readonly allowRemote?: boolean;
  /** Hosts on private networks. */
  readonly allowPrivate?: readonly string[];
}

/** How addresses are fetched: the hosts of those that were typed may be private. */
export function remoteOptions(
  typed: readonly string[],
  { allowPrivate = [] }: RemoteFlags,
): RemoteImagesOptions {
  const hosts = typed.filter((name) => /^https?:/i.test(name)).map(hostOf);
  return { allowPrivate, typed: [...new Set(hosts.filter((host) => host !== undefined))] };
}

/**
 * Whoever wrote a list chooses which addresses this machine asks, so the user must agree to that.
 * @throws HarrierError `bad-option` for an address without `--allow-remote`
 */
export function checkListed(
  name: string,
  list: string,
  { allowRemote }: RemoteFlags,
  platform: string = process.platform,
): string {
  // Windows logs in to the server of such a path.
  const isShare = platform === 'win32' && /^[\\/]{2}/.test(name);
  if (allowRemote || !(isAddress(name) || isShare)) return name;
  throw new HarrierError('bad-option', 'this list names addresses on the network', {
    where: list,
    received: name,
    next: 'If you trust the list, add --allow-remote.',
  });
}
