import { HarrierError } from '../../../errors.ts';

/** An image from the network may have up to so many bytes. */
const MAX_BYTES = 64 * 2 ** 20;
const TIMEOUT_MS = 30_000;

/** Whether a name is an address on the network. */
export function isAddress(name: string): boolean {
  return /^https?:\/\//i.test(name);
}

/**
 * The bytes behind an http or https address.
 *
 * @throws HarrierError `network` when it cannot be reached, answers with an error or takes more than half a minute;
 * `bad-data` when it is larger than 64 MiB
 */
export async function fetchImage(address: string): Promise<Uint8Array> {
  try {
    const answer = await fetch(address, {
      headers: { accept: 'image/*' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!answer.ok) {
      throw new HarrierError('network', `the server answered ${answer.status} ${answer.statusText}`.trim(), {
        where: address,
        expected: 'an image',
        next: 'Check the address.',
      });
    }
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of answer.body ?? []) {
      size += part.length;
      if (size > MAX_BYTES) throw tooLarge(address);
      parts.push(part);
    }
    return Buffer.concat(parts);
  } catch (error) {
    if (error instanceof HarrierError) throw error;
    throw new HarrierError('network', `it cannot be fetched (${reasonOf(error)})`, {
      where: address,
      next: 'Check the address and the network, or save the image to a file.',
      cause: error,
    });
  }
}

function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error;
  if (name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} seconds`;
  return cause instanceof Error ? cause.message : message;
}

function tooLarge(address: string): HarrierError {
  return new HarrierError('bad-data', 'the file is too large for an image from the network', {
    where: address,
    expected: `at most ${MAX_BYTES / 2 ** 20} MiB`,
    next: 'Save it to a file first.',
  });
}
