/**
 * Windows bitmaps: 1, 4, 8, 16, 24 and 32 bits a pixel, with palettes, bit fields and run lengths, from the header of
 * OS/2 to the fifth of Windows (Microsoft, "Bitmap Storage").
 */

export interface RawImage {
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
  /** uint8 `[height, width, channels]`. */
  readonly data: Uint8Array;
}

const HEADER_SIZES: readonly number[] = [12, 40, 52, 56, 64, 108, 124];
const Compression = { None: 0, Rle8: 1, Rle4: 2, BitFields: 3, AlphaBitFields: 6 } as const;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  readonly compression: number;
  /** Where the pixels begin. */
  readonly start: number;
  readonly palette: readonly number[];
  /** Of red, green, blue and alpha. */
  readonly masks: readonly number[];
}

/** Whether the first bytes are those of a bitmap. */
export function isBmp(bytes: Uint8Array): boolean {
  return (
    bytes.length > 26 &&
    bytes[0] === 0x42 &&
    bytes[1] === 0x4d &&
    HEADER_SIZES.includes(bytes[14]) &&
    bytes[15] === 0
  );
}

/** Width and height as the header has them. */
export function bmpSize(bytes: Uint8Array): { readonly width: number; readonly height: number } {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[14] === 12) return { width: data.getUint16(18, true), height: data.getUint16(20, true) };
  return { width: Math.abs(data.getInt32(18, true)), height: Math.abs(data.getInt32(22, true)) };
}

/**
 * The pixels of a bitmap; four channels where its header says that it has transparency.
 * @throws RangeError, with a sentence for people, when it is cut off or of no known kind
 */
export function decodeBmp(bytes: Uint8Array): RawImage {
  const header = readHeader(bytes);
  const { width, height, compression } = header;
  if (width < 1 || height < 1) throw new RangeError('its size is not positive');
  const isRunLength = compression === Compression.Rle8 || compression === Compression.Rle4;
  const channels = header.masks[3] === 0 ? 3 : 4;
  const data = new Uint8Array(width * height * channels);
  if (isRunLength) fillRuns(bytes, header, data);
  else fillRows(bytes, header, data, channels);
  if (channels === 4) showUnsaid(data);
  return { width, height, channels, data };
}

/** Many programs state transparency and leave it 0 everywhere: such an image is opaque, as browsers show it. */
function showUnsaid(data: Uint8Array): void {
  for (let at = 3; at < data.length; at += 4) if (data[at] !== 0) return;
  for (let at = 3; at < data.length; at += 4) data[at] = 255;
}

function readHeader(bytes: Uint8Array): Header {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = data.getUint32(14, true);
  const start = data.getUint32(10, true);
  const isOld = size === 12;
  if (!isOld && bytes.length < 54) throw new RangeError('it ends within its header');
  const [width, signed] = isOld
    ? [data.getUint16(18, true), data.getUint16(20, true)]
    : [data.getInt32(18, true), data.getInt32(22, true)];
  const bits = data.getUint16(isOld ? 24 : 28, true);
  const compression = isOld ? 0 : data.getUint32(30, true);
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw new RangeError(`${bits} bits a pixel are not known`);
  const fits =
    compression === Compression.None ||
    (compression === Compression.Rle8 && bits === 8) ||
    (compression === Compression.Rle4 && bits === 4) ||
    ((compression === Compression.BitFields || compression === Compression.AlphaBitFields) &&
      bits >= 16 &&
      bits !== 24);
  if (!fits) throw new RangeError(`its compression (${compression} with ${bits} bits) is not known`);
  const masks = masksOf(data, size, bits, compression);
  const palette = bits <= 8 ? paletteOf(bytes, data, size, start, bits) : [];
  return { width, height: Math.abs(signed), topDown: signed < 0, bits, compression, start, palette, masks };
}

function masksOf(data: DataView, size: number, bits: number, compression: number): number[] {
  if (compression === Compression.BitFields || compression === Compression.AlphaBitFields) {
    const hasAlpha = size >= 56 || compression === Compression.AlphaBitFields;
    return [0, 1, 2, 3].map((i) => (i < 3 || hasAlpha ? data.getUint32(54 + 4 * i, true) : 0));
  }
  // Of plain 32 bits the fourth byte is not used.
  return bits === 16 ? [0x7c00, 0x03e0, 0x001f, 0] : [0xff0000, 0xff00, 0xff, 0];
}

