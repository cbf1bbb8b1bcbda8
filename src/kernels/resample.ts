import { FunctionBody, wasmModule } from './wasm-encoder.ts';

/**
 * Fractional bits of the weights that images are scaled with: 255 times their sum fits into 31 bits, also where a
 * kernel overshoots.
 */
export const WEIGHT_BITS = 22;

/** Bytes of one place's entry in the table of {@link RunResampleRow}. */
const ENTRY = 8;
/** Bytes of a weight. */
const WEIGHT = 4;
/** Bytes of a vector. */
const VECTOR = 16;

/**
 * Scales a row of pixels: each of `places` becomes a weighted sum of pixels that follow one another.
 *
 * @param places of the new row, at least 1
 * @param table for each place two i32: how many bytes after `pixels` its first pixel stands, and how many pixels count
 * @param weights i32, in units of 2^−22; those of a place stand `stride` bytes after those of the place before
 * @param pixels uint8, the row, with a byte of room after it; `channels` (3 or 4) bytes a pixel
 * @param out uint8, three bytes a place, with a byte of room after them
 */
export type RunResampleRow = (
  places: number,
  table: number,
  weights: number,
  stride: number,
  pixels: number,
  channels: number,
  out: number,
) => void;

/** A WebAssembly module that imports `env.memory` and exports `run`, a {@link RunResampleRow}. */
export function emitWasmResampleRow(): Uint8Array<ArrayBuffer> {
  const body = new FunctionBody(['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32']);
  const [places, table, weights, stride, pixels, channels, out] = [0, 1, 2, 3, 4, 5, 6];
  const sum = body.local('v128');
  const [pixel, weight, count] = [body.local('i32'), body.local('i32'), body.local('i32')];
  body.repeat(places, () => {
    startSum(body, sum);
    body.get(pixels);
    body.get(table);
    body.loadI32(0);
    body.op('i32Add');
    body.set(pixel);
    body.get(table);
    body.loadI32(4);
    body.set(count);
    body.get(weights);
    body.set(weight);
    body.repeat(count, () => {
      body.get(sum);
      body.get(pixel);
      body.memory('load32Zero');
      body.vector('i16x8ExtendLowUnsigned');
      body.vector('i32x4ExtendLowUnsigned');
      body.get(weight);
      body.memory('load32Splat');
      body.vector('i32x4Multiply');
      body.vector('i32x4Add');
      body.set(sum);
      body.advanceBy(pixel, channels);
      body.advance(weight, WEIGHT);
    });
    body.get(out);
    rounded(body, sum);
    for (const narrow of ['i16x8NarrowSigned', 'i8x16NarrowUnsigned'] as const) {
      body.get(sum);
      body.get(sum);
      body.vector(narrow);
      body.set(sum);
    }
    body.get(sum);
    body.memory('store32Lane');
    body.advance(table, ENTRY);
    body.advanceBy(weights, stride);
    body.advance(out, 3);
  });
  return wasmModule(body);
}

/**
 * A weighted sum of rows that follow one another.
 *
 * @param vectors of 16 bytes in a row, at least 1
 * @param rows uint8, the first of them; each stands `pitch` bytes after the one before
 * @param count of rows
 * @param weights i32, one a row, in units of 2^−22
 * @param out uint8, as long as a row
 */
export type RunResampleColumns = (
  vectors: number,
  rows: number,
  pitch: number,
  count: number,
  weights: number,
  out: number,
) => void;

/** A WebAssembly module that imports `env.memory` and exports `run`, a {@link RunResampleColumns}. */
export function emitWasmResampleColumns(): Uint8Array<ArrayBuffer> {
  const body = new FunctionBody(['i32', 'i32', 'i32', 'i32', 'i32', 'i32']);
  const [vectors, rows, pitch, count, weights, out] = [0, 1, 2, 3, 4, 5];
  const sums = Array.from({ length: 4 }, () => body.local('v128'));
  const [bytes, low, high, factor] = Array.from({ length: 4 }, () => body.local('v128'));
  const [row, weight, left] = [body.local('i32'), body.local('i32'), body.local('i32')];
  body.repeat(vectors, () => {
    for (const sum of sums) startSum(body, sum);
    const copies = [
      [rows, row],
      [weights, weight],
      [count, left],
    ] as const;
    for (const [from, to] of copies) {
      body.get(from);
      body.set(to);
    }
    body.repeat(left, () => {
      body.get(row);
      body.memory('load');
      body.tee(bytes);
      body.vector('i16x8ExtendLowUnsigned');
      body.set(low);
      body.get(bytes);
      body.vector('i16x8ExtendHighUnsigned');
      body.set(high);
      body.get(weight);
      body.memory('load32Splat');
      body.set(factor);
      for (const [i, sum] of sums.entries()) {
        body.get(sum);
        body.get(i < 2 ? low : high);
        body.vector(i % 2 === 0 ? 'i32x4ExtendLowUnsigned' : 'i32x4ExtendHighUnsigned');
        body.get(factor);
        body.vector('i32x4Multiply');
        body.vector('i32x4Add');
        body.set(sum);
      }
      body.advanceBy(row, pitch);
      body.advance(weight, WEIGHT);
    });
    body.get(out);
    for (const sum of sums) rounded(body, sum);
    for (const [a, b] of [[0, 1] as const, [2, 3] as const]) {
      body.get(sums[a]);
      body.get(sums[b]);
      body.vector('i16x8NarrowSigned');
    }
    body.vector('i8x16NarrowUnsigned');
    body.memory('store');
    body.advance(rows, VECTOR);
    body.advance(out, VECTOR);
  });
  return wasmModule(body);
}

/** Half a unit, so that what is cut off afterwards is rounded. */
function startSum(body: FunctionBody, sum: number): void {
  body.i32(1 << (WEIGHT_BITS - 1));
  body.vector('i32x4Splat');
  body.set(sum);
}

/** Sums without their fractional bits. */
function rounded(body: FunctionBody, sum: number): void {
  body.get(sum);
  body.i32(WEIGHT_BITS);
  body.vector('i32x4ShiftRight');
  body.set(sum);
}
