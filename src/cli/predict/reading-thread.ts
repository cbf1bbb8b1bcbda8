import { workerData } from 'node:worker_threads';
import { answerCalls, Moved } from '../../calls.ts';
import { decodeImage } from '../../platform/node/images/decode.ts';
import { RemoteImages } from '../../platform/node/remote/remote-images.ts';
import { Slots } from '../../platform/node/slots.ts';
import { parentChannel } from '../../platform/node/worker.ts';
import { readInput } from './input.ts';
import type { ReadingCalls, ReadingSetup } from './reading.ts';

// Reads images for a model: files and addresses to pixels.

/** Images that are decoded at a time: each lies in memory in its full size. */
const DECODED_AT_ONCE = 4;

const { shape, remote } = workerData as ReadingSetup;
const images = new RemoteImages(remote);
const decoding = new Slots(DECODED_AT_ONCE);
const ended = new AbortController();
const underWay = new Set<Promise<Uint8Array>>();

async function pixelsOf(name: string): Promise<Uint8Array> {
  const bytes = await readInput(name, images, ended.signal);
  return decoding.run(async () => {
    ended.signal.throwIfAborted();
    return decodeImage(bytes, shape, name);
  });
}

answerCalls<ReadingCalls>(parentChannel(), {
  async read(name) {
    const work = pixelsOf(name);
    underWay.add(work);
    const pixels = await work.finally(() => underWay.delete(work));
    const own = pixels.byteLength === pixels.buffer.byteLength ? pixels : pixels.slice();
    return new Moved(own, [own.buffer as ArrayBuffer]);
  },
  async end() {
    ended.abort(new Error('ended'));
    await Promise.allSettled(underWay);
    await images.close();
  },
});
