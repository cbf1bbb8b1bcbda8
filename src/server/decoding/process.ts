import { writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import sharp from 'sharp';
import { answerCalls } from '../../calls.ts';
import { HarrierError } from '../../errors.ts';
import { decodeImage } from '../../platform/node/images/decode.ts';
import { processChannel } from '../../platform/node/worker.ts';
import { megabytes } from '../body.ts';
import type { DecoderCalls } from './calls.ts';
import { openReaders } from './readers.ts';
import { bytesToDecode } from './weight.ts';

// Decodes large images, beside the server: this process can be ended in the middle of one.

const NICER_BY = 10;
const NICEST = 19;

// Ctrl-C reaches every process of a terminal. The server still answers what it has, then closes the channel.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.exit());
setPriority(Math.min(NICEST, getPriority() + NICER_BY));
try {
  // Where memory runs out all the same, Linux ends this process and not the server.
  writeFileSync('/proc/self/oom_score_adj', '1000');
} catch {
  // Another system, or no permission.
}
openReaders();

answerCalls<DecoderCalls>(processChannel(process), {
  async decode(bytes, shape, where, { maxPixels, maxBytes }) {
    // An image without a header is refused below, with its reason.
    const header = await sharp(bytes, { limitInputPixels: false })
      .metadata()
      .catch(() => undefined);
    const needed = header ? bytesToDecode(header) : 0;
    const isRefused = header !== undefined && header.width * header.height > maxPixels;
    if (!isRefused && needed > maxBytes) {
      throw new HarrierError(
        'too-large',
        'to decode this image takes more memory than the server has for it',
        {
          where,
          expected: `at most ${megabytes(maxBytes)}`,
          received: `${header!.width} × ${header!.height} pixels, which take ${megabytes(needed)}`,
          next: 'Scale it down first, or give the server more memory.',
        },
      );
    }
    return decodeImage(bytes, shape, where, maxPixels);
  },
});
