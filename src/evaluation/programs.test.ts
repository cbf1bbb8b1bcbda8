import { expect, it } from 'vitest';
import { browserPage, nodeProgram, pythonProgram } from './programs.ts';

const options = (resize: 'stretch' | 'pad') => ({
  classNames: ['ant', 'bee'],
  imageShape: {
    height: 32,
    width: 32,
    channels: 3,
    preprocessing: { resize, cropFraction: 1, interpolation: 'bilinear' as const },
  },
});

it('the page pads with black, and lays transparent parts of the photo on white', () => {
  const lines = browserPage(options('pad'))
    .split('\n')
    .map((line) => line.trim());
  const drawn: string[] = [];
  const canvas = {
    fillStyle: '',
    fillRect: (...place: number[]) => drawn.push(`${canvas.fillStyle} ${place}`),
    drawImage: (_: unknown, ...place: number[]) => drawn.push(`photo ${place}`),
  };
  const first = lines.findIndex((line) => line.startsWith('Object.assign(canvas'));
  const last = lines.findIndex((line) => line.startsWith('canvas.drawImage'));
  new Function('canvas', 'photo', lines.slice(first, last + 1).join('\n'))(canvas, {
    width: 300,
    height: 100,
  });
  expect(drawn).toEqual(['black 0,0,32,32', 'white 0,10,32,11', 'photo 0,10,32,11']);
});

it('programs bring photos to sRGB on white before they scale them', () => {
  const python = pythonProgram(options('stretch'));
  const order = ['exif_transpose', 'I;16', 'profileToProfile', 'alpha_composite', 'photo.resize'];
  const places = order.map((word) => python.indexOf(word));
  expect(places.every((place, i) => place > (places[i - 1] ?? 0))).toBe(true);
  expect(nodeProgram(options('stretch'))).toMatch(/flatten\(\{ background: 'white' \}\).*srgb/);
});
