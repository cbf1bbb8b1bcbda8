import type { ImageShape } from './dataset.ts';

/**
 * The bytes that a data set's hash covers before its pixels: format, class names, shape, number of images (as one
 * line of ASCII JSON), then the labels as little-endian uint16, and of images with several labels their multi-hot rows. `Dataset.hash` is the SHA-256 of these bytes followed
 * by the pixels of every image in order, so it does not depend on where or how the images were stored.
 */
export function hashHeader(
  classNames: readonly string[],
  shape: ImageShape,
  labels: ArrayLike<number>,
  tags?: Uint8Array,
): Uint8Array {
  const description = JSON.stringify({
    format: 'harrier-dataset-1',
    classNames,
    shape: [shape.height, shape.width, shape.channels],
    size: labels.length,
  });
  const line = ascii(`${description}\n`);
  const bytes = new Uint8Array(line.length + 2 * labels.length + (tags?.length ?? 0));
  bytes.set(line);
  bytes.set(littleEndian16(labels), line.length);
  if (tags) bytes.set(tags, line.length + 2 * labels.length);
  return bytes;
}

/** Whole numbers below 65,536, two bytes each. */
export function littleEndian16(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(2 * values.length);
  for (let i = 0; i < values.length; i++) {
    bytes[2 * i] = values[i] & 0xff;
    bytes[2 * i + 1] = values[i] >>> 8;
  }
  return bytes;
}

/** Text as bytes; what is not ASCII becomes a `\uXXXX` escape, as JSON allows. */
export function ascii(text: string): Uint8Array {
  let escaped = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    escaped += code < 128 ? text[i] : `\\u${code.toString(16).padStart(4, '0')}`;
  }
  return Uint8Array.from(escaped, (character) => character.charCodeAt(0));
}