function paletteOf(bytes: Uint8Array, data: DataView, size: number, start: number, bits: number): number[] {
  const entry = size === 12 ? 3 : 4;
  const begin = 14 + size;
  const stated = size === 12 ? 0 : data.getUint32(46, true);
  const room = Math.floor((Math.min(start, bytes.length) - begin) / entry);
  const count = Math.max(0, Math.min(stated || 2 ** bits, 2 ** bits, room));
  return Array.from({ length: count }, (_, i) => {
    const at = begin + entry * i;
    return (bytes[at + 2] << 16) | (bytes[at + 1] << 8) | bytes[at];
  });
}

function put(out: Uint8Array, at: number, color: number): void {
  out[at] = color >>> 16;
  out[at + 1] = color >>> 8;
  out[at + 2] = color;
}

/** Rows from the bottom up unless the header says otherwise, each padded to four bytes. */
function fillRows(bytes: Uint8Array, header: Header, out: Uint8Array, channels: number): void {
  const { width, height, topDown, bits, start, palette, masks } = header;
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (start + stride * (height - 1) + Math.ceil((width * bits) / 8) > bytes.length) {
    throw new RangeError('it ends too early');
  }
  const scales = masks.map(scaleOf);
  for (let y = 0; y < height; y++) {
    const row = start + stride * y;
    let at = (topDown ? y : height - 1 - y) * width * channels;
    for (let x = 0; x < width; x++, at += channels) {
      if (bits <= 8) {
        const place = row + ((x * bits) >> 3);
        const index = (bytes[place] >> (8 - bits - ((x * bits) & 7))) & (2 ** bits - 1);
        put(out, at, palette[index] ?? 0);
        continue;
      }
      const place = row + (x * bits) / 8;
      let pixel = 0;
      for (let byte = bits / 8 - 1; byte >= 0; byte--) pixel = pixel * 256 + bytes[place + byte];
      for (let channel = 0; channel < channels; channel++) {
        out[at + channel] = scales[channel] ? scales[channel](pixel) : 0;
      }
    }
  }
}

/** From the bits of a mask to 0–255. */
function scaleOf(mask: number): (pixel: number) => number {
  if (mask === 0) return () => 0;
  let shift = 0;
  while (((mask >>> shift) & 1) === 0) shift++;
  const most = mask >>> shift;
  return (pixel) => Math.round(((((pixel & mask) >>> 0) >>> shift) * 255) / most);
}

/** Run lengths: pairs of a count and a colour, or a zero and an escape: end of line, end, a jump, or literal pixels. */
function fillRuns(bytes: Uint8Array, header: Header, out: Uint8Array): void {
  const { width, height, topDown, compression, start, palette } = header;
  const isFour = compression === Compression.Rle4;
  let [x, y] = [0, 0];
  const set = (index: number) => {
    if (x < width && y < height)
      put(out, ((topDown ? y : height - 1 - y) * width + x) * 3, palette[index] ?? 0);
    x++;
  };
  const nibble = (byte: number, i: number) => (isFour ? (i % 2 === 0 ? byte >> 4 : byte & 15) : byte);
  for (let at = start; y < height; ) {
    if (at + 1 >= bytes.length) throw new RangeError('it ends too early');
    const [count, value] = [bytes[at], bytes[at + 1]];
    at += 2;
    if (count > 0) for (let i = 0; i < count; i++) set(nibble(value, i));
    else if (value === 0) [x, y] = [0, y + 1];
    else if (value === 1) return;
    else if (value === 2) {
      x += bytes[at] ?? 0;
      y += bytes[at + 1] ?? 0;
      at += 2;
    } else {
      const length = isFour ? Math.ceil(value / 2) : value;
      if (at + length > bytes.length) throw new RangeError('it ends too early');
      for (let i = 0; i < value; i++) set(nibble(bytes[at + (isFour ? i >> 1 : i)], i));
      at += length + (length % 2);
    }
  }
}
