import type { OnProgress } from '../../data/progress.ts';
import { HarrierError } from '../../errors.ts';

/**
 * Fetches a file and tells how far it is.
 *
 * @param what for people: `loading the model`
 * @param how as `fetch` takes it; aborting its `signal` is a failure of the network
 * @throws HarrierError `network` when it does not come, or not whole
 */
export async function fetchBytes(
  address: string,
  what: string,
  onProgress?: OnProgress,
  how?: RequestInit,
): Promise<ArrayBuffer> {
  const failed = (received: string, cause?: unknown): HarrierError =>
    new HarrierError('network', 'a file cannot be loaded', {
      where: address,
      received,
      next: 'Check the network and the server, then try again.',
      cause,
    });
  try {
    const response = await fetch(address, how);
    if (!response.ok || !response.body) throw failed(`status ${response.status}`);
    // The length of what is compressed on its way says nothing about what comes out; Studio's server says that too.
    const length = response.headers.has('Content-Encoding') ? 'X-Uncompressed-Length' : 'Content-Length';
    const total = Number(response.headers.get(length) ?? 0);
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let done = 0;
    const reader = response.body.getReader();
    for (;;) {
      const { done: ended, value } = await reader.read();
      if (ended) break;
      chunks.push(value);
      done += value.length;
      onProgress?.({ what, done, total, unit: 'bytes' });
    }
    return await new Blob(chunks).arrayBuffer();
  } catch (cause) {
    if (cause instanceof HarrierError) throw cause;
    throw failed(cause instanceof Error ? cause.message : String(cause), cause);
  }
}
