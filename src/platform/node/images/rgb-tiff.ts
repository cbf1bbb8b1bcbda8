import type { RawImage } from '../../../data/bmp.ts';

const [SHORT, LONG, UNDEFINED] = [3, 4, 7];

/** Pixels as an uncompressed TIFF with a colour profile (TIFF 6.0, §6; ICC.1, annex B). */
export function rgbTiff({ width, height, channels, data }: RawImage, profile: Uint8Array): Uint8Array {
  const bits = new Array<number>(channels).fill(8);
  // Tag, type, count, value: those of more than four bytes lie behind the directory.
  const entries = (at: { bits: number; profile: number; pixels: number }) => [
    [256, LONG, 1, width],
    [257, LONG, 1, height],
    [258, SHORT, channels, at.bits],
    [259, SHORT, 1, 1],
    [262, SHORT, 1, 2],
    [273, LONG, 1, at.pixels],
    [277, SHORT, 1, channels],
    [278, LONG, 1, height],
    [279, LONG, 1, data.length],
    // The fourth is opacity.
    ...(channels === 4 ? [[338, SHORT, 1, 2]] : []),
    [34675, UNDEFINED, profile.length, at.profile],
  ];
  const count = entries({ bits: 0, profile: 0, pixels: 0 }).length;
  const bitsAt = 8 + 2 + 12 * count + 4;
  const profileAt = bitsAt + 2 * channels;
  const pixelsAt = 2 * Math.ceil((profileAt + profile.length) / 2);
  const file = new Uint8Array(pixelsAt + data.length);
  const view = new DataView(file.buffer);
  view.setUint16(0, 0x4949);
  view.setUint16(2, 42, true);
  view.setUint32(4, 8, true);
  view.setUint16(8, count, true);
  entries({ bits: bitsAt, profile: profileAt, pixels: pixelsAt }).forEach(([tag, type, length, value], i) => {
    const at = 10 + 12 * i;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, length, true);
    view.setUint32(at + 8, value, true);
  });
  bits.forEach((each, i) => {
    view.setUint16(bitsAt + 2 * i, each, true);
  });
  file.set(profile, profileAt);
  file.set(data, pixelsAt);
  return file;
}
