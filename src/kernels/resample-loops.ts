import { type RunResampleColumns, type RunResampleRow, WEIGHT_BITS } from './resample.ts';

const VECTOR = 16;
const HALF = 1 << (WEIGHT_BITS - 1);

/**
 * What the WebAssembly of `resample.ts` does, byte for byte, in JavaScript: for places that let no program be made while
 * they run, such as Cloudflare's workers.
 */
export function resampleLoops(memory: { readonly buffer: ArrayBufferLike }): {
  readonly scaleRow: RunResampleRow;
  readonly sumRows: RunResampleColumns;
} {
  return {
    scaleRow(places, table, weights, stride, pixels, channels, out) {
      const [bytes, words] = [new Uint8Array(memory.buffer), new Int32Array(memory.buffer)];
      for (let place = 0; place < places; place++) {
        const entry = table / 4 + 2 * place;
        const [first, count] = [pixels + words[entry], words[entry + 1]];
        const factors = (weights + place * stride) / 4;
        for (let c = 0; c < 3; c++) {
          let sum = HALF;
          for (let i = 0; i < count; i++) sum += bytes[first + i * channels + c] * words[factors + i];
          bytes[out + 3 * place + c] = toByte(sum);
        }
      }
    },
    sumRows(vectors, rows, pitch, count, weights, out) {
      const [bytes, words] = [new Uint8Array(memory.buffer), new Int32Array(memory.buffer)];
      const factors = weights / 4;
      for (let x = 0; x < vectors * VECTOR; x++) {
        let sum = HALF;
        for (let i = 0; i < count; i++) sum += bytes[rows + i * pitch + x] * words[factors + i];
        bytes[out + x] = toByte(sum);
      }
    },
  };
}

/** Without its fractional bits, and within a byte. */
function toByte(sum: number): number {
  return Math.max(0, Math.min(255, sum >> WEIGHT_BITS));
}
