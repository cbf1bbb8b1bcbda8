import type { ImageInput } from '../data/dataset.ts';
import { placementOf } from '../data/placement.ts';
import { isStretched, STRETCHED } from '../data/preprocessing.ts';
import { type ImageSize, type Scaler, scaler } from '../data/scaling.ts';
import { type Taps, tapsOf } from '../data/taps.ts';
import {
  emitWasmResampleColumns,
  emitWasmResampleRow,
  type RunResampleColumns,
  type RunResampleRow,
  resampleLoops,
  WEIGHT_BITS,
} from '../kernels/index.ts';

const PAGE = 65_536;
const VECTOR = 16;
/** Bytes of scaled rows that are summed up at once; of more, one strip of columns after another. */
const AT_ONCE = 2 ** 22;

/**
 * Brings an image, row by row, to the size of a model in the way that the shape says, with the pixels that Pillow makes,
 * which the models of PyTorch were trained with. Every new pixel is a weighted mean of the pixels that its kernel
 * covers, with weights in fixed point; rows come first, rounded to bytes, then columns. (What the shape says nothing of
 * is `scaler`'s, which does as libvips does.)
 *
 * @param channels bytes a pixel in the rows that are added; a fourth is left out
 */
export function resizer(from: ImageSize, to: ImageInput, channels: 3 | 4): Scaler {
  const { preprocessing = STRETCHED } = to;
  const { across, down } = placementOf(from, to, preprocessing);
  const columns = tapsOf(from.width, to.width, across, preprocessing.interpolation, WEIGHT_BITS);
  const rows = tapsOf(from.height, to.height, down, preprocessing.interpolation, WEIGHT_BITS);
  const row = (columns.end - columns.start) * 3;
  const shrunk = new Uint8Array((rows.high - rows.low) * row);
  const bytes = from.width * channels;
  let y = 0;
  return {
    add(pixels) {
      const count = pixels.length / bytes;
      const begin = Math.max(0, rows.low - y);
      const end = Math.min(count, rows.high - y);
      if (begin < end) {
        const used = pixels.subarray(begin * bytes, end * bytes);
        const target = shrunk.subarray((y + begin - rows.low) * row);
        scaleRows(used, bytes, channels, columns, target, row);
      }
      y += count;
    },
    finish() {
      const out = new Uint8Array(to.height * to.width * 3);
      const target = out.subarray((rows.start * to.width + columns.start) * 3);
      scaleColumns(shrunk, row, rows, target, to.width * 3);
      return out;
    },
  };
}

/** Brings an image, in rows of four bytes a pixel, to the size of a model in the way that the shape says. */
export function scalerFor(from: ImageSize, to: ImageInput): Scaler {
  const { preprocessing = STRETCHED } = to;
  return isStretched(preprocessing) ? scaler(from, to) : resizer(from, to, 4);
}

/** Every row by itself, `row` bytes each afterwards. */
function scaleRows(
  pixels: Uint8Array | Uint8ClampedArray,
  bytes: number,
  channels: number,
  { first, count, weights, stride }: Taps,
  out: Uint8Array,
  row: number,
): void {
  const table = new Int32Array(2 * first.length);
  for (let i = 0; i < first.length; i++) table.set([first[i] * channels, count[i]], 2 * i);
  const at = placed([table.byteLength, weights.byteLength, bytes + VECTOR, row + VECTOR]);
  const { memory, scaleRow } = machine(at.end);
  const [tableAt, weightsAt, pixelsAt, outAt] = at.places;
  new Int32Array(memory.buffer, tableAt).set(table);
  new Int32Array(memory.buffer, weightsAt).set(weights);
  const room = new Uint8Array(memory.buffer);
  for (let start = 0, to = 0; start < pixels.length; start += bytes, to += row) {
    room.set(pixels.subarray(start, start + bytes), pixelsAt);
    scaleRow(first.length, tableAt, weightsAt, 4 * stride, pixelsAt, channels, outAt);
    out.set(room.subarray(outAt, outAt + row), to);
  }
}

/** @param pitch bytes from one row of `out` to the next */
function scaleColumns(
  shrunk: Uint8Array,
  row: number,
  { first, count, weights, stride, low, high }: Taps,
  out: Uint8Array,
  pitch: number,
): void {
  const most = Math.max(VECTOR, VECTOR * Math.floor(AT_ONCE / (high - low) / VECTOR));
  for (let start = 0; start < row; start += most) {
    const width = Math.min(most, row - start);
    const vectors = Math.ceil(width / VECTOR);
    const wide = vectors * VECTOR;
    const at = placed([weights.byteLength, (high - low) * wide, wide]);
    const { memory, sumRows } = machine(at.end);
    const [weightsAt, rowsAt, outAt] = at.places;
    new Int32Array(memory.buffer, weightsAt).set(weights);
    const room = new Uint8Array(memory.buffer);
    for (let y = 0; y < high - low; y++) {
      room.set(shrunk.subarray(y * row + start, y * row + start + width), rowsAt + y * wide);
    }
    for (let place = 0; place < first.length; place++) {
      const begin = rowsAt + (first[place] - low) * wide;
      sumRows(vectors, begin, wide, count[place], weightsAt + 4 * stride * place, outAt);
      out.set(room.subarray(outAt, outAt + width), place * pitch + start);
    }
  }
}

/** Where pieces of memory lie one after another, each at a multiple of 16. */
function placed(bytes: readonly number[]): { readonly places: readonly number[]; readonly end: number } {
  const places: number[] = [];
  let end = 0;
  for (const size of bytes) {
    places.push(end);
    end += VECTOR * Math.ceil(size / VECTOR);
  }
  return { places, end };
}

interface Machine {
  readonly memory: WebAssembly.Memory;
  readonly scaleRow: RunResampleRow;
  readonly sumRows: RunResampleColumns;
}

let made: Machine | undefined;

/** The loops, and one memory for all images: each call fills it anew. */
function machine(bytes: number): Machine {
  made ??= makeMachine();
  const { memory } = made;
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  return made;
}

function makeMachine(): Machine {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const run = (module: Uint8Array<ArrayBuffer>) =>
    new WebAssembly.Instance(new WebAssembly.Module(module), { env: { memory } }).exports.run as never;
  try {
    return { memory, scaleRow: run(emitWasmResampleRow()), sumRows: run(emitWasmResampleColumns()) };
  } catch (error) {
    // Some places, such as Cloudflare's workers, let no program be made while they run.
    if (!(error instanceof WebAssembly.CompileError)) throw error;
    return { memory, ...resampleLoops(memory) };
  }
}
