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

answerCalls<ReadingCalls>(parentChannel(), {
  async read(name) {
    const bytes = await readInput(name, images);
    const pixels = await decoding.run(() => decodeImage(bytes, shape, name));
    const own = pixels.byteLength === pixels.buffer.byteLength ? pixels : pixels.slice();
    return new Moved(own, [own.buffer as ArrayBuffer]);
  },
});
