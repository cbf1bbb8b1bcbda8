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

it('programs say so where a model calls an image unknown', async () => {
  const said = async (unknown: number) => {
    const page = browserPage({ ...options('stretch'), tellsUnknown: true });
    const from = page.indexOf('  const { probabilities');
    const output = { value: '' };
    const run = new Function(
      ...['session', 'image', 'classes', 'document'],
      `return (async () => {${page.slice(from, page.indexOf('\n};', from))}})();`,
    );
    const session = {
      run: async () => ({ probabilities: { data: [0.2, 0.8] }, unknown: { data: [unknown] } }),
    };
    await run(session, {}, ['ant', 'bee'], { querySelector: () => output });
    return output.value;
  };
  expect([await said(0.5), await said(0.6)]).toEqual(['bee 0.8', 'none of the classes']);
  for (const program of [nodeProgram, pythonProgram, browserPage]) {
    expect(program(options('stretch'))).not.toContain('unknown');
  }
  expect(pythonProgram({ ...options('stretch'), tellsUnknown: true })).toMatch(
    /^probabilities, unknown = session\.run\(\["probabilities", "unknown"\], .*\)\nbest = .*\nif unknown\[0\] > 0\.5:\n {4}print\("none of the classes"\)\nelse:\n {4}print\(classes\[best\], probabilities\[0\]\[best\]\)$/m,
  );
});
